"""What is tried again and what is not, what is known to fail, how often something holds, and the exit codes."""

import datetime
import re
from pathlib import Path

import pytest

from harness.plugin.tally import Tally, wilson
from harness.scenarios.recording import read, recordings_in
from tests.plugin.gateway import CREATE, STREAM, TOKEN, Fault, Gateway, refusal
from tests.plugin.night import QUICK, WRONG, asks, night, scenario, write

# -- retries -----------------------------------------------------------------------------------------------------------

FLAKY = {
    "a.scenario.yaml": scenario("too many", *QUICK),
    "b.scenario.yaml": scenario("in trouble", *QUICK),
    "c.scenario.yaml": scenario("nobody answered", *QUICK),
    "d.scenario.yaml": scenario("a broken stream", *asks("quick", "At once.", within="2s")),
}
HOPELESS = {
    "e.scenario.yaml": scenario("refused", *QUICK),
    "f.scenario.yaml": scenario("wrong", *WRONG),
    "g.scenario.yaml": scenario("in trouble again", *QUICK),
}


def faults() -> list[Fault]:
    """What goes wrong, one scenario after the other."""
    return [
        Fault(TOKEN, refusal(429)),
        Fault(TOKEN, refusal(503), skip=1),
        Fault(TOKEN, skip=1),
        Fault(STREAM, after=b"Good evening.", skip=3),
        Fault(STREAM, refusal(503)),  # so it is not back in time
        Fault(CREATE, refusal(403), skip=5),
        Fault(TOKEN, refusal(503), skip=5),
        Fault(TOKEN, refusal(500)),
    ]


async def test_only_trouble_on_the_way_is_tried_again(tmp_path: Path, gateway: Gateway) -> None:
    """What then holds is flaky, and told as such everywhere; a failed expectation is never tried again."""
    gateway.faults = faults()
    write(tmp_path, {**FLAKY, **HOPELESS})
    done = await night(tmp_path, "--retries=1", "--concurrency=1", gateway=gateway)
    assert gateway.faults == []
    assert done.code == 1
    why = {
        "too many": "held at attempt 2, after ServiceRefused: generateAccessToken.* was refused with 429 LATER: .*",
        "in trouble": "held at attempt 2, after ServiceRefused: generateAccessToken.* was refused with 503 LATER: .*",
        "nobody answered": f"held at attempt 2, after TargetUnreachable: nobody answered at {gateway.url}/.*",
        "a broken stream": "held at attempt 2, after (ServiceRefused: open event stream was refused with 500|"
        "StreamInterrupted: the event stream ended while) .*",
    }
    assert done.verdicts == {
        **dict.fromkeys(why, "passed"),
        **dict.fromkeys(["refused", "wrong", "in trouble again"], "failure"),
    }
    told = [line.removeprefix("flaky          ").partition(": ") for line in done.summary if line.startswith("flaky")]
    assert [node.partition("::")[2] for node, _, _ in told] == list(why)
    for name, words in why.items():
        assert re.fullmatch(words, next(line for node, _, line in told if node.endswith(name)))
        properties = {one.get("name"): one.get("value", "") for one in done.junit[name].iter("property")}
        assert re.fullmatch(words, properties["flaky"])
        details = done.results[name]["statusDetails"]
        assert details["flaky"] is True
        assert re.fullmatch(words, details["message"])
        assert done.results[name]["status"] == "passed"
    assert not done.results["wrong"]["statusDetails"].get("flaky")
    assert gateway.seen.count(f"201 {CREATE}") == 6
    hopeless = done.junit["in trouble again"][0].text or ""
    assert "refused with 500" in hopeless
    assert re.search("^tried 2 times, at first: ServiceRefused: .* was refused with 503", hopeless, re.MULTILINE)
    assert "tried" not in (done.junit["refused"][0].text or "")
    assert gateway.begun == gateway.closed


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        pytest.param(["--retries=1"], 0, "flaky          a.scenario.yaml::too many: held at", id="flaky is held"),
        pytest.param(
            ["--retries=1", "--fail-on-flaky"],
            1,
            "flaky          4 held only when tried again, which fails the run",
            id="unless it must not be",
        ),
        pytest.param([], 1, "2 failed, 2 passed", id="nothing is tried again unless it is asked for"),
    ],
)
async def test_what_flakiness_means_is_chosen(
    tmp_path: Path, gateway: Gateway, options: list[str], code: int, says: str
) -> None:
    """By exit code, and in the summary."""
    gateway.faults = faults()[:5]
    write(tmp_path, FLAKY)
    done = await night(tmp_path, *options, "--concurrency=1", gateway=gateway)
    assert done.code == code
    assert says in done.terminal


