"""Scenario files as pytest tests: what they are called, how they are chosen, what is told of them and where."""

import re
from pathlib import Path

import pytest

from tests.plugin.gateway import Gateway
from tests.plugin.night import QUICK, WRONG, Night, asks, night, scenario, write

ROOMS = scenario(
    "A guest [asks] for a room::v1.2, or two/three",
    *asks("room ${room}", "/^Room ${room} is/"),
    more="""\
about: "Rooms are asked for by number."
tags: [smoke, front-desk]
severity: critical
owner: porters
links: [{issue: BOT-142}, {tms: TC-17}, {link: "https://night.example/rooms"}]
rows:
  - {room: 12, guest: Ada}
  - {room: 13, guest: "Bob [the] builder: jr/sr"}
  - {room: 13, guest: "Bob [the] builder: jr/sr"}""",
)
BELL = scenario("The bell is answered", *QUICK, more="tags: [smoke]")
LOST = scenario("Something is lost", *QUICK, *WRONG, "close", more="tags: [lost]")
FILES = {
    "pytest.ini": "[pytest]\naddopts = --strict-markers --strict-config\n",
    "suite/a_lost.scenario.yaml": LOST,
    "suite/bell.scenario.yaml": BELL,
    "suite/v1.2/rooms.scenario.yaml": ROOMS,
}
ROW = "A guest (asks) for a room:v1.2, or two/three"
IDS = [
    "suite/a_lost.scenario.yaml::Something is lost",
    "suite/bell.scenario.yaml::The bell is answered",
    f"suite/v1.2/rooms.scenario.yaml::{ROW}[12-Ada]",
    f"suite/v1.2/rooms.scenario.yaml::{ROW}[13-Bob the builder jr/sr]",
    f"suite/v1.2/rooms.scenario.yaml::{ROW}[13-Bob the builder jr/sr #2]",
]


async def ids(folder: Path, *arguments: str) -> list[str]:
    """The ids that pytest collects; nobody is talked to, or the target's address would be complained of."""
    done = await night(
        folder,
        "--collect-only",
        "-q",
        "--target=http://nobody.invalid",
        "--org-id=00DHb0000004QkL",
        "--deployment=Nobody",
        *arguments,
    )
    assert "nobody.invalid" not in done.terminal
    return [line for line in done.terminal.splitlines() if "::" in line]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        pytest.param([], IDS, id="all"),
        pytest.param(["-k", "bell or Ada"], [IDS[1], IDS[2]], id="by words of their names"),
        pytest.param(["-k", "front-desk and not builder"], [IDS[2]], id="by tags as words"),
        pytest.param(["-m", "smoke and not front-desk"], [IDS[1]], id="by tags as marks"),
        pytest.param([IDS[3], IDS[1]], [IDS[3], IDS[1]], id="by ids"),
        pytest.param(["suite/v1.2/rooms.scenario.yaml::" + ROW], IDS[2:], id="all rows by the id without a row"),
        pytest.param(["--allure-severities=critical"], IDS[2:], id="by severity"),
    ],
)
async def test_scenarios_are_chosen_as_tests_are(tmp_path: Path, arguments: list[str], chosen: list[str]) -> None:
    """Every row has an id of its own, which says what is in the row; nothing is started to find that out."""
    write(tmp_path, FILES)
    assert await ids(tmp_path, *arguments) == chosen


async def test_what_failed_last_is_played_again(tmp_path: Path, gateway: Gateway) -> None:
    """And nothing else."""
    write(tmp_path, FILES)
    assert (await night(tmp_path, gateway=gateway)).code == 1
    assert await ids(tmp_path, "--lf") == [IDS[0]]
    again = await night(tmp_path, "--lf", gateway=gateway)
    assert again.verdicts == {"Something is lost": "failure"}


@pytest.fixture
async def told(tmp_path: Path, gateway: Gateway) -> Night:
    """A run of all of them."""
    write(tmp_path, FILES)
    return await night(tmp_path, "--allure-link-pattern=issue:https://bugs.example/{}", gateway=gateway)


