"""Many scenario files at once: the same verdicts in the same order, and nothing left open on any way out."""

import signal
from pathlib import Path

import pytest

from harness.scenarios.recording import read, recordings_in
from tests.plugin.gateway import CREATE, Fault, Gateway
from tests.plugin.night import QUICK, SLOW, WRONG, asks, end, night, scenario, start, write

MIXED = {
    "a.scenario.yaml": scenario("Late", *SLOW, *SLOW),
    "b.scenario.yaml": scenario("Early", *QUICK),
    "c.scenario.yaml": scenario("Wrong", *WRONG),
    "d.scenario.yaml": scenario("Too long", "say: endless", "wait: 60s", more="timeout: 1s"),
    "e.scenario.yaml": scenario("Garbage", *asks("garbage", "Was that a message?")),
    "f.scenario.yaml": scenario("Hung up", *asks("hang up", "At once.", within="1s")),
    "g/suite.yaml": "teardown:\n  - say: quick\n",
    "g/a.scenario.yaml": scenario("Too long, tidied", "say: endless", "wait: 60s", more="timeout: 1s"),
    "h.scenario.yaml": scenario("Rows", *asks("room ${n}", "/^Room ${n}/"), more="rows: [{n: 1}, {n: 2}, {n: 3}]"),
    "i.scenario.yaml": scenario("Last", *QUICK),
}
ENDS = {
    "Late": "passed",
    "Early": "passed",
    "Wrong": "failed",
    "Too long": "broken",
    "Garbage": "broken",
    "Hung up": "broken",
    "Too long, tidied": "broken",
    "Rows[1]": "passed",
    "Rows[2]": "passed",
    "Rows[3]": "passed",
    "Last": "passed",
}


@pytest.mark.parametrize("concurrency", [1, 4, 16])
async def test_verdicts_do_not_depend_on_how_many_run_at_once(
    tmp_path: Path, gateway: Gateway, concurrency: int
) -> None:
    """They are told in pytest's order, each with its own times, whenever they ended."""
    write(tmp_path, MIXED)
    done = await night(tmp_path, f"--concurrency={concurrency}", gateway=gateway)
    assert done.code == 1
    assert list(done.verdicts) == list(ENDS)
    results = done.results
    assert {name: result["status"] for name, result in results.items()} == ENDS
    began = [results[name]["start"] for name in ENDS]
    assert began == sorted(began)
    ended = [results[name]["stop"] for name in ENDS]
    assert (ended == sorted(ended)) == (concurrency == 1)
    assert 0 < results["Too long"]["stop"] - results["Too long"]["start"] < 30_000  # not the 60 s that it would wait
    assert [step["name"] for step in results["Too long, tidied"]["steps"]][-2:] == ["wait 60 s", "say 'quick'"]
    assert gateway.begun == gateway.closed == len(ENDS)


def stuck(letters: str, *steps: str) -> dict[str, str]:
    """Scenario files that wait for what does not come."""
    return {
        f"{letter}.scenario.yaml": scenario(f"Stuck {letter}", "say: endless", *(steps or ["wait: 600s"]))
        for letter in letters
    }


async def test_the_first_failure_ends_the_run(tmp_path: Path, gateway: Gateway) -> None:
    """With -x nothing starts after it, what was before it is told, and what runs is closed."""
    first = {"a.scenario.yaml": scenario("Late", *SLOW), "b.scenario.yaml": scenario("Wrong", *WRONG)}
    write(tmp_path, {**first, **stuck("cdefgh")})
    done = await night(tmp_path, "-x", "--concurrency=4", "--recordings=recordings", gateway=gateway)
    assert done.code == 1
    assert done.verdicts == {"Late": "passed", "Wrong": "failure"}
    assert "stopping after 1 failures" in done.terminal
    assert gateway.begun == gateway.closed == 4
    recordings = recordings_in(tmp_path / "recordings")
    assert len(recordings) == 4
    assert [read(path).truncated for path in recordings] == [None] * 4


