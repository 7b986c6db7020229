"""What scenario files take from the folders above them, and from the command line."""

from pathlib import Path

import pytest

from tests.plugin.gateway import Gateway
from tests.plugin.night import night, scenario, write


def short(name: str, word: str, answer: str, more: str = "about: nothing more") -> str:
    """A scenario file whose suite opens the conversation: one question and its answer."""
    return f"scenario: {name}\n{more}\nsteps:\n  - say: {word}\n  - expect: {{{answer}}}\n  - wait: 100ms\n"


SUITES = {
    "suite.yaml": """\
deployment: Night
within: 5s
tags: [outer]
rules: {stream_faithful: {severity: "off", because: "BOT-2: the bar"}}
setup:
  - open
  - expect: {message: Good evening.}
teardown:
  - say: endless 2
""",
    "inner/suite.yaml": """\
within: 200ms
strict: true
tags: [inner]
setup:
  - say: room 1
  - expect: {message: /floor 1/}
teardown:
  - say: endless 3
""",
    "a.scenario.yaml": short("unfaithful", "false news", "message: The bar is closed."),
    "b.scenario.yaml": short("patient", "slow", "message: At last."),
    "c.scenario.yaml": short("lenient", "quick", "delivered: "),
    "d.scenario.yaml": short("wrong", "quick", "message: Never."),
    "inner/a.scenario.yaml": short("in order", "quick", "message: At once."),
    "inner/b.scenario.yaml": short("impatient", "slow", "message: At last."),
    "inner/c.scenario.yaml": short("strict", "quick", "delivered: ", "within: 5s"),
    "inner/d.scenario.yaml": short("lenient again", "quick", "delivered: ", "within: 5s\nstrict: false"),
    "inner/e.scenario.yaml": short(
        "unfaithful again",
        "false news",
        "message: The bar is closed.",
        'within: 5s\nrules: {stream_faithful: {severity: error, because: "BOT-3"}}',
    ),
}


async def test_suites_speak_for_the_scenarios_below(tmp_path: Path, gateway: Gateway) -> None:
    """The nearest first; set-ups from the outside in, teardowns from the inside out, also after a failure."""
    write(tmp_path, SUITES)
    done = await night(tmp_path, gateway=gateway)
    assert done.verdicts == {
        "unfaithful": "passed",
        "patient": "passed",
        "lenient": "passed",
        "wrong": "failure",
        "in order": "passed",
        "impatient": "failure",
        "strict": "failure",
        "lenient again": "passed",
        "unfaithful again": "failure",
    }
    reasons = {name: (case[0].text or "") for name, case in done.junit.items() if len(case)}
    assert "wanted text 'Never.', saw 'At once.'" in reasons["wrong"]
    assert "not complete 0.2 s after the user's move" in reasons["impatient"]
    assert "1 message that no expectation took" in reasons["strict"]
    assert "1 broken rules of the channel\nstream_faithful" in reasons["unfaithful again"]

    def said(name: str) -> list[str]:
        return [step["name"] for step in done.results[name]["steps"] if step["name"].startswith(("open", "say"))]

    opened = "open a conversation with Night"
    assert said("in order") == [opened, "say 'room 1'", "say 'quick'", "say 'endless 3'", "say 'endless 2'"]
    assert said("wrong") == [opened, "say 'quick'", "say 'endless 2'"]
    tags = {one["value"] for one in done.results["in order"]["labels"] if one["name"] == "tag"}
    assert tags == {"outer", "inner"}


LOCALES = {
    "catalogues/words.yaml": """\
question: {en_US: [quick], de: [slow]}
answer: {en_US: [At once., Right away.], de_DE: [Gleich., At last.]}
""",
    "a.scenario.yaml": scenario("asked", "say: ${catalogue.question}", "expect: {message: {one_of: answer}}"),
    "b.scenario.yaml": scenario(
        "greeted", "say: room 7", "say: ${persona.locale}", more="persona: {locale: de_DE, first_name: Ada}"
    ),
}
"""Two languages; the words are the porter's."""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param([], {"asked": "quick", "greeted": "de_DE"}, id="as the files say"),
        pytest.param(["--locale=de_DE"], {"asked": "slow", "greeted": "de_DE"}, id="in another locale"),
    ],
)
async def test_one_scenario_is_played_in_several_languages(
    tmp_path: Path, gateway: Gateway, options: list[str], said: dict[str, str]
) -> None:
    """What is said and expected comes from catalogues."""
    write(tmp_path, LOCALES)
    done = await night(tmp_path, *options, gateway=gateway)
    assert done.code == 0, done.terminal
    for name, words in said.items():
        assert f"say '{words}'" in [step["name"] for step in done.results[name]["steps"]]


async def test_a_language_that_a_catalogue_lacks_is_a_mistake(tmp_path: Path, gateway: Gateway) -> None:
    """Told before anything is sent."""
    write(tmp_path, LOCALES)
    done = await night(tmp_path, "--locale=fr_FR", gateway=gateway)
    assert done.code == 2
    assert "the catalogue 'question' has nothing for the locale fr_FR; it has de, en_US" in done.terminal
    assert gateway.seen == []
