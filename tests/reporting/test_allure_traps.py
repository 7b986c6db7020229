"""Every trap of Allure's pytest plugin, in plain tests: a run of pytest in a process of its own, and what it wrote.

Conversations have a file of their own (test_allure_conversations.py).
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.allure_tidy import MASKED

SECRET = "hunter2-and-more"
TESTS = '''
import os

import allure
import pytest
from pathlib import Path


@pytest.mark.parametrize("word", ["refund [en]", "refund [de]", "a::b", "a::c"])
def test_brackets(word):
    """A docstring."""


@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 1)])
def test_swapped(a, b):
    pass


@pytest.mark.parametrize("twin", ["same", "same", "other"])
def test_twins(twin):
    pass


class Thing:
    pass


@pytest.mark.parametrize("thing", [Thing(), Thing()], ids=["one", "two"])
def test_addresses(thing):
    pass


@pytest.mark.parametrize("password", [os.environ["PASSWORD"], os.environ["PASSWORD"] + "-too"])
def test_masked(password):
    allure.dynamic.parameter("password", password, mode=allure.parameter_mode.MASKED)
    with allure.step("log in with " + password):
        assert password == "", "wrong " + password


def test_excluded():
    allure.dynamic.parameter("seed", id(object()), excluded=True)


def test_colours():
    raise ValueError("\\x1b[31mred\\x1b[0m")


@pytest.fixture
def kettle(request):
    request.addfinalizer(lambda: None)
    yield "hot"


async def test_fixtures(kettle):
    pass


def test_wobbles():
    tried = Path("tried")
    if not tried.exists():
        tried.touch()
        raise AssertionError("not yet")


def test_never():
    raise AssertionError("never")
'''
TRIED_AGAIN = """
from _pytest.runner import runtestprotocol


def pytest_runtest_protocol(item, nextitem):
    for _ in range(2):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if not any(report.failed for report in reports):
            break
    return True
"""
"""What plugins that try failures again do: each try from the first hook to the last."""
RENAMED = TESTS.replace('ids=["one", "two"]', 'ids=["first", "second"]').replace(
    '["same", "same", "other"])', '["same", "same", "other"], ids=["x", "y", "z"])'
)


@dataclass(frozen=True)
class Written:
    """What a run wrote: results in the order of their names, containers, and all of it as one text."""

    results: list[dict[str, Any]]
    containers: list[dict[str, Any]]
    everything: str

    def of(self, test: str) -> list[dict[str, Any]]:
        """The results of a test, whatever its parameters, the first to begin first."""
        found = [one for one in self.results if one["fullName"] == f"test_traps#{test}"]
        return sorted(found, key=lambda one: one["start"])

    def ids(self, test: str) -> set[str]:
        """What the history of a test's results goes by."""
        return {one["historyId"] for one in self.of(test)}


def run(folder: Path, *arguments: str, tests: str = TESTS) -> Written:
    """Run the tests in a folder and read what Allure's plugin wrote."""
    (folder / "test_traps.py").write_text(tests)
    out = folder / "allure"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--alluredir={out}", "--clean-alluredir"]
    environment = {**os.environ, "PASSWORD": SECRET}
    subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
    files = [file for file in out.iterdir() if file.is_file()]
    results, containers = (
        [json.loads(file.read_text()) for file in files if file.name.endswith(f"-{kind}.json")]
        for kind in ("result", "container")
    )
    results.sort(key=lambda one: (one["fullName"], one["name"]))
    return Written(results, containers, "\n".join(file.read_text() for file in files))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A run in which failures are tried once more, and colours are asked for."""
    folder = tmp_path_factory.mktemp("once")
    (folder / "conftest.py").write_text(TRIED_AGAIN)
    return run(folder, "--color=yes")


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The next night: on two workers, and somebody has given the parameter sets other names."""
    return run(tmp_path_factory.mktemp("again"), "-n2", tests=RENAMED)