# -- quarantine, shares, repetitions -----------------------------------------------------------------------------------

TODAY = datetime.date.today()  # noqa: DTZ011 - the tester's own day
DAY = datetime.timedelta(days=1)


def quarantine(until: datetime.date) -> str:
    """Keys of a scenario that is in quarantine."""
    return f'quarantine: {{owner: porters, because: "BOT-1: says never", until: {until}}}'


QUARANTINED = {
    "a.scenario.yaml": scenario("until tomorrow", *WRONG, more=quarantine(TODAY + DAY)),
    "b.scenario.yaml": scenario("until today", *WRONG, more=quarantine(TODAY)),
    "c.scenario.yaml": scenario("until today, but well", *QUICK, more=quarantine(TODAY)),
    "d.scenario.yaml": scenario("until yesterday", *WRONG, more=quarantine(TODAY - DAY)),
}


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
async def test_what_is_in_quarantine_does_not_fail_the_run(tmp_path: Path, gateway: Gateway, workers: str) -> None:
    """Until the day is over; it is told with owner, reason and day, and afterwards that it is over."""
    write(tmp_path, QUARANTINED)
    done = await night(tmp_path, workers, gateway=gateway)
    assert done.code == 1
    assert done.verdicts == {
        "until tomorrow": "skipped",
        "until today": "skipped",
        "until today, but well": "passed",
        "until yesterday": "failure",
    }
    reason = f"until {TODAY + DAY} by porters: BOT-1: says never"
    assert f"quarantined    a.scenario.yaml::until tomorrow: {reason}" in done.summary
    assert sum(line.startswith("quarantined") for line in done.summary) == 2
    assert done.junit["until tomorrow"][0].get("message") == f"quarantined {reason}"
    result = done.results["until tomorrow"]
    assert result["status"] == "failed"  # to pytest it is an expected failure; the report says what it is, and mutes it
    assert {"name": "quarantine", "value": reason} in result["labels"]
    assert result["statusDetails"]["message"].startswith(f"XFAIL quarantined {reason}\n\n")
    assert "wanted text 'Never.', saw 'At once.'" in result["statusDetails"]["message"]
    over = done.junit["until yesterday"][0].text or ""
    assert over.endswith(f"\nits quarantine is over, it was until {TODAY - DAY} by porters: BOT-1: says never")
    assert done.results["until yesterday"]["status"] == "failed"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        pytest.param(["-k", "today or tomorrow"], 0, "1 passed, 1 deselected, 2 xfailed", id="known failures alone"),
        pytest.param(
            ["--pass-rate=0.5"],
            0,
            "pass rate      50.0% held, enough: at least 50.0% is asked for",
            id="half is enough",
        ),
        pytest.param(
            ["--pass-rate=0.51"],
            1,
            "pass rate      50.0% held, not enough: at least 51.0% is asked for",
            id="more is not",
        ),
        pytest.param(["--pass-rate=1.2"], 4, "wanted a share between 0 and 1, such as 0.98, not '1.2'", id="no share"),
        pytest.param(["--retries=-1"], 4, "wanted a whole number from 0 up, not '-1'", id="no number"),
        pytest.param(["--locale=de_ATLANTIS"], 4, "no names are known for the locale 'de_ATLANTIS'", id="no locale"),
        pytest.param(["-k", "nothing_like_it"], 5, "4 deselected", id="nothing to play"),
    ],
)
async def test_exit_codes(tmp_path: Path, gateway: Gateway, options: list[str], code: int, says: str) -> None:
    """As they are in docs/scenarios.md; wrong words are a sentence."""
    write(tmp_path, QUARANTINED)
    done = await night(tmp_path, *options, gateway=gateway)
    assert done.code == code
    assert says in done.terminal
    assert "Traceback" not in done.terminal


