"""Commands that show what runs have left."""

import sys
from pathlib import Path

import click

from harness.cli.commands import options


@click.command()
@click.argument("recordings", nargs=-1, metavar="RECORDING...", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--with",
    "scenarios",
    multiple=True,
    metavar="FILE",
    help="Judge the recordings again, by this file or folder of scenarios; may be given more than once.",
)
@click.option("--html/--no-html", default=True, show_default=True, help="Build the HTML report as well.")
@click.option("--parquet", is_flag=True, help="Write what was measured as Parquet as well; needs pyarrow.")
@options.history
@options.out
def report(
    *,
    recordings: tuple[Path, ...],
    scenarios: tuple[str, ...],
    html: bool,
    parquet: bool,
    history: str | None,
    out: Path,
) -> None:
    """Make all reports again from what earlier runs have recorded; nobody is talked to.

    RECORDINGs are files that `harness run` leaves in recordings/ under --out, and folders of them; that folder if none
    is given. A page shows the verdict that was recorded; with --with, that of the scenarios as they are today. What is
    wrong with a recording is said in a sentence, and the others are reported all the same.

    Exit codes: 0 all is made, 1 a recording could not be read, 2 there is none; with --with, those of `harness judge`.
    """
    from harness.cli.report import rebuild

    sys.exit(
        rebuild(
            recordings,
            scenarios=scenarios,
            out=out,
            html=html,
            config=options.ALLURE,
            history=history or str(out / options.HISTORY),
            parquet=parquet,
        )
    )


@click.command(name="open")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", default=0, show_default=True, help="Port on the loopback interface; 0 takes a free one.")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open it in the browser.")
def open_(*, folder: Path | None, port: int, browser: bool) -> None:
    """Serve the last report on this machine, and open it in the browser; Ctrl-C ends it.

    FOLDER is where `harness run` has left it, `reports/out` if not given.

    Exit codes: 0 it was served, 2 there is none.
    """
    from harness.cli.open import serve_report

    serve_report(folder or options.OUT, port=port, is_shown=browser)
