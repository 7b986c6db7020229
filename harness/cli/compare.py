"""`harness compare`: two runs side by side."""

from collections.abc import Collection

import click

from harness.cli.showing import comparison_lines
from harness.errors import LocalProtocolError
from harness.reporting.nightly.comparing import compare_runs
from harness.reporting.nightly.judging import JUDGED
from harness.reporting.store.history import History


def show_comparison(where: str, one: int, other: int, *, metrics: Collection[str]) -> None:
    """Print two runs side by side.

    Args:
        where: The history.
        one: Number of the first.
        other: Number of the second.
        metrics: Names of metrics; those that nights are judged by if there are none.

    Raises:
        LocalProtocolError: There is no such metric.
        StoreUnusable: There is no such run, or it can't be read.
    """
    with History(where) as history:
        try:
            comparison = compare_runs(history, one, other, metrics=metrics or JUDGED)
        except ValueError as error:
            raise LocalProtocolError(str(error)) from None
    for line in comparison_lines(comparison):
        click.echo(line)
