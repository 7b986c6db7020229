"""`harness run`: pytest over the suites, then the report."""

import shutil
import subprocess
import sys
from pathlib import Path

import click

from harness.reporting.allure_html import build
from harness.settings import ALLOW_PRODUCTION

RECORDINGS = "recordings"
"""The folder of a run's recordings, beside its results."""

_NOTHING_RAN = {3, 4, 5}
"""pytest's exit codes for internal errors, wrong words and no tests: there is nothing to report."""


def run_suites(
    arguments: list[str],
    *,
    target: str,
    allow_production: bool,
    strict: bool | None,
    html: bool,
    out: Path,
    config: Path,
) -> int:
    """Run pytest with Allure results under `out`, build the HTML, say where everything is.

    Args:
        arguments: Paths, and options for pytest.
        target: For `--target`.
        allow_production: Whether the target may be in production.
        strict: Whether unclaimed messages fail scenarios; None where nothing was said of it.
        html: Whether to build the HTML.
        out: The folder for results, recordings and report; those of an earlier run are replaced.
        config: The folder with Allure's configuration.

    Returns:
        pytest's exit code.
    """
    results, page, recordings = out / "allure-results", out / "html", out / RECORDINGS
    for old in (results, recordings):
        shutil.rmtree(old, ignore_errors=True)
    code = run_pytest(
        f"--target={target}",
        *([ALLOW_PRODUCTION] if allow_production else []),
        *strictly(strict),
        f"--recordings={recordings}",
        f"--alluredir={results}",
        "--allure-no-capture",
        f"--junitxml={out / 'junit.xml'}",
        "--override-ini=junit_family=xunit2",
        *arguments,
    )
    if code in _NOTHING_RAN or not results.exists():
        return code
    click.echo(f"results        {_shown(results)}, {_shown(out / 'junit.xml')}")
    if recordings.exists():
        click.echo(f"recordings     {_shown(recordings)}")
    if html:
        report = build(results, page, config=config)
        if report.path is None:
            click.echo(f"report         no HTML: {report.problem}")
        else:
            click.echo(f"report         {_shown(report.path)}")
            click.echo(f"to open it     python3 -m http.server --bind 127.0.0.1 --directory {_shown(page)} 8000")
            click.echo("               then http://127.0.0.1:8000")
    return code


def strictly(strict: bool | None) -> tuple[str, ...]:
    """What pytest is told of strictness; nothing where nothing was said of it."""
    return () if strict is None else ("--strict-conversations" if strict else "--no-strict-conversations",)


def run_pytest(*arguments: str) -> int:
    """Run pytest in a process of its own: it wants to be the first to import what it tests."""
    always = ("--no-header", "--override-ini=asyncio_default_fixture_loop_scope=function")
    with subprocess.Popen([sys.executable, "-m", "pytest", *always, *arguments]) as process:  # noqa: S603 - our own command
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the terminal has told pytest as well; it has conversations to close
                continue


def _shown(path: Path) -> str:
    full = path.absolute()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)