async def test_junit_is_told_the_same_as_the_terminal(told: Night) -> None:
    """The first line of a failure as its message, all of it as its text, and the scenario's own time."""
    assert told.code == 1
    assert list(told.junit) == [name.rpartition("::")[2] for name in IDS]
    failure = told.junit["Something is lost"].find("failure")
    assert failure is not None
    assert failure.text is not None
    first = failure.get("message", "")
    assert first.startswith("step 6, suite/a_lost.scenario.yaml:10: unexpected message ")
    assert failure.text.startswith(first)
    for line in failure.text.splitlines():
        assert line.strip() in told.terminal
    assert "wanted text 'Never.', saw 'At once.'" in failure.text
    assert "Traceback" not in told.terminal
    assert ".py" not in failure.text
    times = {name: (result["stop"] - result["start"]) / 1000 for name, result in told.results.items()}
    for name, case in told.junit.items():
        assert float(case.get("time", "")) == pytest.approx(times[name], abs=0.02)


async def test_allure_knows_every_row(told: Night) -> None:
    """By an identity of its own; what the file says of the scenario is in the result."""
    results = told.results
    assert sorted(results) == sorted(name.rpartition("::")[2] for name in IDS)
    assert len({result["historyId"] for result in results.values()}) == len(IDS)
    row = results[f"{ROW}[13-Bob the builder jr/sr]"]
    assert row["fullName"] == "suite/v1.2/rooms.scenario.yaml#A guest [asks] for a room::v1.2, or two/three"
    assert row["titlePath"] == ["suite", "v1.2", "rooms.scenario.yaml"]
    assert row["description"] == "Rooms are asked for by number."
    assert {one["name"]: one["value"] for one in row["parameters"]} == {
        "room": "13",
        "guest": "Bob [the] builder: jr/sr",
    }
    labels = {(one["name"], one["value"]) for one in row["labels"]}
    assert {("severity", "critical"), ("owner", "porters"), ("tag", "smoke"), ("tag", "front-desk")} <= labels
    assert not {name for name, _ in labels} & {"subSuite"}
    assert [(one["type"], one["url"], one["name"]) for one in row["links"]] == [
        ("issue", "https://bugs.example/BOT-142", "BOT-142"),
        ("tms", "TC-17", "TC-17"),
        ("link", "https://night.example/rooms", "https://night.example/rooms"),
    ]
    assert row["status"] == "passed"
    assert [step["name"] for step in row["steps"]] == [
        "open a conversation with Night",
        "expect message with text 'Good evening.'",
        "say 'room 13'",
        "expect message with text matching /^Room 13 is/",
    ]
    assert {one["name"] for one in row["attachments"]} >= {"conversation"}
    assert {("story", "A guest [asks] for a room::v1.2, or two/three")} <= labels
    lost = results["Something is lost"]
    assert lost["status"] == "failed"
    assert [step["status"] for step in lost["steps"]] == ["passed"] * 5 + ["failed"]


async def test_two_workers_tell_the_same_as_one(told: Night, gateway: Gateway) -> None:
    """Verdicts, messages, identities; what the conversations came to is added up."""
    before = {name: result["historyId"] for name, result in told.results.items()}
    for file in (told.folder / "allure").iterdir():
        file.unlink()
    spread = await night(told.folder, "-n2", "--allure-link-pattern=issue:https://bugs.example/{}", gateway=gateway)
    assert spread.code == told.code
    assert {name: result["historyId"] for name, result in spread.results.items()} == before
    assert spread.verdicts.items() == told.verdicts.items()
    for night_ in (told, spread):
        message = night_.junit["Something is lost"][0].get("message", "")
        assert re.fullmatch(r"step 6, suite/a_lost.scenario.yaml:10: unexpected message 0.\d+ s after .*", message)
    assert [line.split()[0] for line in spread.summary[:4]] == ["conversations", "moves", "events", "arrival"]
    assert spread.summary[0] == told.summary[0] == "conversations  5: 4 passed, 1 failed"


MISTAKES = {
    "wrong/pony.scenario.yaml": "scenario: A pony\nsteps:\n  - opne\n  - say: ${colour}\n",
    "wrong/broken.scenario.yaml": "scenario: [\n",
    "wrong/rows.scenario.yaml": scenario("Rows", more="rows: rooms.csv"),
    "right/bell.scenario.yaml": BELL,
    "right/test_python.py": "def test_python() -> None:\n    pass\n",
}


