"""Bot files: what they mean, and what is said of mistakes."""

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.sandbox.bots import WORDS, Bot, BotFileError, Said, answer, load_bot, load_bots
from harness.sandbox.server import Sandbox

HEAD = "bot: Test Bot\ndeployment: Test\n"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        pytest.param(
            "greeting:\n- massage: Hello.",
            "4: greeting[0]: unknown step 'massage'; did you mean 'message'?",
            id="a misspelt step",
        ),
        pytest.param(
            "greeting:\n- dance: true",
            f"4: greeting[0]: unknown step 'dance'; known: {', '.join(WORDS)}",
            id="a step without a neighbour",
        ),
        pytest.param(
            "greeting:\n- message: Hello.\n- pause",
            f"5: greeting[1]: a step is one word with its value, not 'pause'; words: {', '.join(WORDS)}",
            id="a step that is only a word",
        ),
        pytest.param("turnz: []", "3: turnz: unknown key 'turnz'; did you mean 'turns'?", id="a misspelt key"),
        pytest.param(
            "turns:\n- when: hi\n  do:\n  - stream:\n      pieces: [a]\n      gapp: 10ms",
            "8: turns[0].do[0].stream.gapp: unknown key 'gapp'; did you mean 'gap'?",
            id="a misspelt key of a step",
        ),
        pytest.param(
            "greeting:\n- pause: 30",
            "4: greeting[0].pause: 30 is no duration; write it as 30ms or 1.5s",
            id="a duration without a unit",
        ),
        pytest.param(
            "greeting:\n- typing: begun",
            "4: greeting[0].typing: input should be 'started' or 'stopped', not 'begun'",
            id="a word that isn't one of two",
        ),
        pytest.param(
            "turns:\n- when: (\n  do: []",
            "4: turns[0].when: '(' is no regular expression: missing ), unterminated subpattern at position 0",
            id="a broken expression",
        ),
        pytest.param(
            "turns:\n- when: hi\n  otherwise: true\n  do: []",
            "4: turns[0]: a turn has one of when, choice, form, file, otherwise",
            id="two conditions",
        ),
        pytest.param("turns:\n- when: hi", "4: turns[0].do: this key is missing", id="a turn without steps"),
        pytest.param(
            "greeting:\n- stream: {pieces: [a, b], order: [0, 2]}",
            "4: greeting[0].stream: order must name each of 0 to 1 once, but is [0, 2]",
            id="an order of other pieces",
        ),
        pytest.param("replay: none.sse", "3: replay: there is no file", id="a recording that is not there"),
        pytest.param("greeting: [", "3: this is no YAML:", id="no YAML"),
        pytest.param("bot: Again", "3: this is no YAML: found duplicate key", id="a key twice"),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, script: str, problem: str) -> None:
    """The message names the file, the line, what is wrong, and the nearest word."""
    path = tmp_path / "test.bot.yaml"
    path.write_text(HEAD + script, encoding="utf-8")
    with pytest.raises(BotFileError) as caught:
        load_bot(path)
    assert str(caught.value).startswith(f"{path}:{problem}")
    assert caught.value.line == int(problem.partition(":")[0])
    assert isinstance(caught.value, HarnessError)


def test_a_file_must_be_there(tmp_path: Path) -> None:
    """A path that leads nowhere is an error before anything is served."""
    with pytest.raises(BotFileError) as caught:
        Sandbox([tmp_path / "none.bot.yaml"])
    assert str(caught.value) == f"{tmp_path / 'none.bot.yaml'}: there is no such bot file or folder"


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
