"""What is right is not complained of; what is wrong is in mistakes.py."""

import os
import re
from pathlib import Path

import pytest

from harness.documents import Problem
from harness.scenarios.checking import MOST_STEPS, check
from harness.scenarios.loading import Library
from tests.scenarios.mistakes import FILE, HEAD

DAY = "{capture: {day: '/on (.*)/'}}"


def problems(folder: Path, text: str, locale: str | None = None, **files: str) -> list[Problem]:
    """What is wrong with every script of a scenario."""
    (folder / FILE).write_text(text, encoding="utf-8")
    for name, more in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(more, encoding="utf-8")
    return [problem for one in Library(folder).scripts(folder / FILE) for problem in check(one, locale=locale)]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(["open", f"expect: {{message: {DAY}}}", "say: ${day}"], id="a capture that is used later"),
        pytest.param(
            ["open", f"expect: {{any: [message: {DAY}, progress: {DAY}]}}", "say: ${day}"],
            id="a capture of every branch",
        ),
        pytest.param(
            ["open", f"expect: {{any: [{{message: {DAY}, then: [say: '${{day}}']}}, left]}}"],
            id="a capture that is used in its branch",
        ),
        pytest.param(
            ["open", f"expect: {{any: [message: {DAY}, left]}}", "{when: {day: /Mon/}, then: [say: 'So soon?']}"],
            id="a condition on what may not be known",
        ),
        pytest.param(
            ["open", f"expect: {{repeat: {{of: {{message: {DAY}}}, at_least: 2}}}}", "say: ${day}"],
            id="a capture of a repetition",
        ),
        pytest.param(
            ["open", "expect: {message: {as: offer}}", "say: {text: '${offer.text}', in_reply_to: offer}"],
            id="an event with a name",
        ),
        pytest.param(
            ["open", "say: {text: Hello, as: hi}", "expect: {delivered: hi}", "say: 'I said ${hi.text}'"],
            id="something said with a name",
        ),
        pytest.param(
            ["open", "choose: {label: 'Yes', as: chosen}", "expect: {read: {of: chosen}}"], id="something chosen"
        ),
        pytest.param(["open", "close", "open", "say: Hello again"], id="open again after close"),
        pytest.param(["open", "close", "expect: closed", "wait: 1s"], id="looking on after close"),
        pytest.param(["open", "{open: , as: friend}", "{say: Hello, as: friend}"], id="two users"),
        pytest.param(["open", "{say: Hello, as: rep}", "{type: started, as: rep}", "{leave: , as: rep}"], id="a rep"),
        pytest.param(
            ["{when: {order: A}, then: [open], else: [open: {language: de_DE}]}", "say: Hello"], id="open on both ways"
        ),
        pytest.param(
            ["open", "{when: {order: A}, then: [close]}", "say: Hello"], id="close on one way, so nobody can be sure"
        ),
        pytest.param(
            [
                "open",
                f"repeat: {{until: {{day: /Mon/}}, at_most: 3, steps: [expect: {{message: {DAY}}}]}}",
                "say: ${day}",
            ],
            id="a capture of steps that are repeated",
        ),
        pytest.param(["open", "wait: ${pause}", "expect: {message: hi, within: '${limit}'}"], id="a duration in a row"),
        pytest.param(["open", "repeat: {times: '${times}', steps: [say: Hello]}"], id="a number in a row"),
        pytest.param(["open", "expect: {queue: {less: '${times}'}}"], id="a limit in a row"),
        pytest.param(["open", "expect: {message: hi, soft: '${flag}'}"], id="a flag in a row"),
        pytest.param(
            ["open", f"expect: {{message: {DAY}}}", "wait: ${day}", "expect: {queue: {greater: '${day}'}}"],
            id="a number that is only known later",
        ),
        pytest.param(
            ["open", f"expect: {{message: {DAY}}}", "expect: {message: {equals: 'on ${day}', contains: Monday}}"],
            id="what may exclude each other later",
        ),
        pytest.param(
            ["open", f"expect: {{message: {DAY}}}", "expect: {any: [message: '${day}', message: 'on ${day}']}"],
            id="branches that may be alike later",
        ),
        pytest.param(["open", "expect: {message: '/${order} (${order})/'}"], id="a name within an expression"),
        pytest.param(["open", "say: 'costs $${5'"], id="an escaped sign"),
        pytest.param(["open: {prechat: {a: '${made.uuid}', b: '${persona.email}'}}"], id="what is made up"),
        pytest.param(["open", "say: ${env.HOME_OF_TESTS}"], id="an environment variable"),
        pytest.param(["open", "say: ${catalogue.greeting}", "expect: {message: {one_of: greeting}}"], id="a catalogue"),
        pytest.param(["open", "expect: {message: {one_of: '${words}'}}"], id="a catalogue by a name"),
        pytest.param(
            ["open", "run: {ask: {what: 0}}", "run: {ask: {what: false, how: ''}}"], id="values that are little"
        ),
        pytest.param(
            ["open", "run: {ask: {what: '${order}'}}", "say: {text: '${answer.text}'}"], id="names of a fragment"
        ),
        pytest.param(
            ["open", "expect: [message, {optional: progress}, closed]"], id="something optional before the end"
        ),
        pytest.param(
            ["open", "expect: {all: [message, [typing_started, {optional: typing_stopped}]]}"],
            id="something optional meanwhile",
        ),
        pytest.param(["open", "expect: {any: [{message: hello}, message]}"], id="a branch for all the rest"),
        pytest.param(["open", "fill: {Full name: Ana, Topics: [Cards, Loans], Phone: null}"], id="a form"),
    ],
)
def test_what_is_right_is_not_complained_of(steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In no row."""
    monkeypatch.setitem(os.environ, "HOME_OF_TESTS", "here")
    head = f"{HEAD}rows: rows.csv\nvars: {{words: greeting}}\nsteps:\n"
    (tmp_path / "rows.csv").write_text("order,pause,limit,times,flag\nA,1s,5s,3,true\nB,2s,500ms,1,false\n")
    ask = "fragment: ask\nparameters: {what: null, how: '${persona.name}'}\nsteps:\n- say: ${what} ${how}\n"
    found = problems(
        tmp_path,
        head + "".join(f"- {step}\n" for step in steps),
        suite="environment: [HOME_OF_TESTS]",
        fragments__ask=f"{ask}- expect: {{message: {{as: answer}}}}\n",
        catalogues__words="greeting: {en_US: [Hello, /hi+/]}",
    )
    assert list(map(str, found)) == []


def test_every_row_is_checked(tmp_path: Path) -> None:
    """Each by its own values."""
    text = f"{HEAD}rows: [{{pause: 1s}}, {{pause: soon}}]\nsteps:\n- open\n- wait: ${{pause}}\n"
    assert [one.what for one in problems(tmp_path, text)] == ["'soon' is no duration; write it as 800ms, 5s or 2m"]


def test_every_locale_can_be_checked(tmp_path: Path) -> None:
    """Not the scenario's own alone."""
    text = f"{HEAD}persona: {{locale: en_GB}}\nsteps:\n- open\n- expect: {{message: {{one_of: greeting}}}}\n"
    words = "greeting: {en_GB: [Hello], de: [Hallo]}"
    assert problems(tmp_path, text, catalogues__words=words) == []
    assert problems(tmp_path, text, locale="de_AT", catalogues__words=words) == []
    [problem] = problems(tmp_path, text, locale="fr_FR", catalogues__words=words)
    assert problem.what == "the catalogue 'greeting' has nothing for the locale fr_FR; it has de, en_GB"


def test_fragments_can_not_blow_up(tmp_path: Path) -> None:
    """A few files of four lines each could ask for a million steps."""
    fragments = {
        f"fragments__{name}": f"fragment: {name}\nsteps:\n" + f"- run: {inner}\n" * 10
        for name, inner in zip("abcdef", "bcdefg", strict=True)
    }
    fragments["fragments__g"] = "fragment: g\nsteps: [say: Hello]\n"
    [problem] = problems(tmp_path, f"{HEAD}steps:\n- open\n- run: a\n", **fragments)
    assert re.fullmatch(rf".*:4:3: these are more than {MOST_STEPS:,} steps, .*", str(problem))


def test_mistakes_of_others_say_who_was_led_there(tmp_path: Path) -> None:
    """The step that runs a fragment, the scenario after whose steps a tear-down comes."""
    found = problems(
        tmp_path,
        f"{HEAD}steps:\n- open\n- run: outer\n",
        fragments__outer="fragment: outer\nsteps: [run: inner]\n",
        fragments__inner="fragment: inner\nsteps: [say: '${nobody}']\n",
        suite="teardown: [leave]\n",
    )
    assert [(one.path.name, one.during.rpartition("/")[2]) for one in found] == [
        ("inner.yaml", f"{FILE}:4"),
        ("suite.yaml", FILE),
    ]
    assert [one.during.split(" /")[0] for one in found] == ["run by", "after the steps of"]
