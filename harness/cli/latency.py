"""The latency report of a run: from the history where it was kept, or else from its recordings alone.

Not here: what is in it (reporting/latency/).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from pydantic import ValidationError

from harness.cli.listing import shown
from harness.errors import HarnessError
from harness.reporting.latency.gathering import gather
from harness.reporting.latency.leaving import leave
from harness.reporting.latency.parquet import write_parquet
from harness.reporting.latency.recalled import recalled
from harness.reporting.latency.values import Latency
from harness.reporting.store.history import WHOLE, History
from harness.reporting.store.place import StoreUnusable
from harness.reporting.store.values import Told
from harness.scenarios.outcome import Outcome
from harness.scenarios.recording import recordings_in
from harness.scenarios.remembering import read_as_written, remembered

LATENCY = "latency"
"""The folder of a run's latency report, beside its results."""
TOLD = "run.json"
"""What a run leaves of itself: its number in the history, its target, its budgets."""


def leave_latency(
    out: Path,
    *,
    recordings: Iterable[Path],
    results: Path,
    history: str | None = None,
    told: Told | None = None,
    parquet: bool = False,
) -> list[str]:
    """Write the latency report of a run.

    Args:
        out: Where reports are.
        recordings: Recordings of the run, and folders of them.
        results: Allure's, which get the page and the metrics.
        history: Where its history is, if it has any.
        told: What it has left of itself.
        parquet: Whether to write Parquet as well.

    Returns:
        Where it is, in a line, and before it what went wrong on the way; none where there are no conversations.
    """
    lines, latency = [], None
    if history is not None and told is not None and told.run:
        try:
            with History(history) as known:
                _check(known, told)
                latency = gather(known, told.run, budgets=told.budgets)
        except StoreUnusable as error:
            lines.append(f"latency        by this run's recordings alone: {error}")
    try:
        latency = latency or recalled(_outcomes(recordings), budgets=told.budgets if told is not None else None)
        if latency is None:
            return lines
        page = leave(latency, out / LATENCY, results=results)
    except (StoreUnusable, OSError) as error:
        return [*lines, f"latency        could not be written: {error}"]
    lines += _parquet(latency, page.parent) if parquet else []
    return [*lines, f"latency        {shown(page)}"]


def _check(history: History, told: Told) -> None:
    """See that the run is there, and whole."""
    if told.history and told.history != history.shown:
        raise StoreUnusable(f"it is kept in {told.history}, not in {history.shown}; --history names it")
    if history.run(told.run).exit_code not in WHOLE:
        raise StoreUnusable(f"run {told.run} was interrupted")


def _parquet(latency: Latency, folder: Path) -> Iterator[str]:
    try:
        yield f"parquet        {', '.join(map(shown, write_parquet(latency, folder)))}"
    except (HarnessError, OSError) as error:
        yield f"parquet        none: {error}"


def told_by(out: Path) -> Told | None:
    """What a run has left of itself; None if nothing, or nothing that can be read."""
    try:
        return Told.model_validate_json((out / TOLD).read_bytes())
    except (OSError, ValidationError):
        return None


def _outcomes(paths: Iterable[Path]) -> Iterator[tuple[int, Outcome]]:
    """What can be read of recordings."""
    for file in (one for path in paths for one in (recordings_in(path) if path.is_dir() else [path])):
        try:
            recording = read_as_written(file)
        except HarnessError:  # whoever makes its page says so
            continue
        yield recording.header.attempt, remembered(recording)


def tell(lines: Iterable[str]) -> None:
    """Say them."""
    for line in lines:
        click.echo(line)
