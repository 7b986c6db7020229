"""The command `harness`.

Here: words, help, exit codes. Not here: what the commands do.
"""

import os
import sys
from pathlib import Path

import click

from harness import __version__
from harness.errors import HarnessError

OUT = Path("reports/out")
"""Where a run leaves its results, from the project's folder."""

ALLURE = Path("reports/allure")
"""Where Allure's configuration is, from the project's folder."""


SUITES = Path("suites")
"""Where the scenarios are, from the project's folder."""

HISTORY = "history.db"
"""The history of runs, among the results of the last one."""

PYTEST = "harness.pytest"
"""Where a command's context keeps the words that are for pytest."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="harness")
def cli() -> None:
    """Test conversation bots over a real messaging API, and read how fast and smooth they are.

    \b
    harness run suites                        run the scenarios against the sandbox
    harness run suites -- -k streamed -x      whatever follows -- is for pytest
    harness lint suites                       find mistakes in scenario files; nothing is sent
    harness nightly suites                    run them as a night, compare it with the baseline, keep it
    harness history                           the runs that were kept; with a number, one of them
    harness compare 41 42                     two of them side by side
    harness baseline pin                      have nights compared with those up to now
    harness judge reports/out/recordings      judge its conversations again, by what is expected today
    harness report                            make the reports again, from what was recorded
    harness open                              the last report in a browser
    harness targets                           the services that a run can be told to talk to
    harness doctor --target staging           a first conversation with one of them, step by step
    harness sandbox --port 8080               a local server of the service, with scripted bots
    """  # noqa: D301 - click's own mark for lines to be left as they are


@cli.command()
@click.option("--port", default=0, show_default=True, help="Port on the loopback interface; 0 takes a free one.")
@click.option(
    "--bots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A bot file or a folder of them, beside the shipped bots; may be given more than once.",
)
@click.option("--ping-interval", default=30.0, show_default=True, help="Seconds between two pings of a stream.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="TEXT",
    help='What goes wrong for every end user, such as "drop phase=streaming after=3 probability=0.2 seed=7"; see '
    "docs/sandbox.md. May be given more than once.",
)
@click.option("--limits", is_flag=True, help="Refuse with 429 what the service documents to be too often.")
@click.option(
    "--token-lifetime",
    default=3600.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that a guest's access token is good for.",
)
@click.option("--tls", is_flag=True, help="Serve HTTPS, by a test certificate; says where that of its authority is.")
@click.option("--until-stdin-closes", is_flag=True, help="Stop when standard input ends: for programs that start it.")
@click.option("--rep", is_flag=True, help="Play the service rep in this terminal; /help there says how.")
def sandbox(
    *,
    port: int,
    bots: tuple[Path, ...],
    ping_interval: float,
    faults: tuple[str, ...],
    limits: bool,
    token_lifetime: float,
    tls: bool,
    until_stdin_closes: bool,
    rep: bool,
) -> None:
    """Serve the messaging API on a loopback port, with scripted bots; Ctrl-C ends it.

    A client chooses the bot by its deployment: the esDeveloperName it asks for. A browser shows the conversations at
    its address; there one can chat as the end user, and answer as the service rep.
    """
    from harness.cli.sandbox import serve  # noqa: PLC0415 - `harness --help` should not wait for a web server

    serve(
        port=port,
        bots=bots,
        ping_interval=ping_interval,
        faults=faults,
        limits=limits,
        token_lifetime=token_lifetime,
        tls=tls,
        until_stdin_closes=until_stdin_closes,
        rep=rep,
    )


_target = click.option(
    "--target",
    default="sandbox",
    show_default=True,
    metavar="NAME",
    help="`sandbox`, a name of the nearest targets.yaml, or the address of a service.",
)
_allow_production = click.option(
    "--allow-production", is_flag=True, help="Talk to the target even if it is in production, as its file says."
)


_out = click.option(
    "--out",
    default=OUT,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to leave it all.",
)
_history = click.option(
    "--history",
    metavar="PATH|URL",
    envvar="HARNESS_HISTORY",
    show_envvar=True,
    help="Where the history is: a SQLite file, or a PostgreSQL database such as postgresql://user@host/database. "
    f"history.db in {OUT}, or in --out, if not given.",
)
_target_version = click.option(
    "--target-version", default="", metavar="TEXT", help="What is under test at the target, for the history."
)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@_target
@_allow_production
@click.option(
    "--strict/--no-strict",
    default=None,
    help="Whether a message that no expectation took fails its scenario, where the scenario does not say. Not given: "
    "as the settings of the suite say.",
)
@click.option("--html/--no-html", default=True, show_default=True, help="Build the HTML report as well.")
@_history
@click.option("--no-history", is_flag=True, help="Keep nothing in the history.")
@_target_version
@_out
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
    from harness.cli.run import run_suites  # noqa: PLC0415 - as above

    where = [str(path) for path in paths] or ["suites"]
    sys.exit(
        run_suites(
            where,
            target=target,
            allow_production=allow_production,
            strict=strict,
            html=html,
            out=out,
            config=ALLURE,
            history=None if no_history else history or str(out / HISTORY),
            version=target_version,
        )
    )


_near = click.option(
    "--in",
    "near",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Where the scenarios are: targets.yaml is looked for there and above. `suites` if there is such a folder, or "
    "else the current one.",
)


@cli.command()
@_near
def targets(near: Path | None) -> None:
    """List the services that --target can name, and which environment variables each of them lacks.

    They stand in the nearest targets.yaml: of the folder of the scenarios, or of one above it. What a variable stands
    for is never shown.

    \b
    targets:
      staging:
        url: https://example--staging.sandbox.my.salesforce-scrt.com
        org_id: ${env.STAGING_ORG_ID}     from the environment, or from .env beside the file
        deployment: My_Client

    Exit codes: 0 it could be read, 2 it has mistakes.
    """  # noqa: D301 - as above
    from harness.cli.targets import show_targets  # noqa: PLC0415 - as above

    show_targets(_suites(near))


@cli.command()
@_target
@_near
@click.option("--org-id", metavar="ID", help="The organisation's id, 15 characters; needed by an address.")
@click.option("--deployment", metavar="NAME", help="API name of the deployment to talk to; needed by an address.")
@_allow_production
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time for each of what the other side is waited for; as the target says if not given, or 10.",
)
@click.option("--say", default="Hello", show_default=True, metavar="TEXT", help="What is said to the other side.")
@click.option(
    "--greeting/--no-greeting", default=True, show_default=True, help="Whether the other side is to speak first."
)
@click.option(
    "--bots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A bot file or folder for the sandbox, beside the shipped bots; may be given more than once.",
)
def doctor(
    *,
    target: str,
    near: Path | None,
    org_id: str | None,
    deployment: str | None,
    allow_production: bool,
    within: float | None,
    say: str,
    greeting: bool,
    bots: tuple[Path, ...],
) -> None:
    """Hold a first conversation with a target, step by step, and say what to fix where one fails.

    Each step is a line: whether it went well, how long it took, what was found. Where one did not, the next line says
    what happened and what to do; steps that need it are left out. The conversation is closed in any case.

    \b
    harness doctor                            the sandbox, to see how it should look
    harness doctor --target staging           a target of targets.yaml
    harness doctor --target https://example.my.salesforce-scrt.com --org-id 00D000000000001 --deployment My_Client

    Exit codes: 0 every step went well, 1 one did not, 2 wrong words or settings: nothing was sent.
    """  # noqa: D301 - as above
    from harness.cli.doctor import examine  # noqa: PLC0415 - as above
    from harness.settings import target as chosen  # noqa: PLC0415 - as above

    where = chosen(
        target,
        near=_suites(near),
        org_id=org_id,
        deployment=deployment,
        within=within,
        allow_production=allow_production,
    )
    sys.exit(examine(where, bots=bots, say=say, is_greeted=greeting))


def _suites(near: Path | None) -> Path:
    """Where scenarios are, unless a person says."""
    return near or (SUITES if SUITES.is_dir() else Path())


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--locale", help="Check what the scenarios say in this locale, such as de_DE, whatever they say themselves."
)
def lint(paths: tuple[Path, ...], locale: str | None) -> None:
    """Find mistakes in scenario files, and in what they share; nothing is sent.

    PATHS are files and folders, `suites` if none is given. Each mistake is a line: file:line:column: what is wrong.

    Exit codes: 0 no mistakes, 1 mistakes, 2 wrong words.
    """
    from harness.cli.lint import show_problems  # noqa: PLC0415 - as above

    sys.exit(show_problems(paths or (SUITES,), locale=locale))


@cli.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a schema there is not what it should be.")
def schema(folder: Path | None, check: bool) -> None:
    """Write the JSON Schemas of all files that people write, by which editors complete and check.

    FOLDER is where they are kept, `suites/schema` if not given. A file names its schema in its first line:

    \b
    # yaml-language-server: $schema=../schema/scenario.schema.json
    """  # noqa: D301 - as above
    from harness.cli.schema import keep_schemas  # noqa: PLC0415 - as above

    sys.exit(keep_schemas(folder or SUITES / "schema", check=check))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@_target
@_allow_production
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
@_history
@_target_version
@_out
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
    """  # noqa: D301 - as above
    from harness.cli.nightly import Asked, run_night  # noqa: PLC0415 - as above

    sys.exit(
        run_night(
            Asked(
                arguments=[str(path) for path in paths] or [str(SUITES)],
                target=target,
                allow_production=allow_production,
                repeat=repeat,
                again=again,
                baseline=baseline,
                html=html,
                history=history or str(out / HISTORY),
                version=target_version,
                out=out,
                config=ALLURE,
            )
        )
    )


