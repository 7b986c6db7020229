"""What Allure is told of a run as a whole: where it ran, who ran it, how its failures are sorted.

Three small files beside the results, in the form that Allure 2 reads as well. Not here: single results (allure.py).
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT, EXECUTOR, CATEGORIES_FILE = "environment.properties", "executor.json", "categories.json"

_BEGINS = r"^(?:XFAIL [\s\S]*?\n\n)?(?:{}): [\s\S]*"

CATEGORIES = (
    {"id": "bot", "name": "The bot did something else", "matchedStatuses": ["failed"]},
    {
        "id": "inconclusive",
        "name": "Inconclusive: the harness was too busy to tell",
        "matchedStatuses": ["broken"],
        "messageRegex": _BEGINS.format("Inconclusive"),
    },
    {
        "id": "service",
        "name": "No verdict: trouble with the service",
        "matchedStatuses": ["broken"],
        "messageRegex": _BEGINS.format("TargetUnreachable|ServiceRefused|StreamInterrupted|RemoteProtocolError"),
    },
    {
        "id": "scenario",
        "name": "No verdict: the scenario asks for the impossible",
        "matchedStatuses": ["broken"],
        "messageRegex": _BEGINS.format("LocalProtocolError"),
    },
    {"id": "harness", "name": "No verdict: trouble with the harness or the test", "matchedStatuses": ["broken"]},
)
"""Whose fault a failure is, in the words of errors.py; the first that fits counts. Patterns fit whole messages."""


def describe(results: Path, facts: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> None:
    """Write the files of a run that has ended; what somebody else has written there already, stays.

    Args:
        results: Allure's results.
        facts: What the run depended on, by name; empty ones are left out.
        environ: The process's environment, which says who runs it.
    """
    if not results.is_dir():  # nothing was reported
        return
    lines = "".join(f"{_escaped(name)} = {_one_line(value)}\n" for name, value in facts.items() if value)
    _write(results / ENVIRONMENT, lines)
    _write(results / EXECUTOR, _json(executor(environ)))
    _write(results / CATEGORIES_FILE, _json([{k: v for k, v in one.items() if k != "id"} for one in CATEGORIES]))


def executor(environ: Mapping[str, str]) -> dict[str, str | int]:
    """Who runs the tests, as Allure's `executor.json` says it: a known build server, or somebody at a machine.

    Source: allurereport.org, "Executor file"; the servers' own lists of predefined variables.
    """
    get = environ.get
    if get("GITHUB_ACTIONS") == "true":
        home = f"{get('GITHUB_SERVER_URL', 'https://github.com')}/{get('GITHUB_REPOSITORY', '')}"
        told = {
            "name": "GitHub Actions",
            "type": "github",
            "url": home,
            "buildOrder": get("GITHUB_RUN_NUMBER", ""),
            "buildName": f"{get('GITHUB_WORKFLOW', 'run')} #{get('GITHUB_RUN_NUMBER', '')}",
            "buildUrl": f"{home}/actions/runs/{get('GITHUB_RUN_ID', '')}",
        }
    elif get("GITLAB_CI") == "true":
        told = {
            "name": "GitLab CI",
            "type": "gitlab",
            "url": get("CI_PROJECT_URL", ""),
            "buildOrder": get("CI_PIPELINE_IID", ""),
            "buildName": f"{get('CI_JOB_NAME', 'job')} #{get('CI_PIPELINE_IID', '')}",
            "buildUrl": get("CI_JOB_URL", ""),
        }
    elif get("JENKINS_URL"):
        told = {
            "name": "Jenkins",
            "type": "jenkins",
            "url": get("JENKINS_URL", ""),
            "buildOrder": get("BUILD_NUMBER", ""),
            "buildName": f"{get('JOB_NAME', 'job')} #{get('BUILD_NUMBER', '')}",
            "buildUrl": get("BUILD_URL", ""),
        }
    else:
        told = {"name": "by hand", "type": "local"}
    told["reportName"] = "Conversations"
    return {
        key: int(value) if key == "buildOrder" and value.isdecimal() else value for key, value in told.items() if value
    }


def _write(path: Path, text: str) -> None:
    if text and not path.exists():
        path.write_text(text, encoding="utf-8")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace(" ", "\\ ").replace(":", "\\:").replace("=", "\\=")


def _one_line(value: str) -> str:
    return " ".join(value.split()).replace("\\", "\\\\")
