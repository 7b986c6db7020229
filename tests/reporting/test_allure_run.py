"""What Allure is told of a run as a whole: environment, executor, categories."""

import json
import re
from pathlib import Path

import pytest

from harness.reporting.allure_run import CATEGORIES, describe, executor
from harness.reporting.allure_tidy import short

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "owner/bots",
    "GITHUB_RUN_NUMBER": "17",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_WORKFLOW": "nightly",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://gitlab.example/bots",
    "CI_PIPELINE_IID": "17",
    "CI_JOB_NAME": "nightly",
    "CI_JOB_URL": "https://gitlab.example/bots/-/jobs/4711",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example/",
    "JOB_NAME": "nightly",
    "BUILD_NUMBER": "17",
    "BUILD_URL": "https://jenkins.example/job/nightly/17/",
}


@pytest.mark.parametrize(
    ("environ", "kind", "address"),
    [
        pytest.param(GITHUB, "github", "https://github.example/owner/bots/actions/runs/4711", id="GitHub"),
        pytest.param(GITLAB, "gitlab", "https://gitlab.example/bots/-/jobs/4711", id="GitLab"),
        pytest.param(JENKINS, "jenkins", "https://jenkins.example/job/nightly/17/", id="Jenkins"),
    ],
)
def test_a_build_server_is_known(environ: dict[str, str], kind: str, address: str) -> None:
    """With the number and the address of its build."""
    told = executor(environ)
    assert (told["type"], told["buildOrder"], told["buildName"]) == (kind, 17, "nightly #17")
    assert told["buildUrl"] == address
    assert told["reportName"] == "Conversations"


def test_a_run_by_hand_is_no_build() -> None:
    """Nothing is said that is not known."""
    assert executor({}) == {"name": "by hand", "type": "local", "reportName": "Conversations"}


def test_the_environment_is_a_file_of_properties(tmp_path: Path) -> None:
    """Signs that mean something there are marked; what is empty is left out."""
    describe(tmp_path, {"target": "staging", "target version": "1.2 = \\new\nline", "locale": ""}, {})
    assert (tmp_path / "environment.properties").read_text().splitlines() == [
        "target = staging",
        r"target\ version = 1.2 = \\new line",
    ]


def test_what_somebody_else_has_written_stays(tmp_path: Path) -> None:
    """A build server may know better."""
    (tmp_path / "executor.json").write_text("{}")
    describe(tmp_path, {"target": "staging"}, {})
    assert (tmp_path / "executor.json").read_text() == "{}"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "categories.json",
        "environment.properties",
        "executor.json",
    ]


def test_without_results_nothing_is_written(tmp_path: Path) -> None:
    """Nor is the folder made."""
    describe(tmp_path / "nowhere", {"target": "staging"}, {})
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("status", "message", "category"),
    [
        ("failed", "step 2, a.scenario.yaml:4: unexpected message", "bot"),
        ("failed", "step 2: it said 'Inconclusive: no'", "bot"),
        ("broken", "harness.errors.Inconclusive: step 2: can't be told\n  expected    message", "inconclusive"),
        ("broken", "XFAIL quarantined until\n\nharness.errors.Inconclusive: can't be told", "inconclusive"),
        ("broken", "harness.errors.TargetUnreachable: nobody answered", "service"),
        ("broken", "harness.errors.ServiceRefused: refused\ntried 2 times, at first: Inconclusive: no", "service"),
        ("broken", "harness.errors.StreamInterrupted: the event stream ended", "service"),
        ("broken", "harness.errors.RemoteProtocolError: 1 events could not be read", "service"),
        ("broken", "harness.errors.LocalProtocolError: open it first", "scenario"),
        ("broken", "TypeError: 'NoneType' object is not callable", "harness"),
        ("broken", "harness.errors.HarnessError: the sandbox did not start", "harness"),
        ("passed", None, None),
    ],
)
def test_failures_are_sorted_by_whose_fault_they_are(
    tmp_path: Path, status: str, message: str | None, category: str | None
) -> None:
    """The same by Allure 2, which fits whole messages, and by Allure 3, which looks for a part."""
    describe(tmp_path, {}, {})
    written = json.loads((tmp_path / "categories.json").read_text())
    assert [one["name"] for one in written] == [one["name"] for one in CATEGORIES]
    told = short(message or "")
    for fits in (re.fullmatch, re.search):
        found = [
            one["id"]
            for one in CATEGORIES
            if status in one["matchedStatuses"] and fits(str(one.get("messageRegex", r"[\s\S]*")), told)
        ]
        assert next(iter(found), None) == category
