"""`harness nightly`: a night is run, kept, judged, and its suspects run again.

Not here: what is said of a night (reporting/nightly/), how it is shown (showing.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from harness.cli.latency import TOLD
from harness.cli.run import NOTHING_RAN, finish, run_pytest, run_suites
from harness.cli.showing import night_lines
from harness.metrics.regression import Word
from harness.reporting.nightly.baselines import baseline, pinned
from harness.reporting.nightly.judging import changes, chosen_again, judge, judge_again
from harness.reporting.nightly.values import NightVerdict
from harness.reporting.nightly.verdicts import keep
from harness.reporting.store.history import WHOLE
from harness.reporting.store.place import StoreUnusable
from harness.reporting.store.store import Store
from harness.reporting.store.values import Kind, Told
from harness.settings import ALLOW_PRODUCTION

SLOWER = 6
"""Exit code where all held, but something is slower or over its budget."""
NOT_JUDGED = 7
"""Exit code where all held, but nothing could be said of the night."""
_INTERRUPTED = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What a night is asked to be.

    Attributes:
        arguments: Paths, and options for pytest.
        target: For `--target`.
        allow_production: Whether the target may be in production.
        repeat: How often each scenario file is played.
        again: Whether suspects are played again.
        baseline: Number of the baseline to compare with; the pinned one if None.
        html: Whether to build the HTML.
        history: Where the history is.
        version: What is under test at the target.
        out: The folder for results.
        config: The folder with Allure's configuration.
    """

    arguments: Sequence[str]
    target: str
    allow_production: bool
    repeat: int
    again: bool
    baseline: int | None
    html: bool
    history: str
    version: str
    out: Path
    config: Path


def run_night(asked: Asked) -> int:
    """Run a night, and say what is said of it.

    Returns:
        The exit code.
    """
    with TemporaryDirectory(prefix="harness-night-") as folder:
        told = asked.out / TOLD
        code = run_suites(
            [f"--history-kind={Kind.NIGHT}", f"--repeat={asked.repeat}", *asked.arguments],
            target=asked.target,
            allow_production=asked.allow_production,
            strict=None,
            html=asked.html,
            out=asked.out,
            config=asked.config,
            history=asked.history,
            version=asked.version,
            is_judged_later=True,
        )
        if code in NOTHING_RAN:
            return code
        judged: tuple[NightVerdict, int] | str = ""
        if code in WHOLE:
            try:
                judged = _judged(asked, told, Path(folder))
            except StoreUnusable as error:
                judged = str(error)
    finish(asked.out, html=asked.html, config=asked.config, history=asked.history)
    if code not in WHOLE:
        return code
    if isinstance(judged, str):
        click.echo(f"night          not judged: {judged}")
        return code or NOT_JUDGED
    verdict, ended = judged
    for line in night_lines(verdict):
        click.echo(line)
    if ended == _INTERRUPTED:
        return ended
    return code or (0 if verdict.is_good else SLOWER)


def _judged(asked: Asked, file: Path, folder: Path) -> tuple[NightVerdict, int]:
    """What is said of a night, and pytest's exit code of its suspects; the first word is kept before the second."""
    told = _read(file)
    with Store(asked.history) as store:
        run = store.run(told.run)
        if asked.baseline is None:
            compared = pinned(store, run.target, run.environment)
        else:
            compared = baseline(store, asked.baseline)
        verdict = judge(store, run.id, baseline=compared, budgets=told.budgets)
        seen = changes(store, run.id)
        first = keep(store, verdict, seen)
        if not asked.again or not verdict.said(Word.SUSPECT):
            return first, 0
        again, code = _play_again(asked, verdict, folder)
        if code in WHOLE:
            verdict = judge_again(store, verdict, _read(again).run)
        else:
            note = f"the suspects could not be played again (pytest's exit code is {code}), so they stay suspects"
            verdict = replace(verdict, notes=(*verdict.notes, note))
        return keep(store, verdict, seen), code


def _play_again(asked: Asked, first: NightVerdict, folder: Path) -> tuple[Path, int]:
    """Play the suspects again, twice as often, and some that are not; what the run leaves, and its exit code."""
    chosen = chosen_again(first)
    click.echo(f"again          {len(chosen)} scenarios, to see whether what looks slower is")
    listed, told = folder / "scenarios.txt", folder / "again.json"
    listed.write_text("".join(f"{name}\n" for name in chosen), encoding="utf-8")
    code = run_pytest(
        f"--target={asked.target}",
        *([ALLOW_PRODUCTION] if asked.allow_production else []),
        f"--history={asked.history}",
        f"--target-version={asked.version}",
        f"--recordings={asked.out / 'again'}",
        f"--history-kind={Kind.AGAIN}",
        f"--history-told={told}",
        f"--only-scenarios={listed}",
        f"--repeat={2 * asked.repeat}",
        *asked.arguments,
    )
    return told, code


def _read(file: Path) -> Told:
    """What a run leaves that could begin to keep its history."""
    if not file.exists():
        raise StoreUnusable("nothing of the run was kept; why not, it has said itself")
    return Told.model_validate_json(file.read_bytes())
