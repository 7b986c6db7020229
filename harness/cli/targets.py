"""`harness targets`: what --target can name, as a table. No value of a variable is shown."""

from pathlib import Path

import click

from harness.client.target_file import SANDBOX, OfSandbox, OfService
from harness.documents import shown_path
from harness.settings import ALLOW_PRODUCTION, DEPLOYMENT, TARGETS, TargetsFile, targets_file

_OWN = "started for the run"
"""Where the sandbox is."""


def show_targets(near: Path) -> None:
    """Print the targets of the nearest file, the sandbox first.

    Args:
        near: From where it is looked for upwards.

    Raises:
        DocumentError: It has mistakes.
    """
    file = targets_file(near)
    rows = [("name", "address", "deployment", "")]
    if file is None or SANDBOX not in file.names:
        rows.append((SANDBOX, _OWN, DEPLOYMENT, ""))
    if file is not None:
        rows += [_row(file, name, entry) for name, entry in file.entries.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        click.echo("  ".join(word.ljust(width) for word, width in zip(row, [*widths, 0], strict=True)).rstrip())
    if file is None:
        click.echo(f"there is no {TARGETS} in {shown_path(near.resolve())} or above; others are named there", err=True)
    else:
        click.echo(f"from {shown_path(file.path)}", err=True)


def _row(file: TargetsFile, name: str, entry: OfService | OfSandbox) -> tuple[str, str, str, str]:
    notes = []
    address = _OWN
    if isinstance(entry, OfService):
        address = entry.url
        notes += [f"in production: needs {ALLOW_PRODUCTION}"] if entry.production else []
    if missing := file.missing(name):
        notes.append(f"not set: {', '.join(missing)}")
    return name, address, entry.deployment or DEPLOYMENT, "; ".join(notes)
