"""Where a run's pages are, and the list of them; what all commands that leave some say at their end."""

from collections.abc import Sequence
from pathlib import Path

import click

from harness.reporting.pages.index import listed_in, slowest, write_index
from harness.reporting.pages.summary import milliseconds

CONVERSATIONS = "conversations"
"""The folder of a run's pages, beside its results."""


def list_pages(folder: Path, notes: Sequence[str] = ()) -> None:
    """Write the list of the pages in a folder, and say where it is and which conversation was the slowest.

    Args:
        folder: Where the pages are.
        notes: Sentences for the head of the list.

    Raises:
        OSError: It can't be written.
    """
    pages = listed_in(folder)
    if not pages:
        return
    click.echo(f"conversations  {shown(write_index(folder, notes))}")
    if (one := slowest(pages)) is not None and one.summary.waited is not None:
        click.echo(f"slowest        {shown(folder / one.name)}: {milliseconds(one.summary.waited)} for an answer")


def shown(path: Path) -> str:
    """A path as people read it: from the current folder, if it is in there."""
    full = path.absolute()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)
