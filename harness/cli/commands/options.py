"""What several commands have in common: their options, and where things are."""

from pathlib import Path

import click

OUT = Path("reports/out")
"""Where a run leaves its results, from the project's folder."""
ALLURE = Path("reports/allure")
"""Where Allure's configuration is, from the project's folder."""
SUITES = Path("suites")
"""Where the scenarios are, from the project's folder."""
HISTORY = "history.db"
"""The history of runs, among the results of the last one."""

target = click.option(
    "--target",
    default="sandbox",
    show_default=True,
    metavar="NAME",
    help="`sandbox`, a name of the nearest targets.yaml, or the address of a service.",
)
allow_production = click.option(
    "--allow-production", is_flag=True, help="Talk to the target even if it is in production, as its file says."
)
out = click.option(
    "--out",
    default=OUT,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to leave it all.",
)
history = click.option(
    "--history",
    metavar="PATH|URL",
    envvar="HARNESS_HISTORY",
    show_envvar=True,
    help="Where the history is: a SQLite file, or a PostgreSQL database such as postgresql://user@host/database. "
    f"history.db in {OUT}, or in --out, if not given.",
)
target_version = click.option(
    "--target-version", default="", metavar="TEXT", help="What is under test at the target, for the history."
)
near = click.option(
    "--in",
    "near",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Where the scenarios are: targets.yaml is looked for there and above. `suites` if there is such a folder, or "
    "else the current one.",
)
