"""Commands about the files that people write."""

import sys
from pathlib import Path

import click

from harness.cli.commands import options


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--locale", help="Check what the scenarios say in this locale, such as de_DE, whatever they say themselves."
)
def lint(paths: tuple[Path, ...], locale: str | None) -> None:
    """Find mistakes in scenario files, and in what they share; nothing is sent.

    PATHS are files and folders, `suites` if none is given. Each mistake is a line: file:line:column: what is wrong.

    Exit codes: 0 no mistakes, 1 mistakes, 2 wrong words.
    """
    from harness.cli.lint import show_problems

    sys.exit(show_problems(paths or (options.SUITES,), locale=locale))


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a schema there is not what it should be.")
def schema(folder: Path | None, check: bool) -> None:
    """Write the JSON Schemas of all files that people write, by which editors complete and check.

    FOLDER is where they are kept, `suites/schema` if not given. A file names its schema in its first line:

    \b
    # yaml-language-server: $schema=../schema/scenario.schema.json
    """
    from harness.cli.schema import keep_schemas

    sys.exit(keep_schemas(folder or options.SUITES / "schema", check=check))
