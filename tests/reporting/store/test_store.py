"""What is kept is what was measured, by any number of writers, and whatever is killed meanwhile."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics.measuring import measure
from harness.metrics.names import readings
from harness.metrics.summaries import channel, summary
from harness.reporting.store.history import History
from harness.reporting.store.store import Store, this_environment
from harness.reporting.store.values import Key, Kind
from harness.scenarios.outcome import Status
from harness.timeline.timeline import Timeline
from tests.reporting.store.kept import BEGAN, outcome, reported, talk, unanswered


def test_a_run_is_kept_as_it_was(where: str) -> None:
    """Results, conversations, turns with every metric and every gap, and what its series came to."""
    record = talk(0.4, 1.0)
    with Store(where) as store:
        run = store.begin(target="staging", kind=Kind.NIGHT, version="bot 7", started_at=BEGAN)
        store.add(run, reported("a::one", outcomes=[outcome(record)]))
        store.add(run, reported("a::two", 0.6, status=Status.FAILED, repetition=3))
        store.end(run, exit_code=1, ended_at=BEGAN + 60)
    with History(where) as history:
        [kept] = history.runs()
        assert kept == history.run(run)
        assert (kept.kind, kept.target, kept.version, kept.exit_code) == ("night", "staging", "bot 7", 1)
        assert (kept.started_at, kept.ended_at, kept.environment) == (BEGAN, BEGAN + 60, this_environment())
        assert (dict(kept.results), kept.scenarios, kept.conversations) == ({"passed": 1, "failed": 1}, 2, 2)
        assert [(one.scenario, one.status, one.repetition, one.why) for one in history.results(run)] == [
            ("a::one", "passed", 0, ""),
            ("a::two", "failed", 3, "ExpectationFailed: no"),
        ]
        first, second = history.conversations(run)
        assert (second.scenario, second.status) == ("a::two", "failed")
        assert (first.conversation, first.recording) == ("c-1", "recordings/c-1.recording.jsonl")
        for turn, measured in zip(first.turns, measure(record).turns, strict=True):
            assert (turn.number, turn.words, turn.ending) == (measured.number, measured.words, measured.ending)
            assert turn.values == {name: span.value for name, span in readings(measured).items()}
            assert turn.gaps == pytest.approx([gap.value * 1000 for gap in measured.gaps], abs=0.05)
        assert len(first.turns[2].gaps) == 4
        assert first.channel["greeting_ms"] == (300.0,)
        nights = history.series("staging", metrics=["answer_ms"])
        medians = {key.scenario: points[0].p50 for key, points in nights.series.items() if points[0]}
        assert medians == pytest.approx({"a::one": 400.0, "a::two": 600.0})
        [slow] = history.slowest(run, "answer_ms", last=1)
        assert slow.value == pytest.approx(1000.0)
        assert slow[1:] == ("a::one", "c-1", 2, "one 1", "recordings/c-1.recording.jsonl")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a::one", "a::two"]),
            st.sampled_from(["en_US", "de_DE"]),
            st.lists(st.integers(1, 4000).map(lambda ms: ms / 1000), max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_read_is_what_the_metrics_say(told: list[tuple[str, str, list[float]]]) -> None:
    """A sample of the store and one of the conversations themselves are the same, of every series."""
    talks = [(scenario, locale, talk(*answers)) for scenario, locale, answers in told]
    with TemporaryDirectory() as folder, Store(f"{folder}/history.db") as store:
        run = store.begin(target="sandbox")
        for number, (scenario, locale, record) in enumerate(talks):
            store.add(run, reported(scenario, outcomes=[outcome(record, conversation=str(number), locale=locale)]))
        store.end(run, exit_code=0)
        found = {key: sorted(sample.values) for key, sample in store.samples(run).items()}
        points = store.series("sandbox").series
    assert found == _measured(talks)
    assert {key: point.n for key, (point,) in points.items() if point} == {key: len(one) for key, one in found.items()}


def _measured(talks: Iterable[tuple[str, str, Timeline]]) -> dict[Key, list[float]]:
    groups: dict[tuple[str, str], list[Timeline]] = {}
    for scenario, locale, record in talks:
        groups.setdefault((scenario, locale), []).append(record)
    found = {}
    for (scenario, locale), records in groups.items():
        measured = {str(number): measure(record) for number, record in enumerate(records)}
        for name, sample in {**summary(measured), **channel(measured)}.items():
            found[Key("sandbox", scenario, locale, name)] = sorted(sample.values)
    return found


def test_only_first_attempts_tell_of_latency(where: str) -> None:
    """Another attempt is one that a good moment was waited for."""
    with Store(where) as store:
        run = store.begin(target="sandbox")
        store.add(run, reported("a::one", 0.4))
        store.add(run, reported("a::one", 9.0, attempt=2, repetition=1))
        store.end(run, exit_code=0)
        [points] = store.series("sandbox", metrics=["answer_ms"]).series.values()
        assert [one.n for one in points if one] == [1]
        assert [one.p50 for one in points if one] == pytest.approx([400.0])


def test_answers_that_never_came_are_infinite(where: str) -> None:
    """In every database."""
    with Store(where) as store:
        run = store.begin(target="sandbox")
        store.add(run, reported("a::one", outcomes=[unanswered("c-1")]))
        store.end(run, exit_code=1)
        [points] = store.series("sandbox", metrics=["answer_ms"]).series.values()
        assert [(one.n, one.censored, one.p50) for one in points if one] == [(1, 1, math.inf)]


def test_what_no_database_takes_is_kept_nevertheless(where: str) -> None:
    """NUL, and halves of surrogate pairs, in whatever a scenario or a customer says."""
    with Store(where) as store:
        run = store.begin(target="sand\0box", version="\ud800")
        store.add(run, reported("a::\0\ud83d", 0.4))
        store.end(run, exit_code=0, note="\0")
        assert store.run(run).target == "sand\N{REPLACEMENT CHARACTER}box"
        assert [one.scenario for one in store.results(run)] == ["a::\N{REPLACEMENT CHARACTER}?"]


def test_runs_of_which_nothing_was_reported_are_not_kept(where: str) -> None:
    """Such as one of which every scenario was deselected."""
    with Store(where) as store:
        store.end(store.begin(target="sandbox"), exit_code=5)
        assert store.runs() == ()


def test_which_runs_are_nights(where: str) -> None:
    """Whole ones of the kinds that are asked for, in the order of their numbers, whatever the clock said."""
    with Store(where) as store:
        for number, (kind, code) in enumerate([("night", 0), ("again", 0), ("night", 2), ("run", 1), ("night", 1)]):
            run = store.begin(target="sandbox", kind=Kind(kind), started_at=BEGAN - number * 3600)
            store.add(run, reported("a::one", 0.1 * (number + 1)))
            store.end(run, exit_code=code)
        store.add(store.begin(target="sandbox"), reported("a::one", 0.6))

        def runs(**chosen: object) -> list[int]:
            nights = store.series("sandbox", metrics=["answer_ms"], **chosen)  # type: ignore[arg-type]
            values = [[point.p50 for point in points if point] for points in nights.series.values()]
            assert not nights.nights or [values] == [[[pytest.approx(100.0 * one.run) for one in nights.nights]]]
            return [one.run for one in nights.nights]

        assert runs() == [1, 4, 5]
        assert runs(kinds=[Kind.NIGHT]) == [1, 5]
        assert runs(last=1) == [5]
        assert runs(until=4, kinds=[*Kind]) == [1, 2, 4]
        assert runs(runs=[2, 3, 5], kinds=[*Kind]) == [2, 5]
        assert runs(environment="another machine") == []


# -- several at once, and killed ---------------------------------------------------------------------------------------

WRITER = """
import sys
from harness.reporting.store.store import Store
from tests.reporting.store.kept import reported

