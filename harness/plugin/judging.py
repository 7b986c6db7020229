"""Which scenario judges which recording: the pytest side of `--judge`.

Here: reading recordings, matching them with collected tests. Not here: judging (scenarios/recorded.py).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

import pytest

from harness.client.target import Target
from harness.errors import HarnessError
from harness.scenarios.recording import read, recordings_in
from harness.settings import ORG_ID
from harness.timeline.archive import SUFFIX, Recording

FIXTURE = "_recorded"
"""The fixture that hands a run to `customer`; pytest parametrizes it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run of one scenario.

    Attributes:
        recordings: Its conversations.
        label: What it is called in a test's id.
        asked_for: Whether it was named itself, and did not merely lie in a folder that was.
    """

    recordings: tuple[Recording, ...]
    label: str
    asked_for: bool

    @property
    def scenario(self) -> str:
        """The node id of its scenario when it was recorded."""
        return self.recordings[0].header.scenario

    @property
    def target(self) -> Target:
        """A target of the recorded name; nobody answers there."""
        header = self.recordings[0].header
        return Target(
            name=header.target,
            url="http://recording.invalid",
            org_id=ORG_ID,
            deployment=header.deployment,
            within=header.within,
        )


def runs_of(paths: Iterable[str]) -> list[Run]:
    """Read recordings, and sort them by the runs they are of.

    Args:
        paths: Files, and folders of them.

    Raises:
        pytest.UsageError: One can't be read, or a folder holds none.
    """
    files: dict[Path, bool] = {}
    for path in map(Path, paths):
        found = recordings_in(path) if path.is_dir() else [path]
        if not found:
            raise pytest.UsageError(f"there is no recording in {path}; `harness run` leaves them in recordings/")
        for file in found:
            files[file] = files.get(file, False) or not path.is_dir()
    by_run: dict[str, list[Recording]] = {}
    try:
        for file in files:
            recording = read(file)
            by_run.setdefault(recording.header.run, []).append(recording)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    runs, labels = [], set[str]()
    for attempts in by_run.values():
        last = max(recording.header.attempt for recording in attempts)
        recordings = [recording for recording in attempts if recording.header.attempt == last]
        recordings.sort(key=lambda recording: recording.header.index)
        label = _label(recordings[0].path, labels)
        labels.add(label)
        runs.append(Run(tuple(recordings), label, any(files[recording.path] for recording in recordings)))
    return runs


def _label(path: Path, taken: set[str]) -> str:
    name = path.name.removesuffix(SUFFIX)
    ours = re.search(r"-([0-9a-f]{8}-\d+(\.\d+)?)$", name)  # the rest of the name is that of the test anyway
    label = ours[1] if ours else re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    return label if label not in taken else next(new for n in count(2) if (new := f"{label}~{n}") not in taken)


def _test(node: str) -> str:
    """A node id without its file."""
    return node.partition("::")[2]


def of_function(runs: list[Run], function: str) -> list[Run]:
    """The runs of a test function, whatever its parameters were.

    Args:
        runs: All runs.
        function: The function's node id.
    """
    return [run for run in runs if _test(run.scenario) == _test(function) or _is_variant(run, function)]


def judged_from(run: Run, scenario: str) -> bool:
    """Whether a run is of a scenario file's test, given the test's node id; its file may have moved."""
    return _test(run.scenario) == _test(scenario)


def _is_variant(run: Run, function: str) -> bool:
    return _test(run.scenario).startswith(f"{_test(function)}[")


def chosen(items: Sequence[pytest.Item], runs: Sequence[Run]) -> tuple[list[pytest.Item], list[Run]]:
    """The tests that judge recordings, each with its run.

    Returns:
        The tests to keep, and the runs that none of them judges.

    Raises:
        pytest.UsageError: A recording that was asked for has no test, or several.
    """
    candidates: dict[str, list[tuple[int, pytest.Item]]] = {run.label: [] for run in runs}
    for item in items:
        run = run_of(item)
        if run is not None and _test(scenario := _without_run(item.nodeid, run)) == _test(run.scenario):
            candidates[run.label].append((_distance(scenario, run.scenario), item))
    kept, left = set[pytest.Item](), []
    for run in runs:
        nearest = min((distance for distance, _ in candidates[run.label]), default=0)
        near = [item for distance, item in candidates[run.label] if distance == nearest]
        if len(near) > 1:
            told = " or ".join(_without_run(item.nodeid, run) for item in near)
            raise pytest.UsageError(f"{_told(run)}, which could be {told}; name one of them")
        if not near and run.asked_for:
            raise pytest.UsageError(
                f"{_told(run)}, which is not among the scenarios here; name its file with --with, or run the scenario "
                "again if it was renamed"
            )
        kept.update(near)
        left += [] if near else [run]
    return [item for item in items if item in kept], left


def _told(run: Run) -> str:
    return f"{run.recordings[0].path} is a recording of {run.scenario}"


def run_of(item: pytest.Item) -> Run | None:
    """The run that a test judges; None where it holds conversations."""
    callspec = getattr(item, "callspec", None)
    run = callspec.params.get(FIXTURE) if callspec else getattr(item, "run", None)
    return run if isinstance(run, Run) else None


def _without_run(node: str, run: Run) -> str:
    """The node id as it was before the run became a parameter, which is the last one."""
    alone, last = f"[{run.label}]", f"-{run.label}]"
    return node.removesuffix(alone) if node.endswith(alone) else f"{node.removesuffix(last)}]"


def _distance(node: str, recorded: str) -> int:
    """How far the file of a test is from the one it was recorded from: the same, moved as a whole, renamed folders."""
    here, there = (PurePosixPath(one.partition("::")[0]).parts for one in (node, recorded))
    shared = min(len(here), len(there))
    if here == there:
        return 0
    if here[-shared:] == there[-shared:]:
        return 1
    return 2 if here[-1:] == there[-1:] else 3
