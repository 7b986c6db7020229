"""The latency report's figures and sentences, from runs of which it is known what there is to see."""

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.metrics.names import TURN
from harness.metrics.regression import Word
from harness.metrics.summaries import Observed, Sample
from harness.reporting.latency.findings import compared_with, findings, headline
from harness.reporting.latency.gathering import gather
from harness.reporting.latency.heat import heat
from harness.reporting.latency.page import page
from harness.reporting.latency.panel import Log
from harness.reporting.latency.recalled import recalled
from harness.reporting.latency.spread import spread
from harness.reporting.latency.trend import trend
from harness.reporting.latency.values import Heat, Latency, Series
from harness.reporting.nightly.values import BudgetVerdict
from harness.reporting.pages.markup import DASH
from harness.reporting.store.store import Store
from harness.reporting.store.values import Key, Kind
from harness.scenarios.outcome import Outcome
from harness.timeline.timeline import Timeline
from tests.reporting.latencies import hostile_names, night
from tests.reporting.store.kept import outcome, talk, unanswered
from tests.reporting.store.simulated import Service, write

KEY = Key("sandbox", "suites/a.scenario.yaml::A question", "en_US", "ttft_ms")


@pytest.fixture(scope="module")
def tonight(tmp_path_factory: pytest.TempPathFactory) -> Latency:
    """The thirty-sixth night."""
    return night(tmp_path_factory.mktemp("latency") / "history.db")


class _Text(HTMLParser):
    """What a page says, cells of tables apart."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self._is_in_cell = self._is_style = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._is_style |= tag == "style"
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
            self._is_in_cell = True
        elif tag == "small" and self._is_in_cell:
            self.rows[-1][-1] += " "

    def handle_endtag(self, tag: str) -> None:
        self._is_style &= tag != "style"
        self._is_in_cell &= tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        self.text += [] if self._is_style else [data]
        if self._is_in_cell:
            self.rows[-1][-1] += data


def read(html: str) -> _Text:
    """What a page says."""
    text = _Text()
    text.feed(html)
    return text


def said(html: str) -> str:
    """All of it, in a line."""
    return " ".join("".join(read(html).text).split())


def sample(*values: float, metric: str = "ttft_ms", censored: int = 0) -> Sample:
    """Values of conversations of their own."""
    never = (Observed(f"never {number}", math.inf) for number in range(censored))
    return Sample(TURN[metric], (*(Observed(str(place), one) for place, one in enumerate(values)), *never), censored, 0)


def alone(*outcomes: Outcome, budgets: dict[str, float] | None = None) -> Latency:
    """A run without a history."""
    made = recalled(((1, replace(one, scenario="a.yaml::A")) for one in outcomes), budgets=budgets)
    assert made is not None
    return made


# -- a night -----------------------------------------------------------------------------------------------------------


def test_what_is_said_of_a_night(tonight: Latency) -> None:
    """What fails it first; the same words and figures as in the table."""
    assert [(one.word, one.fails, one.key.scenario.rpartition("::")[2]) for one in findings(tonight)] == [
        ("slower", True, "A refund"),
        ("slower", True, "Order status"),
        ("over budget", True, "Handover to a person"),
        ("trend #1 open", False, "A refund"),
        ("trend #2 open", False, "Order status"),
    ]
    assert [one.told for one in findings(tonight)] == [
        "is slower: 395 ms before, 530 ms now (+36.4%, q 0.000, n 40), in two runs",
        "is slower: 485 ms before, 523 ms now (+9.6%, q 0.000, n 40), in two runs",
        "is over its budget of 1600 ms in 20% of 40 turns, 9% at least",
        "went from 391 ms to 440 ms (+12.5%) with run 34, and stayed there",
        "went from 482 ms to 533 ms (+10.6%) with run 29, and stayed there",
    ]
    assert headline(tonight) == "2 slower, 34 same; 1 over budget, 11 kept"
    assert compared_with(tonight) == "by baseline 1 (20 nights, runs 1 to 20); all series together changed by -1.0%"


def test_the_table_of_verdicts(tonight: Latency) -> None:
    """A row a series, what fails first, with the turns it is from; intervals in small print."""
    rows = read(page(tonight)).rows
    assert rows[0] == [*["scenario", "verdict", "baseline", "now", "change", "q", "p50", "p90"], "over budget", "turns"]
    file = "suites/shop/a_refund.scenario.yaml en_US"
    assert rows[1] == [
        *(f"A refund {file}", "slower", "395", "530", "+36.4%", "0.000", f"526 516{DASH}547", f"578 557{DASH}617"),
        *(f"0% of 1,600; 0%{DASH}9%", "40"),
    ]
    assert [row[0].partition(" suites")[0] for row in rows[1:7]] == [
        *("A refund", "Handover to a person", "Order status"),
        *("A long answer", "Greeting", "In two languages"),
    ]
    assert rows[2][1:3] == ["same over budget", "573"]
    assert rows[2][-2:] == [f"20% of 1,600; 9%{DASH}36%", "40"]


def test_no_percentile_that_so_few_turns_can_not_tell(tonight: Latency) -> None:
    """Of forty turns no p95 and no p99, in no table and no picture; of eighty a p95."""
    html = page(tonight)
    assert not [row for row in read(html).rows if "p95" in row or "p99" in row]
    assert re.findall(r"p9[59] \d", said(html).replace("p99 368", "")) == []
    more = replace(tonight, series=(Series(KEY, sample(*range(1, 81))),))
    assert read(page(more)).rows[0] == [*["scenario", "verdict", "p50", "p90", "p95", "turns"]]


def test_every_picture_says_its_figures(tonight: Latency) -> None:
    """For those who can't see it: percentiles and n, stalls, nights and changes."""
    text = said(page(tonight))
    for told in (
        "p50 526 ms, p90 578 ms, n 40; baseline p50 393 ms, p90 438 ms, n 800; 0% over the budget of 1600 ms.",
        "p50 576 ms, p90 1903 ms, n 40; baseline p50 573 ms, p90 634 ms, n 800; 20% over the budget of 1600 ms.",
        "36 nights, 476 ms at first, 523 ms at last (n 40); #2 open: 482 ms to 533 ms (+10.6%) since run 29.",
        "40 turns with 1,200 gaps: none of 400 ms and more.",
    ):
        assert told in text
    assert re.search(
        r"40 turns with 4,\d\d\d gaps: 1\d of 400 ms and more, in 1\d turns; the longest, \d+ ms, before "
        r"chunk (6|7)\d\.",
        text,
    )


