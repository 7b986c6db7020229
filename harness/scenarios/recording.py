"""Where the conversations of a scenario are recorded, reading them back, and errors that were recorded.

Not here: the form of a recording (timeline/archive.py), judging one again (recorded.py).
"""

import re
import uuid
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from pathlib import Path

import harness
from harness import errors
from harness.errors import HarnessError, StreamInterrupted
from harness.scenarios.privacy import Secrets
from harness.timeline.archive import SUFFIX, Failure, Header, Met, Recording, RecordingWriter, read_recording
from harness.timeline.redaction import Redactor
from harness.user.persona import Persona, persona

_LONGEST = 80


class Recordings:
    """The recordings of one run of one scenario, a file a conversation.

    Args:
        folder: Where to; made when the first conversation begins.
        scenario: The scenario's id.
        strict: What the run was told of strictness; None if nothing.
    """

    def __init__(self, folder: Path, scenario: str, *, strict: bool | None = None) -> None:
        self._folder, self._scenario, self._strict = folder, scenario, strict
        self._run = uuid.uuid4().hex
        self._attempt = 1
        self._begun = 0

    def again(self) -> "Recordings":
        """The recordings of the same run's next attempt; only the last attempt is judged."""
        after = Recordings(self._folder, self._scenario, strict=self._strict)
        after._run, after._attempt = self._run, self._attempt + 1
        return after

    def begin(
        self,
        somebody: Persona,
        redactor: Callable[[], Redactor] | None = None,
        *,
        conversation: str,
        name: str,
        target: str,
        deployment: str,
        within: float,
        opened_at: float,
    ) -> RecordingWriter:
        """Begin the recording of somebody's next conversation; the other arguments are those of `Header`.

        Raises:
            HarnessError: It can't be written.
        """
        self._begun += 1
        header = Header(
            harness=harness.__version__,
            scenario=self._scenario,
            run=self._run,
            attempt=self._attempt,
            index=self._begun,
            conversation=conversation,
            name=name,
            target=target,
            deployment=deployment,
            within=within,
            strict=self._strict,
            opened_at=opened_at,
            seed=somebody.seed,
            locale=somebody.locale,
        )
        redactor = redactor or (lambda: Secrets(somebody).redactor)
        if self._begun == 1:
            self._folder.mkdir(parents=True, exist_ok=True)
        safe = _safe(self._scenario)
        for again in count(1):
            path = self._folder / f"{safe}-{self._begun}{'' if again == 1 else f'.{again}'}{SUFFIX}"
            try:
                return RecordingWriter(path, header, redactor)
            except FileExistsError:
                continue
        raise AssertionError  # pragma: no cover - there is always another number


def _safe(scenario: str) -> str:
    """A file name that says which scenario, and that no other scenario has."""
    file, _, test = scenario.partition("::")
    words = re.sub(r"[^A-Za-z0-9]+", "-", f"{Path(file).stem}-{test}").strip("-")[:_LONGEST]
    return f"{words}-{sha256(scenario.encode()).hexdigest()[:8]}"


def read(path: Path, lead: Persona | None = None, secrets: Secrets | None = None) -> Recording:
    """Read a recording, with its people made up again.

    Args:
        path: The file.
        lead: The scenario's customer, who may not be as they would be made up.
        secrets: What else is known of the scenario; what the environment says if not given.

    Raises:
        RecordingUnreadable: As `read_recording` does.
    """

    def redactor(header: Header, *met: Met) -> Redactor:
        def made_up(one: Header | Met) -> Persona:
            return lead if lead and one.seed == lead.seed else persona(one.seed, locale=one.locale)

        people = {"": made_up(header), **{one.name: made_up(one) for one in met}}
        return (secrets or Secrets(people[""])).redactor_of(tuple(people.items()))

    return read_recording(path, redactor)


def recordings_in(folder: Path) -> list[Path]:
    """The recordings in a folder and the folders in it, by name."""
    return sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file())


def failure_of(error: BaseException | None) -> Failure | None:
    """An error as it is recorded."""
    if error is None:
        return None
    facts = {name: fact for name, fact in vars(error).items() if fact is None or isinstance(fact, str | int | float)}
    notes = tuple(getattr(error, "__notes__", ()))
    return Failure(type=type(error).__name__, words=str(error), facts=facts, notes=notes)


def revived(failure: Failure) -> HarnessError:
    """A recorded error, to be raised once more; what was no error of the harness becomes one."""
    cls = getattr(errors, failure.type, None)
    if not (isinstance(cls, type) and issubclass(cls, HarnessError)):
        return HarnessError(f"here the recorded run was stopped: {failure.words or failure.type}")
    error = cls.__new__(cls, failure.words)
    vars(error).update(failure.facts)
    for note in failure.notes:
        error.add_note(note)
    if isinstance(error, StreamInterrupted):
        error.unfinished = b""  # not kept: bytes can't be searched for what is private
    return error