async def test_a_broken_rule_ends_the_run_as_well(tmp_path: Path, gateway: Gateway) -> None:
    """Whether a conversation broke one is worked out when it is told, but with -x before anything else starts."""
    unfaithful = asks('"false"', "The bar is closed.")
    write(tmp_path, {"a.scenario.yaml": scenario("Unfaithful", *unfaithful), **stuck("bc")})
    done = await night(tmp_path, "-x", "--concurrency=1", gateway=gateway)
    assert done.code == 1
    assert done.verdicts == {"Unfaithful": "failure"}
    assert gateway.begun == gateway.closed == 1


async def test_a_known_failure_holds_nothing_back(tmp_path: Path, gateway: Gateway) -> None:
    """With -x the run goes on where pytest goes on."""
    quarantine = "quarantine: {owner: porters, because: BOT-1, until: 2999-01-01}"
    files = {
        "a.scenario.yaml": scenario("Known", *WRONG, more=quarantine),
        "b.scenario.yaml": scenario("Expected", *WRONG, more="tags: [xfail]"),
        "c.scenario.yaml": scenario("Last", *QUICK),
    }
    write(tmp_path, files)
    done = await night(tmp_path, "-x", "--concurrency=1", gateway=gateway)
    assert done.verdicts == {"Known": "skipped", "Expected": "skipped", "Last": "passed"}
    assert done.code == 0


async def test_ctrl_c_closes_every_conversation(tmp_path: Path, gateway: Gateway) -> None:
    """Pytest says that it was interrupted; what was recorded is whole; what was waited for is told as interrupted."""
    write(tmp_path, stuck("abcdef"))
    process = await start(tmp_path, "--concurrency=4", "--recordings=recordings", gateway=gateway)
    await gateway.has_seen("/message", 4)
    process.send_signal(signal.SIGINT)
    done = await end(process, tmp_path)
    assert done.code == 2, done.terminal
    assert "KeyboardInterrupt" in done.terminal
    assert "Traceback" not in done.terminal
    assert "harness:" not in done.terminal
    assert gateway.begun == gateway.closed == 4
    recordings = [read(path) for path in recordings_in(tmp_path / "recordings")]
    assert [recording.truncated for recording in recordings] == [None] * 4
    results = done.results
    assert {name: result["status"] for name, result in results.items()} == {"Stuck a": "broken"}
    assert [step["name"] for step in results["Stuck a"]["steps"]][-1] == "wait 600 s"


async def test_a_service_that_is_gone_ends_nothing_but_what_needs_it(tmp_path: Path, gateway: Gateway) -> None:
    """Every scenario says that nobody answers; tests that need nobody go on."""
    files = stuck("abcd", "expect: {within: 600s, closed: }")
    write(tmp_path, {**files, "test_python.py": "def test_python() -> None:\n    pass\n"})
    process = await start(tmp_path, "--concurrency=2", gateway=gateway)
    await gateway.has_seen("/message", 2)
    gateway.vanish()
    done = await end(process, tmp_path)
    assert done.code == 1
    assert "4 failed, 1 passed" in done.terminal
    failures = done.terminal.partition("short test summary info")[0]
    assert failures.count("attempts to open it again failed") == 2
    assert f"nobody answered at {gateway.url}" in done.terminal
    assert "Traceback" not in done.terminal


async def test_a_conversation_that_may_have_been_created_is_closed(tmp_path: Path, gateway: Gateway) -> None:
    """Also where the run was stopped before the service had answered."""
    gateway.faults = [Fault(CREATE, is_mute=True)]
    write(tmp_path, {"a.scenario.yaml": scenario("Mute", *QUICK, more="timeout: 1s")})
    done = await night(tmp_path, gateway=gateway)
    assert done.verdicts == {"Mute": "failure"}
    assert "it was not over after the 1 s that it may take" in done.terminal
    assert "at a.scenario.yaml:5: open" in done.terminal
    assert gateway.begun == gateway.closed == 1
