"""The snippets of docs/scenarios.md can be played as they stand."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.expectations import spelled_matchers, spelling
from harness.scenarios import model
from harness.scenarios.scope import PERSONA
from harness.user.persona import MADE

DOCS = Path(__file__).parents[2] / "docs/scenarios.md"
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
AROUND = "scenario: snippet {}\nsteps:\n- open\n- expect: {{message: {{contains: Hello}}}}\n{}"


def test_every_snippet_holds(tmp_path: Path) -> None:
    """Whole scenarios as they are, steps between a greeting and nothing."""
    for number, snippet in enumerate(SNIPPETS):
        whole = snippet if snippet.startswith("scenario:") else AROUND.format(number, snippet)
        (tmp_path / f"snippet_{number}.scenario.yaml").write_text(whole, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{len(SNIPPETS) + 1} passed" in done.stdout  # the first has two rows


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(model.STEPS, id="steps"),
        pytest.param(spelled_matchers.OPERATORS, id="operators"),
        pytest.param(spelling.WORDS, id="patterns"),
        pytest.param(spelling.OPTIONS, id="options of a block"),
        pytest.param(set(spelling.REPLY) - set(spelling.EVENTS["message"]), id="checks of a reply"),
        pytest.param(PERSONA, id="facts of a persona"),
        pytest.param(MADE, id="things that are made up"),
        pytest.param(set(model.Scenario.model_fields), id="keys of a scenario"),
    ],
)
def test_every_word_of_the_language_is_told(words: Iterable[str]) -> None:
    """What a file may say is on the page."""
    page = re.sub(r"^```.*?^```", "", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", page))))
    assert set(words) - told == set()
