"""`harness run`: pytest over the suites, then the reports."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click

from harness.cli.latency import LATENCY, TOLD, leave_latency, tell, told_by
from harness.cli.listing import CONVERSATIONS, list_pages, shown
from harness.reporting.allure_html import build
from harness.settings import ALLOW_PRODUCTION

RECORDINGS = "recordings"
"""The folder of a run's recordings, beside its results."""
NIGHTS = "allure-history.jsonl"
"""The file of the nights that Allure draws trends of; the variable HARNESS_ALLURE_HISTORY names another."""
RESULTS = "allure-results"
"""The folder of its results."""

NOTHING_RAN = {3, 4, 5}
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
    history: str | None = None,
    version: str = "",
    is_judged_later: bool = False,
) -> int:
    """Run pytest with Allure results under `out`, build the HTML, say where everything is.

    Args:
        arguments: Paths, and options for pytest.
        target: For `--target`.
        allow_production: Whether the target may be in production.
        strict: Whether unclaimed messages fail scenarios; None where nothing was said of it.
        html: Whether to build the HTML.
        out: The folder for results, recordings, pages and report; those of an earlier run are replaced.
        config: The folder with Allure's configuration.
        history: Where to keep what is measured; nowhere if None.
        version: What is under test at the target, for the history.
        is_judged_later: Whether something is still to be said of the run, so that `finish` is left to who says it.

    Returns:
        pytest's exit code.
    """
    results, recordings, pages = out / RESULTS, out / RECORDINGS, out / CONVERSATIONS
    for old in (results, recordings, pages, out / LATENCY):
        shutil.rmtree(old, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    told = out / TOLD
    told.unlink(missing_ok=True)
    code = run_pytest(
        f"--target={target}",
        *([ALLOW_PRODUCTION] if allow_production else []),
        *strictly(strict),
        *([f"--history={history}", f"--target-version={version}"] if history else []),
        f"--history-told={told}",
        f"--recordings={recordings}",
        f"--pages={pages}",
        f"--alluredir={results}",
        "--allure-no-capture",
        f"--junitxml={out / 'junit.xml'}",
        "--override-ini=junit_family=xunit2",
        *arguments,
    )
    if code in NOTHING_RAN or not results.exists():
        return code
    click.echo(f"results        {shown(results)}, {shown(out / 'junit.xml')}")
    if recordings.exists():
        click.echo(f"recordings     {shown(recordings)}")
    list_pages(pages)
    if not is_judged_later:
        finish(out, html=html, config=config, history=history)
    return code


def finish(out: Path, *, html: bool, config: Path, history: str | None) -> None:
    """Make what tells of the whole run, once all is said of it: the latency report, and the HTML report that has it.

    Args:
        out: Where the run has left its results.
        html: Whether to build the HTML.
        config: The folder with Allure's configuration.
        history: Where it is kept; nowhere if None.
    """
    results = out / RESULTS
    if not results.exists():
        return
    lines = leave_latency(out, recordings=[out / RECORDINGS], results=results, history=history, told=told_by(out))
    if html:
        build_html(results, out, config=config)
    tell(lines)


def build_html(results: Path, out: Path, *, config: Path) -> None:
    """Make the HTML report, and say where it is, or why there is none.

    Args:
        results: What it is of.
        out: The folder for results and report.
        config: The folder with Allure's configuration.
    """
    nights = Path(os.environ.get("HARNESS_ALLURE_HISTORY") or out / NIGHTS)
    report = build(results, out / "html", config=config, history=nights)
    for remark in report.remarks:
        click.echo(f"report         {remark}")
    if report.path is None:
        click.echo(f"report         no HTML: {report.problem}")
    else:
        click.echo(f"report         {shown(report.path)}")
        click.echo(f"to open it     harness open {shlex.quote(shown(out))}")


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