async def test_mistakes_are_told_before_anything_is_played(tmp_path: Path, gateway: Gateway) -> None:
    """File, line, column and what is wrong; no traceback, and nobody was talked to."""
    write(tmp_path, MISTAKES)
    done = await night(tmp_path, gateway=gateway)
    assert done.code == 2
    errors = {
        "wrong/pony": [
            "wrong/pony.scenario.yaml:3:5: 'opne' is no step; did you mean 'open'?",
            "wrong/pony.scenario.yaml:4:10: ${colour} stands for nothing here; ",
        ],
        "wrong/broken": ["wrong/broken.scenario.yaml:2:1: "],
        "wrong/rows": ["wrong/rows.scenario.yaml:3:7: there is no file rooms.csv beside this one"],
    }
    for name, lines in errors.items():
        _, _, told = done.terminal.partition(f"ERROR collecting {name}.scenario.yaml _")
        shown = told.splitlines()[1 : 1 + len(lines)]
        assert all(line.startswith(wanted) for line, wanted in zip(shown, lines, strict=True)), shown
    assert "Traceback" not in done.terminal
    assert ".py:" not in done.terminal
    assert gateway.seen == []


async def test_other_files_are_played_though_some_have_mistakes(tmp_path: Path, gateway: Gateway) -> None:
    """If pytest is told to; a share of those that held does not make up for what could not be read."""
    write(tmp_path, MISTAKES)
    done = await night(tmp_path, "--continue-on-collection-errors", "--pass-rate=0.5", gateway=gateway)
    assert done.code == 1
    assert done.verdicts == {
        "wrong.broken.scenario.yaml": "error",
        "wrong.pony.scenario.yaml": "error",
        "wrong.rows.scenario.yaml": "error",
        "The bell is answered": "passed",
        "test_python": "passed",
    }
    assert (
        "pass rate      100.0% held, not enough: at least 50.0% is asked for; but 3 could not even be read"
        in done.summary
    )


PLACES = {
    "fragments/ask.yaml": """fragment: ask
parameters: {answer: At once.}
steps:
  - say: quick
  - expect: {message: "${answer}"}
""",
    "fragments/ask_twice.yaml": """fragment: ask_twice
steps:
  - run: ask

  - run: {ask: {answer: Never.}}
""",
    "set_up/suite.yaml": """setup:
  - open
  - expect:
      message: Good morning.
teardown:
  - say: quick
  - expect: {message: At once.}
  - close
""",
    "tidy/suite.yaml": """teardown:
  - choose: The way out
""",
    "a.scenario.yaml": scenario("in a fragment", *QUICK, "run: ask_twice"),
    "b.scenario.yaml": scenario(
        "in a branch",
        "say: quick",
        """expect:
  any:
    - message: Never.
    - message: At once.
      then:
        - say: quick
        - expect: {message: Not ever.}""",
    ),
    "c.scenario.yaml": scenario(
        "in a repetition",
        """repeat:
  until: {room: 14}
  at_most: 2
  steps:
    - say: room 12
    - expect: {message: {capture: {room: '/HB-(.*)\\./'}}}""",
    ),
    "d.scenario.yaml": scenario("in a move", *QUICK, "choose: The way out"),
    "e.scenario.yaml": scenario("in a refused move", more="deployment: Day").replace("deployment: Night\n", ""),
    "f.scenario.yaml": scenario("in a lost stream", "say: hang up", "expect: {within: 1s, message: At once.}"),
    "g.scenario.yaml": scenario("in what can't be read", "say: garbage", "expect: {message: Was that a message?}"),
    "h.scenario.yaml": scenario("in a wait", "say: endless", "wait: 30s", more="timeout: 1s"),
    "i.scenario.yaml": scenario("in a settling", "say: chatter", "wait: settled", more="within: 1s"),
    "j.scenario.yaml": scenario(
        "in soft ones",
        "say: quick",
        "expect: {message: Never., soft: true}",
        *QUICK,
        "say: quick",
        "expect: {message: Not ever., soft: true}",
    ),
    "l.scenario.yaml": scenario(
        "in a soft answer", "say: stream", "expect: {reply: {text: Never.}, soft: true}", "wait: settled", *QUICK
    ),
    "k.scenario.yaml": scenario(
        "after a soft one", "say: quick", "expect: {message: Never., soft: true}", "choose: The way out"
    ),
    "set_up/a.scenario.yaml": "scenario: in the set-up\ndeployment: Night\nsteps: [say: quick]\n",
    "tidy/a.scenario.yaml": scenario("in the teardown", *QUICK),
    "tidy/b.scenario.yaml": scenario("before the teardown", *WRONG),
}


