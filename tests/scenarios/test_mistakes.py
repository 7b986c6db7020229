"""Every planted mistake is told once, where it stands, in words that say what to do; they are in mistakes.txt.

A new mistake, or other words: look at the difference, and if it reads well, write the file anew with
`python -m tests.scenarios.test_mistakes`.
"""

import re
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.documents import DocumentError, Problem, read
from harness.scenarios.linting import Findings, lint, read_scripts
from harness.scenarios.loading import Library
from harness.scenarios.schema import SCHEMAS
from tests.scenarios.mistakes import FILE, MISTAKES, Mistake

GOLDEN = Path(__file__).parent / "mistakes.txt"
SCHEMA = Draft202012Validator(SCHEMAS["scenario"]())


def found(mistake: Mistake, folder: Path) -> tuple[Findings, set[tuple[str, int, int]]]:
    """What is found in the files of a mistake, and where something is to be found."""
    places = mistake.write(folder)
    with chdir(folder):
        return lint([Path()]), places


def told(mistake: Mistake, folder: Path) -> str:
    """What a person reads."""
    findings, _ = found(mistake, folder)
    with chdir(folder):
        return "\n".join(map(str, findings.problems))


def sections() -> dict[str, str]:
    """The words in the file, by mistake."""
    parts = GOLDEN.read_text(encoding="utf-8").split("=== ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].strip("\n") for part in parts}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_once_and_where_it_stands(name: str, tmp_path: Path) -> None:
    """File, line and column of each, and of nothing else."""
    findings, places = found(MISTAKES[name], tmp_path)
    problems = [(str(one.path.relative_to(tmp_path.resolve())), one.line, one.column) for one in findings.problems]
    assert problems == sorted(places)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_reads_as_it_should(name: str, tmp_path: Path) -> None:
    """Word for word."""
    assert told(MISTAKES[name], tmp_path) == sections()[name]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_schema_sees_what_can_be_seen_of_a_file_by_itself(name: str, tmp_path: Path) -> None:
    """So that an editor does; what takes reasoning is for the linter."""
    MISTAKES[name].write(tmp_path)
    try:
        document = read(tmp_path / FILE)
    except DocumentError:
        assert not MISTAKES[name].seen
    else:
        assert SCHEMA.is_valid(document.data) != MISTAKES[name].seen


def test_the_file_has_no_mistake_that_nobody_makes() -> None:
    """And at least the forty that there must be."""
    assert list(sections()) == list(MISTAKES)
    assert len(MISTAKES) >= 40


VALID = r"""
# yaml-language-server: $schema=../schema/scenario.schema.json
scenario: An order status is streamed by the AI agent
about: The agent looks the order up, shows progress, streams the answer.
tags: [smoke, streaming]
severity: critical
owner: orders-qa
links: [{issue: BOT-142}, {tms: TC-17}]
persona: {locale: de_DE}
vars: {order: ORD-1001, state: "shipped ${made.number}"}
rules: {typing_stops: {severity: off, because: "BOT-77: never stops"}}
quarantine: {owner: qa, because: BOT-1, until: 2099-12-31}
rows:
  - {order: ORD-1001, state: shipped}
  - {order: ORD-2002, state: delayed}
steps:
  - open: {prechat: {FirstName: "${persona.first_name}"}, acknowledge: read}
  - expect:
      within: 5s
      sequence: [routed, joined: {role: chatbot}, message: /wie kann ich/i]
  - say: {text: "Wo ist ${order}?", as: question, words_per_minute: 200}
  - expect:
      within: 15s
      all:
        - sequence: [delivered: {of: question}, read]
        - sequence:
            - typing_started
            - optional: {progress: /suche/i}
            - reply:
                text: {contains: "${state}", not: {any_of: [a, /b/]}, length: {less: 200}}
                first_token: {max: 2s}
                gap: {max: 800ms, p95: 1s}
                stalls: {longer_than: 1s, at_most: 2}
                capture: {eta: '/kommt am (\S+)/'}
                as: answer
      never: [left, closed]
      latency: [{from: typing_started, to: answer, max: 10s}]
  - choose: {label: "Ja, danke"}
  - repeat: {times: 2, steps: [{say: "${eta}"}, wait: 500ms]}
  - when: {state: shipped, eta: /morgen/}
    then: [{run: {ask: {what: "${answer.text}"}}}]
    else: [drop: 2s, resume]
  - expect:
      any:
        - sequence: [message, left: {after_previous: {max: 1s}}, message: {cards: {has: {title: Gold}}}]
          then: [close]
        - quiet: {for: 2s, kinds: [message]}
          then: [{open: , as: friend}, {say: Hallo, as: rep}]
  - once: {repeat: {of: token, at_least: 3}}
"""
ASK = "fragment: ask\nparameters: {what: null, how: kindly}\nsteps:\n- say: ${what} ${how}\n"
TOKEN = re.compile(r"[\w.]+|\s+|[^\w\s]")
SCRAPS = [
    *[
        "",
        "[",
        "]",
        "{",
        "}",
        ":",
        ": ",
        ",",
        "-",
        "- ",
        "\n",
        "\t",
        "  ",
        "'",
        '"',
        "&a ",
        "*a",
        "!x ",
        "|",
        "#",
        "%",
        "?",
    ],
    *[
        "null",
        "5",
        "-1",
        "1.5",
        "true",
        "''",
        "5s",
        "${",
        "${order}",
        "${x.y}",
        "/",
        "/(/",
        "/a/g",
        "[]",
        "{}",
        "~",
        "<<",
    ],
    *["message", "expect", "then", "any", "as", "capture", "say", "open", "run", "---", "\x07", "é"],
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A scenario in which lines and words are missing, there twice, elsewhere or others."""
    text = VALID
    for _ in range(draw(st.integers(1, 4))):
        by_line = draw(st.booleans())
        parts = text.splitlines(keepends=True) if by_line else TOKEN.findall(text)
        if not parts:
            break
        at = draw(st.integers(0, len(parts) - 1))
        other = draw(st.sampled_from(parts) | st.sampled_from(SCRAPS))
        match draw(st.sampled_from(["delete", "twice", "replace", "indent"])):
            case "delete":
                del parts[at]
            case "twice":
                parts.insert(at, parts[at])
            case "replace":
                parts[at] = other
            case "indent":
                parts[at] = "  " + parts[at]
        text = "".join(parts)
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the scenario runs."""
    folder = tmp_path_factory.mktemp("mutated")
    (folder / "fragments").mkdir()
    (folder / "fragments" / "ask.yaml").write_text(ASK, encoding="utf-8")
    return folder


def test_the_scenario_that_is_mutated_is_valid(folder: Path) -> None:
    """Or its mutations would prove little."""
    (folder / FILE).write_text(VALID, encoding="utf-8")
    assert len(read_scripts(Library(folder), folder / FILE)) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated())
def test_no_text_is_a_surprise(text: str, folder: Path) -> None:
    """It is read, and valid, or its mistakes have places within their files, each told once."""
    path = folder / FILE
    path.write_bytes(text.encode())
    problems: tuple[Problem, ...] = ()
    try:
        scripts = read_scripts(Library(folder), path)
    except DocumentError as error:
        scripts, problems = [], error.problems
    assert bool(scripts) != bool(problems)
    assert not scripts or SCHEMA.is_valid(read(path).data)
    assert len(set(problems)) == len(problems)
    for problem in problems:
        lines = problem.path.read_bytes().decode().split("\n")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.what


def _write() -> None:
    words = []
    for name, mistake in MISTAKES.items():
        with TemporaryDirectory() as folder:
            words.append(f"=== {name}\n{told(mistake, Path(folder))}\n\n")
    GOLDEN.write_text("".join(words), encoding="utf-8")


if __name__ == "__main__":
    _write()
