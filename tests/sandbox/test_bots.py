"""Bot files: what they mean, and what is said of mistakes."""

from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.errors import HarnessError
from harness.sandbox.bots import WORDS, Bot, Said, answer, load_bot, load_bots
from harness.sandbox.server import Sandbox

HEAD = "bot: Test Bot\ndeployment: Test\n"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        pytest.param(
            "greeting:\n- massage: Hello.", "4:3: 'massage' is no step; did you mean 'message'?", id="a misspelt step"
        ),
        pytest.param(
            "greeting:\n- dance: true",
            f"4:3: 'dance' is no step; known are {', '.join(sorted(WORDS))}",
            id="a step without a neighbour",
        ),
        pytest.param(
            "greeting:\n- message: Hello.\n- pause",
            "5:3: a step is one word with its value, such as message: Hello, not 'pause'",
            id="a step that is only a word",
        ),
        pytest.param(
            "greeting:\n- message: Hello.\n  pause: 30ms",
            "5:3: a step is one word, here are message and pause; give each a dash",
            id="a step with two words",
        ),
        pytest.param("turnz: []", "3:1: unknown key 'turnz'; did you mean 'turns'?", id="a misspelt key"),
        pytest.param(
            "turns:\n- when: hi\n  do:\n  - stream:\n      pieces: [a]\n      gapp: 10ms",
            "8:7: unknown key 'gapp'; did you mean 'gap'?",
            id="a misspelt key of a step",
        ),
        pytest.param(
            "greeting:\n- form: {titel: Details, fields: [{label: Name, typ: text}]}",
            "4:10: unknown key 'titel'; did you mean 'title'?\n4:49: unknown key 'typ'; did you mean 'type'?",
            id="several misspelt keys",
        ),
        pytest.param(
            "greeting:\n- pause: 30", "4:10: 30 is no duration; write it as 800ms, 5s or 2m", id="no unit of a duration"
        ),
        pytest.param(
            "greeting:\n- typing: begun",
            "4:11: wanted one of started, stopped, not 'begun'",
            id="a word that isn't one of two",
        ),
        pytest.param(
            "turns:\n- when: (\n  do: []",
            "4:9: '(' is no regular expression: missing ), unterminated subpattern at position 0",
            id="a broken expression",
        ),
        pytest.param(
            "turns:\n- when: hi\n  otherwise: true\n  do: []",
            "4:3: a turn has one of when, choice, form, file, otherwise",
            id="two conditions",
        ),
        pytest.param("turns:\n- when: hi", "4:3: 'do' is missing here", id="a turn without steps"),
        pytest.param(
            "greeting:\n- stream: {pieces: [a, b], order: [0, 2]}",
            "4:11: order must name each of 0 to 1 once, but is [0, 2]",
            id="an order of other pieces",
        ),
        pytest.param(
            "faults:\n- drop\n- half fase=send",
            "5:3: in the fault 'half fase=send': half takes no 'fase'; did you mean 'phase'?",
            id="a misspelt word of a fault",
        ),
        pytest.param(
            "faults: [{drop: true}]",
            "3:10: a fault is written as drop phase=streaming, not a mapping with 'drop'",
            id="a fault that is no text",
        ),
        pytest.param("faults: drop", "3:9: wanted a list, not 'drop'; write [drop]", id="faults that are no list"),
        pytest.param("replay: none.sse", "3:9: there is no file none.sse beside this one", id="no recording"),
        pytest.param("greeting: [", "3:12: the file ends within a list or mapping; close it with ] or }", id="no YAML"),
        pytest.param(
            "bot: Again", "3:1: 'bot' stands here twice, first on line 1; keep one of the two", id="a key twice"
        ),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, script: str, problem: str) -> None:
    """Every message names the file, the line, the column, what is wrong, and the nearest word."""
    path = tmp_path / "test.bot.yaml"
    path.write_text(HEAD + script, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_bot(path)
    assert str(caught.value) == "\n".join(f"{path}:{line}" for line in problem.splitlines())
    assert isinstance(caught.value, HarnessError)


def test_a_file_must_be_there(tmp_path: Path) -> None:
    """A path that leads nowhere is an error before anything is served."""
    with pytest.raises(DocumentError) as caught:
        Sandbox([tmp_path / "none.bot.yaml"])
    assert str(caught.value) == f"{tmp_path / 'none.bot.yaml'}:1:1: there is no such bot file or folder"


def test_the_shipped_bots_are_there() -> None:
    """Six deployments, each with something about it."""
    bots = load_bots()
    names = ("Assistant", "Bank", "Desk", "Menu", "Night", "Replay")
    assert set(bots) == {f"Harbour_{name}" for name in names}
    assert all(bot.about for bot in bots.values())


def test_a_given_bot_replaces_a_shipped_one(tmp_path: Path) -> None:
    """Files and folders are added; the same deployment replaces."""
    (tmp_path / "mine.bot.yaml").write_text("{bot: Mine, deployment: Harbour_Menu}", encoding="utf-8")
    (tmp_path / "notes.yaml").write_text("no bot", encoding="utf-8")
    for source in (tmp_path, tmp_path / "mine.bot.yaml"):
        bots = load_bots([source])
        assert (len(bots), bots["Harbour_Menu"].bot) == (6, "Mine")


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        pytest.param("Where is ORDER 7?", ("order", {"number": "7"}), id="an expression, whatever the case"),
        pytest.param("yes, please", ("choice", {}), id="a label, whatever the case"),
        pytest.param("yes, please do", ("otherwise", {}), id="a label is said as a whole"),
        pytest.param("nothing", ("otherwise", {}), id="the last resort"),
    ],
)
def test_the_first_turn_that_fits_answers(said: str, fits: tuple[str, dict[str, str]]) -> None:
    """Turns are asked one after the other."""
    turns = Bot.model_validate(
        {
            "bot": "Test",
            "deployment": "Test",
            "turns": [
                {"when": r"order (?P<number>\d+)", "do": [{"message": "order"}]},
                {"choice": "Yes, please", "do": [{"message": "choice"}]},
                {"otherwise": True, "do": [{"message": "otherwise"}]},
                {"when": "nothing", "do": [{"message": "never"}]},
            ],
        }
    ).turns
    found = answer(turns, Said("1", said))
    assert found is not None
    turn, captured = found
    assert (turn.do[0].model_dump(), captured) == ({"message": fits[0]}, fits[1])
