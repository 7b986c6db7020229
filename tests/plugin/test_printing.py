"""Pages of a long run are made in a process of their own; each test has its own conversation's, however it ends."""

import signal
from pathlib import Path
from typing import Any

from harness.reporting.pages.press import WORTH_IT
from tests.plugin.gateway import Gateway
from tests.plugin.night import Night, asks, end, night, scenario, start, write

MANY = WORTH_IT + 10
ROOMS = {
    "a.scenario.yaml": scenario(
        "Rooms", *asks("room ${n}", "/^Room ${n}/"), more=f"rows: [{', '.join(f'{{n: {n}}}' for n in range(MANY))}]"
    )
}


def page_of(done: Night, result: dict[str, Any]) -> str:
    """The one page that a test has in Allure."""
    [page] = [one["source"] for one in result["attachments"] if one["type"] == "text/html"]
    file: Path = done.folder / "allure" / page
    return file.read_text(encoding="utf-8")


async def test_each_test_has_its_page(tmp_path: Path, gateway: Gateway) -> None:
    """In Allure and in the folder, the same one, and nothing half-made is left."""
    write(tmp_path, ROOMS)
    done = await night(tmp_path, "--concurrency=16", "--pages=pages", gateway=gateway)
    assert done.code == 0, done.terminal
    pages = {file.read_text(encoding="utf-8") for file in (tmp_path / "pages").iterdir()}
    assert len(pages) == len(done.results) == MANY
    for number in range(MANY):
        page = page_of(done, done.results[f"Rooms[{number}]"])
        assert f"room {number}<" in page
        assert page in pages
    assert not [file.name for folder in ("pages", "allure") for file in (tmp_path / folder).glob("*.tmp")]


async def test_what_was_told_before_ctrl_c_has_its_page(tmp_path: Path, gateway: Gateway) -> None:
    """Though the press has hardly begun."""
    write(tmp_path, {**ROOMS, "b.scenario.yaml": scenario("Stuck", "say: endless", "wait: 600s")})
    process = await start(tmp_path, "--concurrency=16", gateway=gateway)
    await gateway.has_seen("/message", MANY + 1)
    process.send_signal(signal.SIGINT)
    done = await end(process, tmp_path)
    assert done.code == 2, done.terminal
    assert "Traceback" not in done.terminal
    told = [result for result in done.results.values() if result["status"] == "passed"]
    assert told
    assert all("Room " in page_of(done, result) for result in told)


async def test_pages_that_cannot_be_written_are_told(tmp_path: Path, gateway: Gateway) -> None:
    """The results stand."""
    write(tmp_path, {**ROOMS, "pages": "not a folder"})
    done = await night(tmp_path, "--concurrency=16", "--pages=pages", gateway=gateway)
    assert done.code == 0
    assert len(done.results) == MANY
    assert all("room " in page_of(done, result) for result in done.results.values())


async def test_pages_are_where_the_run_was_started(tmp_path: Path, gateway: Gateway) -> None:
    """Though a test went elsewhere."""
    leave = "import os\n\n\ndef pytest_runtest_setup():\n    os.chdir('/')\n"
    write(tmp_path, {"a.scenario.yaml": scenario("One", *asks("quick", "At once.")), "conftest.py": leave})
    done = await night(tmp_path, "--pages=pages", gateway=gateway)
    assert done.code == 0, done.terminal
    assert len([*(tmp_path / "pages").iterdir()]) == 1
