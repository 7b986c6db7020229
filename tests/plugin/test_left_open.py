"""A run that is killed leaves conversations open, and the next run at the same target closes them."""

import asyncio
import json
import re
import stat
from base64 import b64encode
from pathlib import Path

import pytest

from harness.events import Message, Said
from harness.scenarios.recording import read, recordings_in
from tests.plugin.gateway import CLOSE, Fault, Gateway, refusal
from tests.plugin.night import QUICK, Night, end, night, scenario, start, write

MANY = 200
STUCK = ("say: endless", "expect: {within: 600s, message: Never.}")


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user of these tests keeps a key."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


def ledgers(folder: Path) -> list[Path]:
    """The ledgers that were left."""
    return sorted((folder / ".pytest_cache").rglob("open-conversations/*"))


async def killed(folder: Path, gateway: Gateway, count: int) -> None:
    """A run that is killed when so many conversations wait for an answer that never comes."""
    files = {f"{number}.scenario.yaml": scenario(f"Stuck {number}", *STUCK) for number in range(count)}
    write(folder / "stuck", files)
    process = await start(
        folder, "stuck", "--starts-per-minute=0", f"--concurrency={count}", "--recordings=recordings", gateway=gateway
    )
    await gateway.has_seen("/message", count)
    process.kill()
    await process.wait()


async def the_next(folder: Path, gateway: Gateway, *arguments: str) -> Night:
    """The next run, of one scenario."""
    write(folder / "next", {"next.scenario.yaml": scenario("Next", *QUICK)})
    return await night(folder, "next", *arguments, gateway=gateway)


async def test_two_hundred_conversations_and_kill_9(tmp_path: Path, gateway: Gateway) -> None:
    """What had arrived can be read, what was open is said and closed, and the run after that has nothing to do."""
    await killed(tmp_path, gateway, MANY)
    assert gateway.begun == MANY
    assert gateway.closed == 0
    recordings = [read(path) for path in recordings_in(tmp_path / "recordings")]
    assert len(recordings) == MANY
    for recording in recordings:
        events = list(recording.timeline)
        assert any(isinstance(event, Message) and event.text == "Good evening." for event in events)
        assert any(isinstance(event, Said) and event.text == "endless" for event in events)

    after = await the_next(tmp_path, gateway)
    told = rf"{MANY} conversations were left open by a run that was cut off \(since [\d: -]+\): {MANY} closed now\n"
    assert re.search(told, after.terminal), after.terminal
    assert after.verdicts == {"Next": "passed"}
    assert gateway.closed == gateway.begun == MANY + 1
    assert not ledgers(tmp_path)
    assert "left open" not in (await the_next(tmp_path, gateway)).terminal


async def test_no_token_can_be_read_in_a_ledger(tmp_path: Path, gateway: Gateway, state: Path) -> None:
    """It is sealed with a key that stands elsewhere and that nobody else may read."""
    await killed(tmp_path, gateway, 1)
    (ledger,) = (path for path in ledgers(tmp_path) if path.suffix == ".jsonl")
    text = ledger.read_text()
    assert json.loads(text)["url"] == gateway.url
    for start_of_token in (b"eyJ", b64encode(b"eyJ")):
        assert start_of_token not in text.encode()
    key = state / "conversation-harness" / "sealing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600

    key.unlink()
    after = await the_next(tmp_path, gateway)
    assert "1 can't be closed from here (the key to the access token is not on this machine)" in after.terminal
    assert not ledgers(tmp_path)


async def test_a_ledger_that_was_cut_off_says_what_its_whole_lines_say(tmp_path: Path, gateway: Gateway) -> None:
    """A killed process may leave half a line, and a disk anything else."""
    await killed(tmp_path, gateway, 2)
    (ledger,) = (path for path in ledgers(tmp_path) if path.suffix == ".jsonl")
    first, second = ledger.read_text().splitlines()
    ledger.write_text(f'{first}\nnothing\n["opened"]\n{{"closed": []}}\n{second[:40]}')
    after = await the_next(tmp_path, gateway)
    assert "1 conversation was left open" in after.terminal
    assert after.verdicts == {"Next": "passed"}


async def test_what_was_left_elsewhere_is_left_to_a_run_there(tmp_path: Path, gateway: Gateway) -> None:
    """A run closes nothing at another target; and nobody keeps what no token is good for any more."""
    await killed(tmp_path, gateway, 2)
    (ledger,) = (path for path in ledgers(tmp_path) if path.suffix == ".jsonl")
    first, second = (json.loads(line) for line in ledger.read_text().splitlines())
    elsewhere = json.dumps(first | {"url": "http://127.0.0.1:9"})
    forgotten = json.dumps(first | {"url": "http://127.0.0.1:9", "opened": "old", "at": first["at"] - 25 * 3600})
    ledger.write_text(f"{elsewhere}\n{forgotten}\n{json.dumps(second)}\n")
    after = await the_next(tmp_path, gateway)
    assert "1 conversation was left open" in after.terminal
    assert ledger.read_text() == f"{elsewhere}\n"


async def test_a_service_in_trouble_is_asked_again_and_then_by_the_next_run(tmp_path: Path, gateway: Gateway) -> None:
    """A conversation that could not be closed is not forgotten."""
    gateway.faults = [Fault(CLOSE.pattern, answer=refusal(503)) for _ in range(4)]
    write(tmp_path, {"a.scenario.yaml": scenario("Kept", *QUICK)})
    first = await night(tmp_path, gateway=gateway)
    assert first.verdicts == {"Kept": "passed"}
    assert (gateway.begun, gateway.closed) == (1, 0)
    after = await the_next(tmp_path, gateway)
    assert "1 conversation was left open" in after.terminal
    assert gateway.begun == gateway.closed == 2


async def test_a_service_that_closes_at_the_second_attempt_has_nothing_left_open(
    tmp_path: Path, gateway: Gateway
) -> None:
    """Too many requests, or a failure of a moment."""
    gateway.faults = [Fault(CLOSE.pattern, answer=refusal(429))]
    write(tmp_path, {"a.scenario.yaml": scenario("Kept", *QUICK)})
    await night(tmp_path, gateway=gateway)
    assert gateway.begun == gateway.closed == 1
    assert not ledgers(tmp_path)


async def test_conversations_of_a_run_that_goes_on_are_left_alone(tmp_path: Path, gateway: Gateway) -> None:
    """Two runs of one folder at once."""
    write(tmp_path / "stuck", {"a.scenario.yaml": scenario("Stuck", *STUCK)})
    other = await start(tmp_path, "stuck", gateway=gateway)
    await gateway.has_seen("/message", 1)
    assert "left open" not in (await the_next(tmp_path, gateway)).terminal
    assert (gateway.begun, gateway.closed) == (2, 1)
    other.terminate()
    async with asyncio.timeout(60):
        await end(other, tmp_path)


async def test_a_folder_that_can_not_be_written_stops_nobody(tmp_path: Path, gateway: Gateway) -> None:
    """Then nothing is noted."""
    (tmp_path / ".pytest_cache").write_text("in the way")
    assert (await the_next(tmp_path, gateway)).verdicts == {"Next": "passed"}
