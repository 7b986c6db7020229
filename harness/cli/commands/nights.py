"""Commands of the history of runs, and of the baselines that nights are compared with."""

import click

from harness.cli.commands import options


@click.command()
@click.argument("run", required=False, type=int)
@options.history
@click.option("--target", metavar="NAME", help="Only runs of this target.")
@click.option("--last", default=20, show_default=True, type=click.IntRange(min=1), metavar="N", help="How many runs.")
def history(*, run: int | None, history: str | None, target: str | None, last: int) -> None:
    """List the runs that were kept, the newest last; of RUN, what it measured and what was said of it.

    Exit codes: 0 it could be read, 2 it could not.
    """
    from harness.cli.history import show_run, show_runs

    where = history or str(options.OUT / options.HISTORY)
    if run is None:
        show_runs(where, target=target, last=last)
    else:
        show_run(where, run)


@click.command()
@click.argument("one", metavar="RUN", type=int)
@click.argument("other", metavar="RUN", type=int)
@options.history
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="Of docs/metrics.md; may be given more than once."
)
def compare(*, one: int, other: int, history: str | None, metrics: tuple[str, ...]) -> None:
    """Put two runs side by side: the median of every series in both, and by how much it differs.

    Two runs prove nothing, so there is no verdict; where both medians are known well enough and their intervals do not
    meet, the line has a mark. A night is judged by `harness nightly`.

    Exit codes: 0 they could be read, 2 they could not.
    """
    from harness.cli.compare import show_comparison

    show_comparison(history or str(options.OUT / options.HISTORY), one, other, metrics=metrics)


@click.group()
def baseline() -> None:
    """Choose the nights that others are compared with; they stay until a person chooses others."""


@baseline.command()
@click.argument("run", required=False, type=int)
@options.history
@click.option("--target", default="sandbox", show_default=True, metavar="NAME", help="Of which target, without a RUN.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it is kept.")
@click.option(
    "--without", multiple=True, type=int, metavar="RUN", help="Leave out this night; may be given more than once."
)
def pin(*, run: int | None, history: str | None, target: str, reason: str, without: tuple[int, ...]) -> None:
    """Pin the last 20 nights up to RUN, or up to the newest; 8 are needed.

    Nights of another target, machine or Python are not among them, nor those on which all series changed together. Open
    trends up to there are accepted with it.

    Exit codes: 0 it is pinned, 2 it could not be.
    """
    from harness.cli.baseline import pin_nights

    pin_nights(history or str(options.OUT / options.HISTORY), run, target=target, reason=reason, without=without)


@baseline.command()
@options.history
def show(*, history: str | None) -> None:
    """List the baselines, the newest last, and which of them count.

    Exit codes: 0 they could be read, 2 they could not.
    """
    from harness.cli.baseline import show_baselines

    show_baselines(history or str(options.OUT / options.HISTORY))


@baseline.command()
@click.argument("number", metavar="BASELINE", type=int)
@options.history
def unpin(*, number: int, history: str | None) -> None:
    """Take a baseline away; nights are compared with none until another one is pinned.

    Exit codes: 0 it does not count any more, 2 there is none of this number.
    """
    from harness.cli.baseline import unpin_nights

    unpin_nights(history or str(options.OUT / options.HISTORY), number)
