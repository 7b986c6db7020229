"""Commands about what is talked to: the services that there are, and our own."""

import sys
from pathlib import Path

import click

from harness.cli.commands import options


@click.command()
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
    from harness.cli.sandbox import serve

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


@click.command()
@options.near
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
    """
    from harness.cli.targets import show_targets

    show_targets(_suites(near))


@click.command()
@options.target
@options.near
@click.option("--org-id", metavar="ID", help="The organisation's id, 15 characters; needed by an address.")
@click.option("--deployment", metavar="NAME", help="API name of the deployment to talk to; needed by an address.")
@options.allow_production
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
    """
    from harness.cli.doctor import examine
    from harness.settings import target as chosen

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
    return near or (options.SUITES if options.SUITES.is_dir() else Path())