STEP = r"step \d, {place}: unexpected message .*"
REASONS = {
    "in a fragment": (STEP.format(place="fragments/ask.yaml:5"), ""),
    "in a branch": (STEP.format(place="b.scenario.yaml:13"), ""),
    "in a repetition": ("c.scenario.yaml:6: after 2 rounds there was still not room 14", ""),
    "in a move": ("can't choose 'The way out': no choices have been offered", "at d.scenario.yaml:8: choose"),
    "in a refused move": (".* was refused with 400 .*", "at e.scenario.yaml:4: open"),
    "in a lost stream": (
        "open event stream was refused with 500 INTERNAL_SERVER_ERROR: .*",
        r"step 4, f.scenario.yaml:7: the event stream ended .* before it was complete",
    ),
    "in what can't be read": ("1 events of the bot could not be read", ""),
    "in a wait": ("it was not over after the 1 s that it may take; .*", "at h.scenario.yaml:8: wait"),
    "in a settling": (r"step 4, i.scenario.yaml:8: .*", ""),
    "in soft ones": ("2 soft expectations did not hold", STEP.format(place="j.scenario.yaml:11")),
    "in a soft answer": ("1 soft expectation did not hold", r"step 4, l.scenario.yaml:7: .*"),
    "after a soft one": ("can't choose 'The way out': .*", "at k.scenario.yaml:8: choose"),
    "in the set-up": (STEP.format(place="set_up/suite.yaml:3"), ""),
    "in the teardown": ("can't choose 'The way out': .*", "at tidy/suite.yaml:2: choose"),
    "before the teardown": (
        STEP.format(place="tidy/b.scenario.yaml:7"),
        "the teardown did not work either: can't choose 'The way out': no choices have been offered",
    ),
}
"""Of each failure the first line, and another that says more."""
BROKEN = {
    *("in a move", "in a refused move", "in a lost stream", "in what can't be read", "in a wait"),
    *("after a soft one", "in the teardown"),
}


async def test_a_failure_says_where(tmp_path: Path, gateway: Gateway) -> None:
    """File and line of the innermost step, also where nobody is to blame but the way to the service."""
    write(tmp_path, PLACES)
    done = await night(tmp_path, gateway=gateway)
    assert done.verdicts == dict.fromkeys(REASONS, "failure")
    for name, (first, more) in REASONS.items():
        told = (done.junit[name][0].text or "").splitlines()
        assert re.fullmatch(first, told[0]), told
        assert not more or [line for line in told if re.fullmatch(more, line)], told
    assert {name for name, result in done.results.items() if result["status"] == "broken"} == BROKEN
    soft = done.junit["after a soft one"][0].text or ""
    assert "before that, 1 soft expectation did not hold\nstep 4, k.scenario.yaml:7: " in soft
    assert ".py" not in done.terminal
    steps = [(step["name"], step["status"]) for step in done.results["in a wait"]["steps"]]
    assert steps[-2:] == [("say 'endless'", "passed"), ("wait 30 s", "broken")]
    assert (gateway.begun, gateway.closed) == (14, 14)


async def test_a_mistake_of_the_harness_is_shown_as_python_shows_it(tmp_path: Path, gateway: Gateway) -> None:
    """With a traceback, and where the scenario was; other scenarios are none the worse for it."""
    breaks = "from harness import Conversation\n\nConversation.type = None\n"
    broken = scenario("Broken", "type: started", *QUICK)
    write(tmp_path, {"conftest.py": breaks, "a.scenario.yaml": broken, "b.scenario.yaml": BELL})
    done = await night(tmp_path, gateway=gateway)
    assert done.verdicts == {"Broken": "failure", "The bell is answered": "passed"}
    assert "playing.py" in done.terminal
    assert "TypeError: 'NoneType' object is not callable" in done.terminal
    assert "at a.scenario.yaml:6: type" in done.terminal
    assert done.results["Broken"]["status"] == "broken"
    assert gateway.begun == gateway.closed == 2
