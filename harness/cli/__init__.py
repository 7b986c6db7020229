"""The command `harness`.

Here: how it is called, and how it ends. Not here: the words of its commands (cli/commands/), nor what they do (cli/).
"""

import sys

import click

from harness import __version__
from harness.cli.commands import nights, reports, running, services, suites
from harness.errors import HarnessError


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
    """  # noqa: D301 - \b is click's mark for lines to be left as they are


for _command in (
    running.run,
    suites.lint,
    running.nightly,
    nights.history,
    nights.compare,
    nights.baseline,
    running.judge,
    reports.report,
    reports.open_,
    services.targets,
    services.doctor,
    services.sandbox,
    suites.schema,
):
    cli.add_command(_command)


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
