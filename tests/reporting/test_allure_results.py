"""Folders of results that others have been at, the nights before, and what is known: in the report that is built."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.allure_html import HtmlReport, build
from harness.reporting.allure_results import look
from harness.reporting.allure_run import describe

CONFIG = Path(__file__).parents[2] / "reports" / "allure"


def write(folder: Path, name: str, status: str = "passed", message: str = "", night: int = 1, **more: Any) -> None:
    """A result, as the harness writes it."""
    folder.mkdir(exist_ok=True)
    result = {
        "uuid": f"{name}-{night}",
        "historyId": name,
        "testCaseId": name,
        "fullName": f"a.scenario.yaml#{name}",
        "name": name,
        "status": status,
        "start": 1_700_000_000_000 + night * 86_400_000,
        "stop": 1_700_000_001_000 + night * 86_400_000,
        "labels": [{"name": "suite", "value": "a"}],
        **more,
    }
    if message:
        result["statusDetails"] = {"message": message}
    (folder / f"{result['uuid']}-result.json").write_text(json.dumps(result))


def made(report: HtmlReport) -> list[dict[str, Any]]:
    """The tests of a report, by name."""
    assert report.problem is None
    assert report.path is not None
    files = (report.path.parent / "data" / "test-results").glob("*.json")
    return sorted((json.loads(file.read_text()) for file in files), key=lambda one: str(one["name"]))


FOREIGN = {
    "broken-result.json": b"{broken",
    "list-result.json": b"[1, 2]",
    "shapeless-result.json": b'{"uuid": 5, "name": {"a": 1}, "steps": 7}',
    "binary-result.json": b"\xff\xfe\x00",
    "nested-result.json": b"[" * 100_000,
    "half-result.json.tmp": b'{"uuid": "x"',
    "broken-container.json": b"nope",
    "executor.json": b"{",
    "thesis.txt": b"A thesis.",
    "junit.xml": b'<testsuites><testsuite name="f"><testcase name="of another tool"/></testsuite></testsuites>',
    "photo.png": bytes(range(256)),
}


def test_foreign_files_are_said_in_a_sentence_and_the_rest_is_reported(tmp_path: Path) -> None:
    """Nothing of them is in the report, and nothing of ours is missing."""
    results = tmp_path / "allure-results"
    attached = {"name": "notes", "source": "notes.md", "type": "text/markdown"}
    step = {"name": "open", "status": "passed", "attachments": [attached]}
    write(results, "ours", steps=[step])
    (results / "notes.md").write_text("ours, though its name is its own")
    for name, content in FOREIGN.items():
        (results / name).write_bytes(content)
    (results / "folder").mkdir()
    report = build(results, tmp_path / "html", config=CONFIG)
    assert report.remarks == (
        "'binary-result.json', 'broken-container.json', 'broken-result.json' and 9 more in allure-results are no "
        "Allure results and were left out",
    )
    assert [one["name"] for one in made(report)] == ["ours"]
    assert [one.name for one in (tmp_path / "html" / "data" / "attachments").iterdir()] != []
    assert sorted(one.name for one in results.iterdir())[:2] == ["binary-result.json", "broken-container.json"]


def test_one_foreign_file_is_named(tmp_path: Path) -> None:
    """In the words for one."""
    write(tmp_path / "results", "ours")
    (tmp_path / "results" / "thesis.txt").touch()
    assert look(tmp_path / "results").complaint == "'thesis.txt' in results is no Allure result and was left out"


def test_what_belongs_there_is_not_complained_of(tmp_path: Path) -> None:
    """Attachments by whatever name, containers, what is said of the run, metrics."""
    folder = tmp_path / "results"
    write(folder, "ours", attachments=[{"name": "a", "source": "b.bin", "type": "x"}])
    fixture = {"name": "kettle", "attachments": [{"name": "c", "source": "d.txt", "type": "text/plain"}]}
    (folder / "1-container.json").write_text(json.dumps({"uuid": "1", "befores": [fixture]}))
    (folder / "2-perf.json").write_text("[]")
    for name in ("b.bin", "d.txt"):
        (folder / name).touch()
    describe(folder, {"target": "sandbox"}, {})
    assert look(folder).foreign == []


def test_nights_make_a_trend(tmp_path: Path) -> None:
    """A test knows how it ended the nights before; the same night built twice is one night."""
    nights = tmp_path / "kept" / "nights.jsonl"
    for night, status in [(1, "passed"), (2, "failed"), (3, "passed")]:
        results = tmp_path / f"results-{night}"
        write(results, "the bot greets", status, "it did not" if status == "failed" else "", night)
        for _ in range(2):
            report = build(results, tmp_path / "html", config=CONFIG, history=nights)
            assert report.remarks == ()
    assert len(nights.read_text().splitlines()) == 3
    [test] = made(report)
    assert [one["status"] for one in test["history"]] == ["failed", "passed"]
    assert test["transition"] == "fixed"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["html", "kept", "results-1", "results-2", "results-3"]
    assert [one.name for one in nights.parent.iterdir()] == ["nights.jsonl"]


def test_a_broken_night_is_left_out(tmp_path: Path) -> None:
    """Said in a sentence; the report and the other nights are made of what there is."""
    nights = tmp_path / "nights.jsonl"
    write(tmp_path / "results", "the bot greets")
    build(tmp_path / "results", tmp_path / "html", config=CONFIG, history=nights)
    with nights.open("ab") as file:
        file.write(b'{"uuid": "x", "testResults": 5}\n{half\n\xff\n')
    write(tmp_path / "next", "the bot greets", night=2)
    report = build(tmp_path / "next", tmp_path / "html", config=CONFIG, history=nights)
    assert report.remarks == ("3 of 4 nights in nights.jsonl can't be read and were left out",)
    assert [len(one["history"]) for one in made(report)] == [1]
    assert len(nights.read_text().splitlines()) == 2


def test_nights_are_kept_though_a_report_can_not_be_built(tmp_path: Path) -> None:
    """They are changed in one move, after everything else went well."""
    nights = tmp_path / "nights.jsonl"
    nights.write_text("precious\n")
    report = build(tmp_path / "nowhere", tmp_path / "html", config=CONFIG, history=nights)
    assert report.path is None
    assert nights.read_text() == "precious\n"


@pytest.fixture(scope="module")
def sorted_out(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """A report of failures of every kind, with a known issue."""
    folder = tmp_path_factory.mktemp("sorted")
    quarantined = [{"name": "quarantine", "value": "until 2099-12-31 by porters: BOT-1: says never"}]
    for name, status, message, labels in [
        ("bot", "failed", "step 2: unexpected message", []),
        ("busy", "broken", "Inconclusive: can't be told", []),
        ("down", "broken", "TargetUnreachable: nobody answered", []),
        ("known", "failed", "step 3: BOT-7 the carousel is empty", []),
        ("muted", "failed", "step 4: says never", quarantined),
        ("well, though in quarantine", "passed", "", quarantined),
    ]:
        write(folder / "results", name, status, message, labels=labels)
    config = folder / "config"
    shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("node_modules", ".node_modules-*"))
    build(folder / "results", folder / "first", config=CONFIG)  # fetches the generator, where it is not there yet
    (config / "node_modules").symlink_to(CONFIG / "node_modules", target_is_directory=True)
    known = {
        "links": {"bug": {"urlTemplate": "https://bugs.example/%s"}},
        "rules": [
            {"resolution": "issue", "issue": {"id": "BOT-7", "type": "bug"}, "messageRegexp": "the carousel is empty"}
        ],
    }
    (config / "known-issues.json").write_text(json.dumps(known))
    return made(build(folder / "results", folder / "html", config=config))


def test_failures_are_sorted_in_the_report(sorted_out: list[dict[str, Any]]) -> None:
    """What the bot did, what could not be told, what kept us from telling."""
    sorted_by = {one["name"]: [category["name"] for category in one.get("categories") or []] for one in sorted_out}
    assert sorted_by == {
        "bot": ["The bot did something else"],
        "busy": ["Inconclusive: the harness was too busy to tell"],
        "down": ["No verdict: trouble with the service"],
        "known": ["The bot did something else"],
        "muted": ["The bot did something else"],
        "well, though in quarantine": [],
    }


def test_known_issues_and_quarantine_are_resolutions(sorted_out: list[dict[str, Any]]) -> None:
    """With the issue, or with who put it there and why; nothing that passed is muted."""
    assert {one["name"]: (one.get("resolution"), one.get("resolutionComment")) for one in sorted_out} == {
        "bot": (None, None),
        "busy": (None, None),
        "down": (None, None),
        "known": ("issue", None),
        "muted": ("muted", "until 2099-12-31 by porters: BOT-1: says never"),
        "well, though in quarantine": (None, None),
    }