@cli.command()
@click.argument("run", required=False, type=int)
@_history
@click.option("--target", metavar="NAME", help="Only runs of this target.")
@click.option("--last", default=20, show_default=True, type=click.IntRange(min=1), metavar="N", help="How many runs.")
def history(*, run: int | None, history: str | None, target: str | None, last: int) -> None:
    """List the runs that were kept, the newest last; of RUN, what it measured and what was said of it.

    Exit codes: 0 it could be read, 2 it could not.
    """
    from harness.cli.history import show_run, show_runs  # noqa: PLC0415 - as above

    where = history or str(OUT / HISTORY)
    if run is None:
        show_runs(where, target=target, last=last)
    else:
        show_run(where, run)


@cli.command()
@click.argument("one", metavar="RUN", type=int)
@click.argument("other", metavar="RUN", type=int)
@_history
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="Of docs/metrics.md; may be given more than once."
)
def compare(*, one: int, other: int, history: str | None, metrics: tuple[str, ...]) -> None:
    """Put two runs side by side: the median of every series in both, and by how much it differs.

    Two runs prove nothing, so there is no verdict; where both medians are known well enough and their intervals do not
    meet, the line has a mark. A night is judged by `harness nightly`.

    Exit codes: 0 they could be read, 2 they could not.
    """
    from harness.cli.compare import show_comparison  # noqa: PLC0415 - as above

    show_comparison(history or str(OUT / HISTORY), one, other, metrics=metrics)