@pytest.mark.parametrize(
    ("test", "results"),
    [
        pytest.param("test_brackets", 4, id="brackets and colons"),
        pytest.param("test_swapped", 2, id="the same values, swapped"),
        pytest.param("test_twins", 3, id="equal values"),
        pytest.param("test_addresses", 2, id="objects that have no words"),
        pytest.param("test_masked", 2, id="values that nobody may read"),
    ],
)
def test_no_result_is_lost(written: Written, again: Written, test: str, results: int) -> None:
    """Each parameter set has an identity of its own, in both Allures, and keeps it from night to night."""
    assert len(written.ids(test)) == results
    assert {one["testCaseId"] for one in written.of(test)} == written.ids(test)  # Allure 3 goes by this one
    assert again.ids(test) == written.ids(test)


def test_what_is_chosen_changes_no_identity(tmp_path: Path, written: Written) -> None:
    """The second of two equal parameter sets is the second, also when the first is not run."""
    [only] = run(tmp_path, "test_traps.py::test_twins[same1]").results
    assert [one["historyId"] for one in written.of("test_twins") if one["name"].endswith("[same1]")] == [
        only["historyId"]
    ]


def test_values_are_shown_as_people_write_them(written: Written) -> None:
    """Without quotes, and without the address of an object."""
    shown = {one["value"] for result in written.of("test_brackets") for one in result["parameters"]}
    assert shown == {"refund [en]", "refund [de]", "a::b", "a::c"}
    assert "0x" not in json.dumps(written.of("test_addresses"))


def test_masked_values_are_in_no_file(written: Written) -> None:
    """Not in the parameter, which Allure's plugin writes in clear; nor in names, messages, traces, steps."""
    assert SECRET not in written.everything
    for result in written.of("test_masked"):
        assert [(one["name"], one["value"]) for one in result["parameters"]] == [("password", MASKED)]
        assert result["name"] == f"test_masked[{MASKED}]"
        assert result["steps"][0]["name"].startswith(f"log in with {MASKED}")
        assert f"wrong {MASKED}" in result["statusDetails"]["message"]


def test_what_does_not_count_changes_no_identity(written: Written, again: Written) -> None:
    """A parameter that is excluded, such as a seed."""
    assert written.ids("test_excluded") == again.ids("test_excluded")


def test_colours_of_the_terminal_stay_there(written: Written) -> None:
    """Where pytest was told to use them."""
    [first, _] = written.of("test_colours")
    assert first["statusDetails"]["message"] == "ValueError: red"
    assert "\\u001b" not in written.everything
    assert "\x1b" not in written.everything


def test_fixtures_of_others_are_not_shown(written: Written) -> None:
    """Event loops and finalizers without a name; what the tester wrote stays."""
    befores = {one["name"] for container in written.containers for one in container.get("befores", [])}
    afters = {one["name"] for container in written.containers for one in container.get("afters", [])}
    assert befores == {"kettle"}
    assert not {one for one in afters if "lambda" in one or one.startswith("_") or "loop" in one}


def test_the_plugins_own_mark_is_no_tag(written: Written) -> None:
    """Every coroutine would be tagged `asyncio`."""
    tags = {one["value"] for result in written.results for one in result["labels"] if one["name"] == "tag"}
    assert "asyncio" not in tags


def test_what_passes_when_it_is_tried_again_is_flaky(written: Written) -> None:
    """The passed try says so; the failed ones are its retries; what never passes is just failed."""
    failed, passed = written.of("test_wobbles")
    assert failed["status"] == "failed"
    assert passed["status"] == "passed"
    assert passed["statusDetails"] == {"message": "passed when it was tried again", "flaky": True}
    assert failed["historyId"] == passed["historyId"]
    assert [one["status"] for one in written.of("test_never")] == ["failed", "failed"]
    assert not any(one["statusDetails"].get("flaky") for one in written.of("test_never"))
    assert not any(one.get("statusDetails", {}).get("flaky") for one in written.of("test_swapped"))


def test_workers_that_run_everything_lose_nothing(tmp_path: Path) -> None:
    """With `--dist=each` every test has a result a worker, told apart by it."""
    written = run(tmp_path, "--dist=each", "--tx=2*popen", "-k", "test_swapped")
    assert len(written.results) == 4
    assert len(written.ids("test_swapped")) == 4
    assert {one["value"] for result in written.results for one in result["parameters"] if one["name"] == "worker"} == {
        "gw0",
        "gw1",
    }