where, name, run, count = sys.argv[1:]
store = Store(where)
print("open", flush=True)
sys.stdin.readline()
number = int(run) or store.begin(target="sandbox")
written = 0
while written != int(count):  # of a negative count: for ever
    store.add(number, reported(f"{name}::{written % 5}", 0.4, 1.0, repetition=written))
    written += 1
    print(written, flush=True)
if not int(run):
    store.end(number, exit_code=0)
"""
ROOT = Path(__file__).parents[3]


def writer(where: str, name: str, run: int = 0, count: int = -1) -> subprocess.Popen[str]:
    """A process that writes, once it is told to."""
    command = [sys.executable, "-c", WRITER, where, name, str(run), str(count)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_many_write_at_once(where: str) -> None:
    """Two into one run, one into a run of its own; and nothing is lost or twice there."""
    with Store(where) as store:
        shared = store.begin(target="sandbox")
    writers = [writer(where, name, run, 15) for name, run in [("a", shared), ("b", shared), ("c", 0)]]
    for process in writers:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    ends = [process.communicate("go\n", timeout=120) for process in writers]
    assert [process.returncode for process in writers] == [0] * 3, ends
    with Store(where) as store:
        store.end(shared, exit_code=0)
        runs = store.runs()
        assert sorted(run.conversations for run in runs) == [15, 30]
        told = sorted((one.scenario, one.repetition) for one in store.results(shared))
        assert told == sorted((f"{name}::{number % 5}", number) for name in "ab" for number in range(15))
        answers = store.series("sandbox", metrics=["answer_ms"])
        assert len(answers.series) == 15
        assert sum(point.n for points in answers.series.values() for point in points if point) == 90


def test_many_make_one_store_at_once(where: str) -> None:
    """Whoever comes second finds the tables."""
    writers = [writer(where, name, count=1) for name in "ab"]
    ends = [process.communicate("go\n", timeout=120) for process in writers]
    assert [process.returncode for process in writers] == [0] * 2, ends
    with History(where) as history:
        assert len(history.runs()) == 2


def test_who_is_killed_leaves_whole_scenarios(where: str) -> None:
    """All that was said to be written is there, with every turn; the run has no end, the next one has."""
    with writer(where, "a") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        told = [process.stdout.readline() for _ in range(8)]
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read().splitlines()
        process.wait(timeout=30)
    said = max(int(line) for line in told if line.strip().isdecimal())
    with Store(where) as store:
        [run] = store.runs()
        assert (run.ended_at, run.exit_code) == (None, None)
        assert said <= run.conversations <= said + 1
        kept = store.conversations(run.id)
        assert [one.repetition for one in kept] == list(range(run.conversations))
        assert {len(one.turns) for one in kept} == {3}
        assert {one.channel["greeting_ms"] for one in kept} == {(300.0,)}
        assert store.series("sandbox").nights == ()
        following = store.begin(target="sandbox")
        store.add(following, reported("a::one", 0.4))
        store.end(following, exit_code=0)
        assert [one.run for one in store.series("sandbox").nights] == [following]