async def test_repetitions_are_the_same_scenario(tmp_path: Path, gateway: Gateway) -> None:
    """With the same customer, each with a result of its own, and how often it held in a line."""
    rows = scenario("rows", *QUICK, more="rows: [{n: 1}]")
    write(
        tmp_path,
        {
            "a.scenario.yaml": scenario("held", *QUICK),
            "b.scenario.yaml": rows,
            "c.scenario.yaml": scenario("wrong", *WRONG),
        },
    )
    done = await night(tmp_path, "--repeat=3", "--recordings=recordings", gateway=gateway)
    names = [name.format(n) for name in ("held[~{}]", "rows[1-~{}]", "wrong[~{}]") for n in (1, 2, 3)]
    assert list(done.verdicts) == names
    assert len({result["historyId"] for result in done.results.values()}) == 9
    assert {one["name"]: one["value"] for one in done.results["rows[1-~2]"]["parameters"]} == {
        "n": "1",
        "repetition": "2",
    }
    assert [line for line in done.summary if line.startswith("repeated")] == [
        "repeated       a.scenario.yaml::held: 3 of 3 held, 100%, likely between 44% and 100%",
        "repeated       b.scenario.yaml::rows[1]: 3 of 3 held, 100%, likely between 44% and 100%",
        "repeated       c.scenario.yaml::wrong: 0 of 3 held, 0%, likely between 0% and 56%",
    ]
    seeds = {read(path).header.seed for path in recordings_in(tmp_path / "recordings")}
    assert seeds == {"a.scenario.yaml::held", "b.scenario.yaml::rows[1]", "c.scenario.yaml::wrong"}


# -- counting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "times", "low", "high"),
    [
        (0, 1, 0.0, 0.7935),
        (1, 1, 0.2065, 1.0),
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(held: int, times: int, low: float, high: float) -> None:
    """The last four are method 3 of Newcombe 1998, table I."""
    assert wilson(held, times) == pytest.approx((low, high), abs=5e-5)


def test_a_test_counts_once() -> None:
    """One that held and whose teardown failed has failed; what is skipped or known counts for nothing."""
    tally = Tally()
    for test, end in [("a", "passed"), ("b", "passed"), ("b", "failed"), ("b", "passed"), ("c", "skipped")]:
        tally.count(test, end)
    tally.count("d", "quarantined")
    assert tally.share == 0.5
    assert Tally().share == 1.0


@pytest.mark.parametrize(
    ("code", "pass_rate", "fail_on_flaky", "then"),
    [
        (0, None, False, 0),
        (1, None, False, 1),
        (1, 0.5, False, 0),
        (1, 0.6, False, 1),
        (2, 0.0, False, 2),
        (5, 0.0, True, 5),
        (0, None, True, 1),
        (1, 0.5, True, 1),
    ],
)
def test_the_exit_code(code: int, pass_rate: float | None, fail_on_flaky: bool, then: int) -> None:
    """A share makes up for failures and for nothing else."""
    tally = Tally({"a": "passed", "b": "failed"}, flaky={"a": "held at attempt 2"})
    assert tally.exit_code(code, pass_rate=pass_rate, fail_on_flaky=fail_on_flaky) == then