def test_streaming_quality(tonight: Latency) -> None:
    """The most stalls first; what never happened has no column and is said."""
    html = page(tonight)
    head = next(place for place, row in enumerate(read(html).rows) if "with a stall" in row)
    rows = read(html).rows[head : head + 3]
    assert rows[0][-1] == "twice"
    assert [row[1:] for row in rows[1:]] == [
        ["40", "26", rows[1][3], rows[1][4], "25%", "1.00", "25%", "180", "1"],
        ["40", "25", rows[2][3], rows[2][4], "0%", "1.00", "0%", "180", "0"],
    ]
    assert "Nothing was replayed, out of order, missing, withdrawn." in said(html)


def test_a_night_of_another_machine_is_not_compared(tonight: Latency) -> None:
    """Why not is a sentence, and there are no columns for it."""
    told = {
        key: replace(one, word=Word.LEARNING, before=None, change=None, q=None)
        for key, one in tonight.verdict.series.items()
    }
    series = tuple(replace(one, verdict=told.get(one.key), before=None) for one in tonight.series)
    verdict = replace(tonight.verdict, series=told, baseline=None, notes=("no baseline of 'sandbox' is pinned",))
    other = replace(tonight, verdict=verdict, series=series)
    html = page(other)
    assert read(html).rows[0] == ["scenario", "verdict", "p50", "p90", "over budget", "turns"]
    assert "<p class=\"note\">no baseline of 'sandbox' is pinned</p>" in html
    assert headline(other) == "36 series, not compared; 1 over budget, 11 kept"
    assert "with nothing" in said(html)


def test_a_run_that_is_no_night_is_compared_too(tmp_path: Path) -> None:
    """With the baseline that is pinned; nothing of that is kept."""
    tonight = night(tmp_path / "history.db")
    service = Service("a run", scenarios=6, turns=25, restless=0.1)
    with Store(str(tmp_path / "history.db")) as store:
        values = {
            name._replace(scenario="suites/shop/greeting.scenario.yaml::Greeting"): turns
            for name, turns in service.night().items()
            if name.scenario == "s0"
        }
        run = write(store, values, number=40, kind=Kind.RUN)
        made = gather(store, run, budgets={"first_token": 0.001})
        assert made.verdict.baseline == tonight.verdict.baseline
        assert {one.word for one in made.series} != {Word.LEARNING}
        assert [one.key.metric for one in made.verdict.over] == ["ttft_ms"]
        assert made.nights[-1].run == run
        assert len(made.nights) == 37
        assert gather(store, run).verdict.over == ()


