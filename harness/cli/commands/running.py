"""Commands that run scenarios, or judge what was run."""

import sys
from pathlib import Path

import click

from harness.cli.commands import options


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.target
@options.allow_production
@click.option(
    "--strict/--no-strict",
    default=None,
    help="Whether a message that no expectation took fails its scenario, where the scenario does not say. Not given: "
    "as the settings of the suite say.",
)
@click.option("--html/--no-html", default=True, show_default=True, help="Build the HTML report as well.")
@options.history
@click.option("--no-history", is_flag=True, help="Keep nothing in the history.")
@options.target_version
@options.out
def run(
    *,
    paths: tuple[Path, ...],
    target: str,
    allow_production: bool,
    strict: bool | None,
    html: bool,
    history: str | None,
    no_history: bool,
    target_version: str,
    out: Path,
) -> None:
    """Run scenarios and leave the results, and an HTML report of them, under --out.

    PATHS are files and folders of scenarios, `suites` if none is given; after -- come options for pytest, such as
    `-- -k streamed -x`. See `pytest --help`, section "conversations", for those of the harness.

    Exit codes are pytest's: 0 all held, 1 some did not, 2 interrupted, 3 internal error, 4 wrong words, 5 no scenarios.
    """
    from harness.cli.run import run_suites

    where = [str(path) for path in paths] or [str(options.SUITES)]
    sys.exit(
        run_suites(
            where,
            target=target,
            allow_production=allow_production,
            strict=strict,
            html=html,
            out=out,
            config=options.ALLURE,
            history=None if no_history else history or str(out / options.HISTORY),
            version=target_version,
        )
    )


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.target
@options.allow_production
@click.option(
    "--repeat",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="Play every scenario file so often: a series of fewer than 20 turns can't be compared.",
)
@click.option(
    "--again/--no-again",
    default=True,
    show_default=True,
    help="Play what looks slower once more, twice as often; nothing counts as slower otherwise.",
)
@click.option(
    "--baseline", type=int, metavar="N", help="Compare with this baseline; if not given, with the one that is pinned."
)
@click.option("--html/--no-html", default=True, show_default=True, help="Build the HTML report as well.")
@options.history
@options.target_version
@options.out
def nightly(
    *,
    paths: tuple[Path, ...],
    target: str,
    allow_production: bool,
    repeat: int,
    again: bool,
    baseline: int | None,
    html: bool,
    history: str | None,
    target_version: str,
    out: Path,
) -> None:
    """Run scenarios as a night: keep it, compare it with the pinned baseline, say what is slower, and gate on that.

    PATHS and what follows -- are those of `harness run`, and so is what is left under --out. See docs/nightly.md.

    \b
    Exit codes:
      0  all held, nothing is slower, every budget is kept
      1  some scenarios did not hold
      2  interrupted, or wrong words
      3  internal error
      4  wrong words or settings, told by pytest
      5  no scenarios
      6  all held, but something is slower than the baseline in two runs, or over its budget
      7  all held, but the night could not be kept or judged
    """
    from harness.cli.nightly import Asked, run_night

    sys.exit(
        run_night(
            Asked(
                arguments=[str(path) for path in paths] or [str(options.SUITES)],
                target=target,
                allow_production=allow_production,
                repeat=repeat,
                again=again,
                baseline=baseline,
                html=html,
                history=history or str(out / options.HISTORY),
                version=target_version,
                out=out,
                config=options.ALLURE,
            )
        )
    )


_PYTEST = "harness.pytest"
"""Where a command's context keeps the words that are for pytest."""


class _ForPytest(click.Command):
    """A command that keeps what follows -- for pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words of the command."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[_PYTEST] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])


@click.command(cls=_ForPytest)
@click.argument("recordings", nargs=-1, metavar="RECORDING...", type=click.Path(path_type=Path))
@click.option(
    "--with",
    "scenarios",
    multiple=True,
    metavar="FILE",
    help="A file or folder of scenarios, or one scenario's id; `suites` if not given. May be given more than once.",
)
@click.option(
    "--strict/--no-strict",
    default=None,
    help="Whether a message that no expectation took fails its scenario, where the scenario does not say. Not given: "
    "as the recorded run was told, or else as the settings of the suite say.",
)
@click.pass_context
def judge(ctx: click.Context, recordings: tuple[Path, ...], scenarios: tuple[str, ...], strict: bool | None) -> None:
    """Judge recorded conversations by what their scenarios expect today; nobody is talked to, nothing is waited for.

    RECORDINGs are files that `harness run` leaves in reports/out/recordings/, and folders of them; that folder if none
    is given. Each is judged by the scenario it was recorded from. After -- come options for pytest.

    Exit codes are those of `harness run`.
    """
    from harness.cli.run import RECORDINGS, run_pytest, strictly

    asked = [f"--judge={recording}" for recording in recordings or (options.OUT / RECORDINGS,)]
    sys.exit(run_pytest(*asked, *strictly(strict), *(scenarios or (str(options.SUITES),)), *ctx.meta[_PYTEST]))
