"""`harness baseline`: the nights that others are compared with, as a person chooses them."""

import getpass
from collections.abc import Collection

import click

from harness.cli.showing import baseline_rows
from harness.reporting.nightly.baselines import baselines, pin, unpin
from harness.reporting.store.history import History
from harness.reporting.store.store import Store


def pin_nights(where: str, run: int | None, *, target: str, reason: str, without: Collection[int]) -> None:
    """Pin nights, and say which.

    Args:
        where: The history.
        run: The last of them; the newest if None.
        target: Of which target, where no run is given.
        reason: Why.
        without: Numbers of runs to leave out.

    Raises:
        StoreUnusable: There are too few, or it can't be written.
    """
    History(where).close()  # a store is not made by looking for nights in it
    with Store(where) as store:
        made = pin(store, run, target=target, by=_person(), reason=reason, without=without)
        click.echo(f"pinned {made} of {made.target!r}; nights are compared with it until another one is pinned")


def show_baselines(where: str) -> None:
    """Print the baselines.

    Raises:
        StoreUnusable: They can't be read.
    """
    with History(where) as history:
        known = baselines(history)
        none = f"no baseline was ever pinned in {history.shown}; `harness baseline pin` pins the nights up to now"
        for line in baseline_rows(known) if known else [none]:
            click.echo(line)


def unpin_nights(where: str, number: int) -> None:
    """Take a baseline away.

    Raises:
        StoreUnusable: There is none of this number, or it can't be written.
    """
    History(where).close()
    with Store(where) as store:
        gone = unpin(store, number)
        click.echo(f"{gone} of {gone.target!r} does not count any more")


def _person() -> str:
    """Who is at the keyboard, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, in a container
        return "somebody"