# -- a run by itself ---------------------------------------------------------------------------------------------------


def test_a_run_by_itself() -> None:
    """From its conversations alone: what was measured, held to its budgets."""
    made = alone(
        *(outcome(talk(0.4, 0.8, 1.2, name=str(number)), conversation=f"c-{number}") for number in range(4)),
        budgets={"reply": 0.7, "first_token": 60.0},
    )
    assert made.is_alone
    by_metric = {one.key.metric: one for one in made.series}
    assert sorted(by_metric["answer_ms"].sample.values) == pytest.approx([400.0] * 4 + [800.0] * 4 + [1200.0] * 4)
    assert by_metric["answer_ms"].budget is not None
    assert by_metric["answer_ms"].budget.share == pytest.approx(2 / 3)
    assert by_metric["answer_ms"].is_over
    assert [one.sentence.partition(" in 67%")[0] for one in findings(made)] == [
        "answer_ms of a.yaml::A (en_US) is over its budget of 700 ms"
    ]
    text = said(page(made))
    assert text.startswith("Latency: ")
    assert "Latency, run of sandbox" in text
    assert "this run alone, without a history" in text
    assert "is pinned" not in text
    assert "p50 800 ms, p90 1200 ms, n 12; 67% over the budget of 700 ms." in text
    assert "12 turns with 48 gaps: none of 400 ms and more." in text


def test_what_never_came_is_never() -> None:
    """In the table, in the caption, and as a curve that does not reach the top."""
    made = alone(outcome(talk(0.4)), *(unanswered(f"u-{number}") for number in range(3)))
    [answer] = [one for one in made.series if one.key.metric == "answer_ms"]
    assert (answer.sample.n, answer.sample.censored) == (4, 3)
    html = page(made)
    row = next(row for row in read(html).rows if row[-1].endswith("3 never came"))
    assert row[2:] == ["never", "never", "4 3 never came"]
    assert "p50 never, p90 never, n 4, of which 3 never came." in said(html)


def test_attempts_and_repetitions() -> None:
    """Retries don't count, repetitions are of one scenario."""
    calls = [
        (attempt, replace(outcome(talk(0.4, name=name), conversation=name), scenario=f"a.yaml::A[x-~{number}]"))
        for number, attempt, name in ((1, 1, "one"), (2, 1, "two"), (2, 2, "again"))
    ]
    made = recalled(calls)
    assert made is not None
    assert {key.scenario for key in made.samples} == {"a.yaml::A[x]"}
    assert {one.sample.n for one in made.series} == {2}
    assert sum(len(one.turns) for one in made.heats) == 2
    assert [(one.repetition, one.attempt) for one in made.conversations] == [(1, 1), (2, 1), (2, 2)]


def test_nothing_was_measured() -> None:
    """There is nothing to show, or a page that says so."""
    assert recalled([]) is None
    assert "No turn was measured." in said(page(alone(outcome(Timeline()))))


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_a_curve_rises_by_each_turn_and_stops_below_the_top() -> None:
    """Steps at the values by their logarithm; the budget's line; dots at p50 and p90."""
    over = BudgetVerdict(KEY, 200.0, 0.0, 0.0, 0.6, is_over=False)
    drawn = spread(Series(KEY, sample(100.0, 200.0, censored=2), budget=over))
    [path] = re.findall(r'<path d="([^"]+)" class="now"/>', drawn)
    assert path == "M91 120H91V90H909V60H1000"
    assert re.findall(r'<line x1="([\d.]+%)" x2="\1" y1="0" y2="120" class="decisive"/>', drawn) == ["90.91%"]
    assert re.findall(r'<circle cx="([\d.]+%)" cy="([\d.]+)" class="now"', drawn) == [("90.91%", "60.0")]


