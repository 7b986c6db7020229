"""`harness history`: the runs that were kept, and one of them."""

from collections.abc import Sequence

import click

from harness.cli.showing import night_lines, run_rows, table
from harness.reporting.latency.findings import value
from harness.reporting.nightly.verdicts import read
from harness.reporting.store.history import History
from harness.scenarios.outcome import Status


def show_runs(where: str, *, target: str | None, last: int) -> None:
    """Print the runs.

    Args:
        where: The history.
        target: Only those of this target.
        last: Only the newest so many.

    Raises:
        StoreUnusable: It can't be read.
    """
    with History(where) as history:
        runs = history.runs(target=target, last=last)
        for line in run_rows(runs) if runs else [f"no runs in {history.shown}"]:
            click.echo(line)


def show_run(where: str, number: int) -> None:
    """Print a run: what did not hold, what its series came to, what was said of it.

    Raises:
        StoreUnusable: There is none of this number, or it can't be read.
    """
    with History(where) as history:
        run = history.run(number)
        results, samples, verdict = history.results(number), history.samples(number), read(history, number)
    for line in run_rows([run]):
        click.echo(line)
    failed = [one for one in results if one.status is not Status.PASSED]
    if failed:
        click.echo()
        for one in failed:
            click.echo(f"{one.status:<8} {one.scenario}{' (excused)' if one.excused else ''}: {one.why}")
    if verdict is not None:
        click.echo()
        for line in night_lines(verdict, every=True):
            click.echo(line)
    rows: list[Sequence[str]] = [("metric", "turns", "never", "left out", "median", "p90", "p95", "scenario")]
    for key, sample in sorted(samples.items()):
        shares = [sample.percentile(share) for share in (0.5, 0.9, 0.95)]
        told = ["-" if one is None else value(one.value, key.metric) for one in shares]
        counts = (str(sample.n), str(sample.censored), str(sample.left_out))
        rows.append((key.metric, *counts, *told, f"{key.scenario} ({key.locale})"))
    if len(rows) > 1:
        click.echo()
        for line in table(rows, right=(1, 2, 3, 4, 5, 6)):
            click.echo(line)