@cli.group()
def baseline() -> None:
    """Choose the nights that others are compared with; they stay until a person chooses others."""


@baseline.command()
@click.argument("run", required=False, type=int)
@_history
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
    from harness.cli.baseline import pin_nights  # noqa: PLC0415 - as above

    pin_nights(history or str(OUT / HISTORY), run, target=target, reason=reason, without=without)


@baseline.command()
@_history
def show(*, history: str | None) -> None:
    """List the baselines, the newest last, and which of them count.

    Exit codes: 0 they could be read, 2 they could not.
    """
    from harness.cli.baseline import show_baselines  # noqa: PLC0415 - as above

    show_baselines(history or str(OUT / HISTORY))


@baseline.command()
@click.argument("number", metavar="BASELINE", type=int)
@_history
def unpin(*, number: int, history: str | None) -> None:
    """Take a baseline away; nights are compared with none until another one is pinned.

    Exit codes: 0 it does not count any more, 2 there is none of this number.
    """
    from harness.cli.baseline import unpin_nights  # noqa: PLC0415 - as above

    unpin_nights(history or str(OUT / HISTORY), number)


class _ForPytest(click.Command):
    """A command that keeps what follows -- for pytest."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words of the command."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[PYTEST] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])


@cli.command(cls=_ForPytest)
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
    from harness.cli.run import RECORDINGS, run_pytest, strictly  # noqa: PLC0415 - as above

    asked = [f"--judge={recording}" for recording in recordings or (OUT / RECORDINGS,)]
    sys.exit(run_pytest(*asked, *strictly(strict), *(scenarios or ("suites",)), *ctx.meta[PYTEST]))


@cli.command()
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
@_history
@_out
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
    from harness.cli.report import rebuild  # noqa: PLC0415 - as above

    sys.exit(
        rebuild(
            recordings,
            scenarios=scenarios,
            out=out,
            html=html,
            config=ALLURE,
            history=history or str(out / HISTORY),
            parquet=parquet,
        )
    )


@cli.command(name="open")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", default=0, show_default=True, help="Port on the loopback interface; 0 takes a free one.")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open it in the browser.")
def open_(*, folder: Path | None, port: int, browser: bool) -> None:
    """Serve the last report on this machine, and open it in the browser; Ctrl-C ends it.

    FOLDER is where `harness run` has left it, `reports/out` if not given.

    Exit codes: 0 it was served, 2 there is none.
    """
    from harness.cli.open import serve_report  # noqa: PLC0415 - as above

    serve_report(folder or OUT, port=port, is_shown=browser)


def main() -> None:
    """Run the command; what goes wrong is said in a sentence and ends with exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except (HarnessError, OSError) as error:
        click.echo(f"harness: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        os._exit(0)