def test_a_budget_far_away_is_told_and_not_drawn() -> None:
    """Or the curve would be a stroke at the left."""
    far = BudgetVerdict(KEY, 60_000.0, 0.0, 0.0, 0.6, is_over=False)
    drawn = spread(Series(KEY, sample(100.0, 200.0), budget=far))
    assert "decisive" not in drawn
    assert "0% over the budget of 60000 ms." in drawn


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        pytest.param(90, 1100, [100, 200, 500, 1000], id="1, 2, 5"),
        pytest.param(210, 480, [300, 400], id="finer"),
        pytest.param(101, 109, [], id="none that is round"),
        pytest.param(0.0, 5.0, [0.1, 0.5, 2], id="from nothing, every second"),
        pytest.param(100, 100, [100], id="a point"),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    """And few."""
    assert Log(low, high).ticks() == pytest.approx(ticks)


def test_a_stall_is_red_where_it_was() -> None:
    """The third quarter of the answers, in the row of its length; the others are of 32 ms."""
    one = Heat("a", "en_US", ((32.0, 32.0, 500.0, 32.0), (32.0, 32.0, 32.0, 32.0)))
    drawn = heat(one)
    assert dict(re.findall(r'<path d="([^"]+)" class="(\w\d)"/>', drawn)) == {
        "M0 73.3H250V80H0zM250 73.3H500V80H250zM750 73.3H1000V80H750z": "h5",
        "M500 73.3H750V80H500z": "h4",
        "M500 26.7H750V33.3H500z": "s4",
    }
    assert "2 turns with 8 gaps: 1 of 400 ms and more, in 1 turn; the longest, 500 ms, before chunk 4." in drawn


def test_a_trend_has_its_levels_where_they_were(tonight: Latency) -> None:
    """The dashed line at the night of the change, a level to each side, what changed in words."""
    [one] = [one for one in tonight.series if one.key.metric == "ttft_ms" and "order_status" in one.key.scenario]
    drawn = trend(one, tonight.nights)
    assert re.findall(r'<line x1="([\d.]+%)" x2="\1" y1="0" y2="120" class="decisive"/>', drawn) == ["80%"]
    assert "+10.6% since run 29" in drawn
    [before], [after] = (
        re.findall(rf'<path d="M(\d+) [\d.]+H(\d+)" class="{kind}"', drawn) for kind in ("before", "after")
    )
    assert (before, after) == (("0", "800"), ("800", "1000"))


def test_a_night_without_a_value_is_a_hole(tonight: Latency) -> None:
    """The line is not drawn over it, and it is counted."""
    one = tonight.series[0]
    holed = replace(one, points=(*one.points[:10], None, *one.points[11:]), trends=())
    drawn = trend(holed, tonight.nights)
    assert len(re.findall(r'class="now"/>', drawn)) == 2
    assert "35 nights" in drawn
    assert "; 1 night without a value." in drawn


# -- a page that nothing can break -------------------------------------------------------------------------------------


def test_it_stands_alone(tonight: Latency) -> None:
    """One file without script, link or picture from elsewhere; not large."""
    html = page(tonight)
    assert not re.search(r"<(script|link|img|iframe|object|embed|base|form)\b|@import|url\(|javascript:|\bon\w+=", html)
    assert re.findall(r'\b(?:src|href)="([^"#][^"]*)"', html) == []
    assert len(html.encode()) < 200_000


def test_names_that_mean_harm_are_text(tonight: Latency) -> None:
    """Markup, terminal escapes, direction overrides, formulas; endless ones are cut."""
    html = page(hostile_names(tonight))
    assert "<script>" not in html
    assert not re.search(r"<(iframe|base|plaintext|meta http-equiv=.?refresh)\b", html)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    assert "\\x1b[2J" in html
    assert "&lt;script&gt;" in html


def test_many_series_are_counted_and_not_drawn(tonight: Latency) -> None:
    """Twenty-four pictures a metric, a hundred rows a table; the rest is told."""
    one = next(one for one in tonight.series if one.key == tonight.series[0].key)
    assert one.verdict is not None
    many = []
    for number in range(400):
        key = KEY._replace(scenario=f"a.yaml::{number:03}")
        many.append(replace(one, key=key, verdict=replace(one.verdict, key=key), budget=None, trends=()))
    html = page(replace(tonight, series=tuple(many), heats=()))
    assert html.count("<figure") == 48
    assert "377 more have no place here: see the tables." in said(html)
    assert "300 more are in the export." in said(html)
