"""Pages made in a process of their own: the same pages, all of them, whatever becomes of the process."""

import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from re import search

import pytest

from harness.reporting.pages.page import pages
from harness.reporting.pages.press import Press
from harness.scenarios.outcome import Outcome
from tests.reporting import hostile
from tests.reporting.specimens import Making, faulty, long, outcome


def presses() -> list[int]:
    """The processes that make pages for this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told, words = (folder / "status").read_text(), (folder / "cmdline").read_bytes()
        except OSError:  # it has just gone
            continue
        if search(rf"PPid:\s{os.getpid()}\n", told) and b"harness.reporting.pages" in words:
            found.append(int(folder.name))
    return found


def printed(outcomes: list[Outcome]) -> dict[str, bytes]:
    """The pages of conversations by the names of their files, as they are to be."""
    return {f"{number}.html": pages(one)[0].encode() for number, one in enumerate(outcomes)}


def found(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_pages_are_the_same_wherever_they_are_made(tmp_path: Path) -> None:
    """Each in all its files, by the time the press is closed, and nothing else is left."""
    made = [faulty(), *(long(events) for events in (1, 20, 40, 60))]
    other = tmp_path / "other"
    other.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    press = Press()
    for number, one in enumerate(made):
        assert press.takes(one, [here / f"{number}.html", other / f"{number}.html"])
    assert press.close() == []
    assert press.waiting == 0
    assert found(here) == found(other) == printed(made)
    assert not presses()


@pytest.mark.parametrize("heavy", [long(551), hostile.conversation()], ids=["long", "hostile"])
def test_what_may_be_several_pages_is_left_to_others(tmp_path: Path, heavy: Outcome) -> None:
    """Whoever asks has to know how many there are."""
    press = Press()
    assert not press.takes(heavy, [tmp_path / "page.html"])
    assert press.close() == []
    assert not found(tmp_path)


def test_what_is_taken_is_a_single_page_of_the_usual_size(tmp_path: Path) -> None:
    """However many events there are, and however much of what they say has to be escaped."""
    press, taken = Press(), 0
    for said in ("so it is ", "<&>", "\x1b", "\u202e", "\N{PILE OF POO}", '"\\'):
        for events in count(5, 10):
            made = Making()
            made.open()
            for _ in range(events):
                made.bot("message", 0.1, text=said * 100)
            one = outcome(made.end())
            if not press.takes(one, [tmp_path / "page.html"]):
                break
            taken += 1
            assert len(pages(one)) == 1
    assert press.close() == []
    assert taken > 12


def test_a_press_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    """What it had before it is made here, and what comes then is not taken."""
    made = [long(events) for events in range(20, 60)]
    press = Press()
    for number, one in enumerate(made):
        assert press.takes(one, [tmp_path / f"{number}.html"])
    deadline = time.monotonic() + 30
    while not (running := presses()):
        assert time.monotonic() < deadline
    os.kill(running[0], signal.SIGKILL)
    assert press.close() == []
    assert found(tmp_path) == printed(made)
    assert not press.takes(made[0], [tmp_path / "late.html"])


@pytest.mark.skipif(shutil.which("nice") is None, reason="there is no nice here")
def test_it_stands_back_from_the_first_moment(tmp_path: Path) -> None:
    """To begin takes it most of a second of a core, and that just when the first scenarios end and others start."""
    press = Press()
    assert press.takes(long(20), [tmp_path / "0.html"])
    deadline = time.monotonic() + 30
    while not (running := [one for one in presses() if _command(one)[0] == sys.executable]):
        assert time.monotonic() < deadline
    assert os.getpriority(os.PRIO_PROCESS, running[0]) == 19
    assert press.close() == []


def _command(process: int) -> list[str]:
    return Path(f"/proc/{process}/cmdline").read_text().split("\0")


def test_a_page_that_cannot_be_written_is_told_and_the_others_are_made(tmp_path: Path) -> None:
    """In a sentence, with the conversation's id and the file's name."""
    press = Press()
    assert press.takes(long(30), [tmp_path / "gone" / "0.html"])
    assert press.takes(long(30), [tmp_path / "1.html"])
    [problem] = press.close()
    assert problem.startswith("the page of 9c2bb0a7-b980-4979-a267-aab2d914ac2a was not written: [Errno 2]")
    assert "gone/0.html" in problem
    assert list(found(tmp_path)) == ["1.html"]


def test_a_page_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Such as that of a conversation at no time."""
    press = Press()
    assert press.takes(replace(long(30), opened_at=float("inf")), [tmp_path / "0.html"])
    [problem] = press.close()
    assert "could not be made, please report it: OverflowError: " in problem
    assert not found(tmp_path)
