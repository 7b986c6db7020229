"""`harness lint`: what is wrong with scenario files, a line each."""

from collections.abc import Sequence
from pathlib import Path

import click

from harness.documents import told_once
from harness.scenarios.linting import lint
from harness.scenarios.model import nearest_locale
from harness.settings import mistakes
from harness.user.persona import locales


def show_problems(paths: Sequence[Path], *, locale: str | None) -> int:
    """Print every problem, and a summary on standard error.

    Args:
        paths: Files and folders.
        locale: In which the scenarios are to be played; that of each if None.

    Returns:
        1 if there is a problem, else 0.
    """
    if locale is not None and locale not in locales():
        raise click.BadParameter(f"there is no locale {locale!r}{nearest_locale(locale)}", param_hint="--locale")
    found = lint(paths, locale=locale)
    problems = told_once([*found.problems, *mistakes(paths)])
    for problem in problems:
        click.echo(str(problem))
    files = len({problem.path for problem in problems})
    told = f"{_counted(len(problems), 'problem')} in {_counted(files, 'file')}" if files else "no problems"
    click.echo(f"{told}; {_counted(found.scenarios, 'scenario')} read", err=True)
    return 1 if problems else 0


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
