"""The line that tells how far the scenarios are: in a terminal, and only there."""

import asyncio
import os
import pty
from pathlib import Path

import pytest

from harness.settings import ORG_ID
from tests.plugin.gateway import Gateway
from tests.plugin.night import COMMAND, QUICK, SLOW, WRONG, asks, night, scenario, write

FILES = {
    "a.scenario.yaml": scenario("Slow", *SLOW, *SLOW),
    "b.scenario.yaml": scenario("Wrong", *WRONG),
    "c.scenario.yaml": scenario("Quick", *QUICK),
}


async def in_a_terminal(folder: Path, gateway: Gateway, **environment: str) -> str:
    """What a terminal is sent while the scenarios are played."""
    ours, theirs = pty.openpty()
    target = [f"--target={gateway.url}", f"--org-id={ORG_ID}", "--deployment=Night"]
    command = [word for word in COMMAND if word != "--color=no"]
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
    process = await asyncio.create_subprocess_exec(
        *command, *target, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    told = await asyncio.to_thread(_all_of, ours)
    async with asyncio.timeout(60):
        await process.wait()
    return told


def _all_of(terminal: int) -> str:
    told = b""
    try:
        while chunk := os.read(terminal, 65_536):
            told += chunk
    except OSError:  # nobody writes any more
        pass
    finally:
        os.close(terminal)
    return told.decode()


def shown(told: str) -> list[str]:
    """The lines that a person sees in the end: what is written over what, as far as the harness makes use of it."""
    lines, column, saved = [""], 0, 0
    place = 0
    while place < len(told):
        rest = told[place:]
        if rest.startswith("\x1b"):
            code = rest[
                : next(
                    at
                    for at, letter in enumerate(rest[1:], 1)
                    if letter.isalnum() and (letter.isalpha() or rest[1] != "[")
                )
                + 1
            ]
            if code == "\x1b7":
                saved = column
            elif code == "\x1b8":
                column = saved
            elif code == "\x1b[K":
                lines[-1] = lines[-1][:column]
            place += len(code)
            continue
        if rest[0] == "\n":
            lines.append("")
            column = 0
        elif rest[0] == "\r":
            column = 0
        else:
            lines[-1] = lines[-1][:column].ljust(column) + rest[0] + lines[-1][column + 1 :]
            column += 1
        place += 1
    return lines


async def test_a_terminal_is_told_how_far_it_is(tmp_path: Path, gateway: Gateway) -> None:
    """While somebody waits; nothing of it is left in the end."""
    write(tmp_path, FILES)
    told = await in_a_terminal(tmp_path, gateway)
    assert "2 of 3 done, 1 running, 1 failed, slowest " in told
    assert ": Slow" in told
    seen = shown(told)
    assert not [line for line in seen if " running" in line]
    assert [line for line in seen if line.startswith("a.scenario.yaml .")]


async def test_a_broken_rule_counts_once_it_is_told(tmp_path: Path, gateway: Gateway) -> None:
    """It is found when pytest asks for the scenario."""
    unfaithful = scenario("Unfaithful", *asks('"false"', "The bar is closed."))
    write(tmp_path, {"a.scenario.yaml": unfaithful, "b.scenario.yaml": scenario("Slow", *SLOW, *SLOW)})
    told = await in_a_terminal(tmp_path, gateway)
    assert "1 of 2 done, 1 running, 1 failed, slowest " in told


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, None])
async def test_nobody_else_is(tmp_path: Path, gateway: Gateway, environment: dict[str, str] | None) -> None:
    """Neither a file nor a terminal that can't go back on its line."""
    write(tmp_path, FILES)
    if environment is None:
        told = (await night(tmp_path, gateway=gateway)).terminal
    else:
        told = await in_a_terminal(tmp_path, gateway, **environment)
    assert "1 failed, 2 passed" in told
    assert "running" not in told
    assert "\x1b7" not in told
