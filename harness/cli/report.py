"""`harness report`: every report once more, from what earlier runs have left; nobody is talked to.

Not here: the pages (reporting/pages/), judging (plugin/judging.py).
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.latency import leave_latency, tell, told_by
from harness.cli.listing import CONVERSATIONS, list_pages
from harness.cli.run import RECORDINGS, RESULTS, build_html, run_pytest
from harness.errors import HarnessError
from harness.reporting.pages.index import clear
from harness.reporting.pages.page import write
from harness.scenarios.recording import recordings_in
from harness.scenarios.remembering import read_as_written, remembered
from harness.timeline.archive import SUFFIX

NOTE = (
    "Made from a recording. Verdicts are those of the run that recorded it; the rules of the channel were checked "
    "again, without what its scenario waives. To judge it again: harness report --with suites."
)


def rebuild(
    paths: Sequence[Path],
    *,
    scenarios: Sequence[str],
    out: Path,
    html: bool,
    config: Path,
    history: str,
    parquet: bool = False,
) -> int:
    """Make the pages of recordings, have them judged if there are scenarios, make the HTML report.

    Args:
        paths: Recordings, and folders of them; those of the run in `out` if there are none.
        scenarios: Files and folders of scenarios to judge them by; none to show what was recorded.
        out: Where reports are.
        html: Whether to make the HTML report, if there are results for it.
        config: The folder with Allure's configuration.
        history: Where the history is, for the latency report of the run in `out`.
        parquet: Whether to write its numbers as Parquet as well.

    Returns:
        The exit code: 1 where a recording could not be read, or did not hold when it was judged.

    Raises:
        HarnessError: There is no recording.
        OSError: A page can't be written.
    """
    left = None if paths else told_by(out)
    paths = paths or (out / RECORDINGS,)
    pages, results = out / CONVERSATIONS, out / RESULTS
    files = [file for path in paths for file in (recordings_in(path) if path.is_dir() else [path])]
    if not files:
        told = " or ".join(map(str, paths))
        raise HarnessError(f"there is no recording in {told}; `harness run` leaves them in {RECORDINGS}/")
    clear(pages)
    notes, unread = _pages(files, pages)
    for note in notes:
        click.echo(note, err=True)
    code = 1 if unread else 0
    if scenarios and not unread:
        shutil.rmtree(results, ignore_errors=True)
        judged = [f"--judge={path}" for path in paths]
        code = run_pytest(*judged, f"--pages={pages}", f"--alluredir={results}", "--allure-no-capture", *scenarios)
    elif scenarios:
        click.echo("not judged: take away what can't be read, or name the recordings to judge", err=True)
    list_pages(pages, notes)
    lines = leave_latency(out, recordings=paths, results=results, history=history, told=left, parquet=parquet)
    if html and results.is_dir():
        build_html(results, out, config=config)
    tell(lines)
    return code


def _pages(files: Sequence[Path], folder: Path) -> tuple[list[str], int]:
    """Make the page of every recording that can be read.

    Returns:
        What is wrong with recordings, a sentence each, and how many can't be read.
    """
    notes, unread, taken = [], 0, set[str]()
    for file in files:
        try:
            recording = read_as_written(file)
        except HarnessError as error:
            notes.append(f"left out: {error}")
            unread += 1
            continue
        if recording.truncated is not None:
            notes.append(f"truncated: {recording.truncated}")
        write(remembered(recording), folder, name=_name(file, taken), note=NOTE)
    return notes, unread


def _name(file: Path, taken: set[str]) -> str:
    """A recording's name for its page; of several of the same name in several folders, those after the first differ."""
    name = again = file.name.removesuffix(SUFFIX)
    number = 1
    while again in taken:
        number += 1
        again = f"{name}~{number}"
    taken.add(again)
    return again
