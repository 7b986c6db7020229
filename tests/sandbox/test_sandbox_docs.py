"""docs/sandbox.md says what is so."""

import re
import subprocess
import sys
from pathlib import Path

from harness.sandbox.bots import load_bot
from harness.sandbox.faults import FINALS, KINDS, LINES, OPERATIONS, PHASES, REQUESTS, STOPS, TOLD, Kind, parse_one

DOCS = Path(__file__).parents[2] / "docs/sandbox.md"
PAGE = DOCS.read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
GROUPS = {
    "of a request": REQUESTS,
    "of a connection": LINES,
    "of what is told": TOLD,
    "of what the bot says": {**FINALS, **STOPS},
}


def table() -> str:
    """The tables of kinds, as they ought to stand there."""
    lines = []
    for title, kinds in GROUPS.items():
        lines += ["", f"| {title} | what happens | phases |", "|---|---|---|"]
        lines += [f"| {_own(word, kind)} | {kind.about} | {_phases(kind)} |" for word, kind in kinds.items()]
    return "\n".join(lines)


def _own(word: str, kind: Kind) -> str:
    own = str(parse_one(word))
    assert own == word
    said = [f"`{'for' if name == 'seconds' else name}={_value(name, value)}`" for name, value in kind.takes.items()]
    return " ".join([f"`{word}`", *said])


def _value(name: str, value: object) -> str:
    return "…" if value is None else f"{value:g}s" if name == "seconds" else str(value)


def _phases(kind: Kind) -> str:
    return (
        "all"
        if kind.phases == PHASES
        else "all but `token`"
        if kind.phases == PHASES[1:]
        else ("from `create` on" if kind.phases == PHASES[2:] else ", ".join(f"`{phase}`" for phase in kind.phases))
    )


def test_the_kinds_are_those_that_there_are() -> None:
    """The tables between the two comments are made from the code."""
    between = PAGE.partition("<!-- kinds -->\n")[2].partition("\n<!-- end of kinds -->")[0]
    assert between.strip() == table().strip(), f"put this between the comments of {DOCS.name}:\n{table()}"


def test_every_phase_is_told() -> None:
    """In its table."""
    assert [word for word in re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) if word in PHASES] == list(PHASES)


def test_every_fault_it_names_is_one() -> None:
    """Wherever it stands on the page."""
    words = "|".join(KINDS)
    named = re.findall(rf"(?<![\w`])(?:{words})(?: [\w]+=[\w.]+)+", PAGE)
    assert len(named) > 8
    for text in named:
        parse_one(text)
    assert set(re.findall(r"on=(\w+)", PAGE)) & set(OPERATIONS)


def test_the_bot_can_be_loaded_and_the_scenario_holds(tmp_path: Path) -> None:
    """As they stand."""
    bot, scenario = SNIPPETS
    (tmp_path / "shaky.bot.yaml").write_text(bot, encoding="utf-8")
    assert len(load_bot(tmp_path / "shaky.bot.yaml").faults) == 2
    (tmp_path / "one.scenario.yaml").write_text(scenario, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
