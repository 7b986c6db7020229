"""The latency report as data and in words: CSV, Parquet, Markdown, JUnit, Allure's metrics."""

import csv
import io
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet  # type: ignore[import-untyped]

from harness.errors import HarnessError
from harness.metrics.regression import Word
from harness.reporting.allure_results import look
from harness.reporting.latency.allure import metrics, put
from harness.reporting.latency.findings import findings
from harness.reporting.latency.junit import junit
from harness.reporting.latency.leaving import FILES, leave
from harness.reporting.latency.markdown import code, markdown
from harness.reporting.latency.page import page
from harness.reporting.latency.parquet import write_parquet
from harness.reporting.latency.table import Table, csv_of, harmless, series_table, turns_table
from harness.reporting.latency.values import Latency
from tests.reporting.hostile import TEXTS
from tests.reporting.latencies import hostile_names, night

FORMULAS = ('=HYPERLINK("http://127.0.0.1:9";"x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", " =1")
FILE = "suites/shop/{0}.scenario.yaml::{1} (en_US)"


@pytest.fixture(scope="module")
def tonight(tmp_path_factory: pytest.TempPathFactory) -> Latency:
    """The thirty-sixth night."""
    return night(tmp_path_factory.mktemp("latency") / "history.db")


def rows(text: str) -> list[dict[str, str]]:
    """CSV as somebody else reads it."""
    return list(csv.DictReader(io.StringIO(text)))


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_row_a_series(tonight: Latency) -> None:
    """Numbers are numbers, what so few turns can't tell is empty."""
    found = rows(csv_of(series_table(tonight)))
    assert len(found) == len(tonight.samples) == 48
    one = next(row for row in found if (row["verdict"], row["change"][:5]) == ("slower", "0.364"))
    assert {name: one[name] for name in ("run", "target", "scenario", "locale", "metric", "unit", "n", "never")} == {
        **{"run": "36", "target": "sandbox", "locale": "en_US", "metric": "ttft_ms", "unit": "ms", "n": "40"},
        **{"scenario": "suites/shop/a_refund.scenario.yaml::A refund", "never": "0"},
    }
    assert [float(one[name]) for name in ("before", "now", "p50", "p50_low", "p90", "budget", "over")] == pytest.approx(
        [395.3, 530.4, 525.8, 515.8, 577.6, 1600.0, 0.0], abs=1.0
    )
    assert [one[name] for name in ("p95", "p95_low", "p99", "p99_high", "is_over")] == ["", "", "", "", "false"]
    assert any(float(row["change"]) < 0 for row in found if row["change"])


def test_a_row_a_turn(tonight: Latency) -> None:
    """With everything that it measured."""
    found = rows(csv_of(turns_table(tonight)))
    assert len(found) == 6 * 40
    assert {row["ending"] for row in found} == {"answered"}
    tonights = [float(row["ttft_ms"]) for row in found if row["scenario"].endswith("::A refund")]
    assert sorted(tonights) == pytest.approx(
        sorted(
            next(
                one.sample.values
                for one in tonight.series
                if one.key.metric == "ttft_ms" and "a_refund" in one.key.scenario
            )
        ),
        abs=1e-6,
    )


def test_what_never_came_is_inf() -> None:
    """And what is not known is empty; neither is a text."""
    table = Table({"a": float, "b": float, "c": bool, "d": int}, [{"a": math.inf, "b": None, "c": True, "d": -5}])
    assert csv_of(table) == "a,b,c,d\r\ninf,,true,-5\r\n"


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text: str) -> None:
    """Whatever it begins with."""
    assert harmless(text).startswith("'")


@given(st.text())
@example("\N{FULLWIDTH EQUALS SIGN}1")
@example("\ufeff=1")
@example("\u200b=1")
@example("\x1b[2J")
@example("\u202e=1")
def test_no_text_is_a_formula_or_an_order(text: str) -> None:
    """Read back by whoever, no cell begins a formula, none has a control or a direction override in it."""
    [[cell]] = csv.reader(io.StringIO(csv_of(Table({"a": str}, [{"a": text}])).partition("\r\n")[2] or '""'))
    assert cell.lstrip()[:1] not in {*"=+-@", *"\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"}
    assert not any(ord(character) < 0x20 or character in "\x1b\x7f\u202e\u2066" for character in cell)
    assert harmless("plain: 5 %") == "plain: 5 %"


def test_hostile_names_in_tables(tonight: Latency) -> None:
    """Of scenarios, and the version, in both tables."""
    for table in (series_table, turns_table):
        found = rows(csv_of(table(hostile_names(tonight))))
        assert not [cell for row in found for name, cell in row.items() if cell[:1] in "=+@" and cell]
        assert all(cell[:1] != "-" or name in {"change"} for row in found for name, cell in row.items()), (
            "a number may be negative, a text not"
        )


def test_parquet_has_the_same_and_every_gap(tonight: Latency, tmp_path: Path) -> None:
    """With types, as it was kept."""
    series, turns = (parquet.read_table(file) for file in write_parquet(tonight, tmp_path))
    assert (series.num_rows, turns.num_rows) == (48, 240)
    told = {name: str(series.schema.field(name).type) for name in ("run", "scenario", "p50", "is_over")}
    assert told == {"run": "int64", "scenario": "string", "p50": "double", "is_over": "bool"}
    assert series.column("p99").null_count == 48
    assert turns.column("gaps_ms").to_pylist()[0] == [25.0] * 120


def test_without_pyarrow_there_is_a_sentence(tonight: Latency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That says what to install; nothing is written."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(HarnessError, match=r"^Parquet wants pyarrow: pip install 'conversation-harness\[parquet\]'$"):
        write_parquet(tonight, tmp_path)
    assert list(tmp_path.iterdir()) == []


# -- Markdown ----------------------------------------------------------------------------------------------------------


def test_markdown(tonight: Latency) -> None:
    """As it stands in a pull request."""
    first, table, *waits = markdown(tonight).split("\n\n")[1:]
    assert markdown(tonight).startswith("### Latency: 2 slower, 34 same; 1 over budget, 11 kept\n\n")
    assert (
        first == "Run 36 of `sandbox`, by baseline 1 (20 nights, runs 1 to 20); all series together changed by -1.0%."
    )
    assert table.splitlines()[:3] == [
        "| | metric | scenario | |",
        "|---|---|---|---|",
        f"| **slower** | `ttft_ms` | `{FILE.format('a_refund', 'A refund')}` | is slower: 395 ms before, 530 ms now "
        "(+36.4%, q 0.000, n 40), in two runs |",
    ]
    assert len(table.splitlines()) == 7
    assert waits[0].splitlines()[0] == "- First token, all scenarios: p50 556 ms, p90 759 ms, p95 813 ms; 240 turns"


def test_hostile_names_in_markdown(tonight: Latency) -> None:
    """Nothing is outside a code span, and no cell ends early."""
    text = markdown(hostile_names(tonight))
    outside = [part for line in text.splitlines() for part in line.replace("\\|", "").split("`")[::2]]
    assert not [part for part in outside for bad in ("<", "@all", "HYPERLINK", "\x1b", "http") if bad in part]
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in table} == {5}


@pytest.mark.parametrize("text", TEXTS)
def test_a_code_span_holds_everything(text: str) -> None:
    """One line, closed where it ends."""
    span = code(text, in_table=True)
    assert span.count("`") == 2
    assert span.isprintable()
    assert "|" not in span.replace("\\|", "")
    assert len(span) < 220


# -- JUnit -------------------------------------------------------------------------------------------------------------


def test_junit_has_the_same_sentences(tonight: Latency) -> None:
    """What fails a night fails here; what goes slowly is told."""
    suite = ET.fromstring(junit(tonight).encode()).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    assert [suite.get(name) for name in ("name", "tests", "failures", "skipped")] == ["latency", "36", "3", "0"]
    failures = [failure.get("message") for failure in suite.iter("failure")]
    assert sorted(map(str, failures)) == sorted(one.sentence for one in findings(tonight) if one.fails)
    notes = [note.text for note in suite.iter("system-out")]
    assert notes == [one.sentence for one in findings(tonight) if not one.fails]


def test_junit_skips_what_nothing_is_said_of(tonight: Latency) -> None:
    """Not what has a budget: that holds."""
    known = ((one, one.verdict) for one in tonight.series if one.verdict is not None)
    told = tuple(replace(one, verdict=replace(verdict, word=Word.TOO_FEW)) for one, verdict in known)
    suite = ET.fromstring(junit(replace(tonight, series=told)).encode()).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["36", "1", "24"]
    assert {one.get("message") for one in suite.iter("skipped")} == {"too few turns to compare"}


def test_junit_of_hostile_names_is_xml(tonight: Latency) -> None:
    """XML has no escapes for controls, so they are spelt out."""
    suites = ET.fromstring(junit(hostile_names(tonight)).encode())  # noqa: S314 - our own
    assert "\\x1b[2J\\x1b]0;owned\\x07" in {case.get("classname") for case in suites.iter("testcase")}


# -- Allure ------------------------------------------------------------------------------------------------------------


def test_a_metric_has_one_value_a_run(tonight: Latency) -> None:
    """Of all scenarios together; with what Allure wants of each, and in the unit that it says."""
    found = {str(one["key"]): one for one in metrics(tonight)}
    assert len(found) == len(metrics(tonight)) == 23
    assert found["ttft.p90_ms"] == {
        **{"id": "36-ttft.p90_ms", "key": "ttft.p90_ms", "value": 758.855},
        **{"start": 1703110400000, "stop": 1703111000000},
        **{"title": "first token, p90 (n 240)", "unit": "ms", "better": "lower"},
        **{"group": "waits", "groupTitle": "Waits"},
    }
    assert [found[key]["value"] for key in ("stalls.share", "fluidity.p50", "dup", "budgets.over")] == [12.5, 1, 1, 1]
    assert found["fluidity.p50"]["better"] == "higher"
    assert "ttft.p99_ms" not in found


def test_allure_is_handed_the_page_and_the_metrics(tonight: Latency, tmp_path: Path) -> None:
    """In files that belong into its results."""
    put(tonight, "<p>the page", tmp_path)
    assert (look(tmp_path).foreign, len(look(tmp_path).files)) == ([], 3)
    [attached] = json.loads((tmp_path / "latency-globals.json").read_text())["attachments"]
    assert (attached["name"], attached["type"]) == ("latency", "text/html")
    assert (tmp_path / attached["source"]).read_text() == "<p>the page"


def test_all_of_it_is_left(tonight: Latency, tmp_path: Path) -> None:
    """In one folder; Allure gets its part where there are results of it."""
    results = tmp_path / "allure-results"
    assert leave(tonight, tmp_path / "latency", results=results) == tmp_path / "latency" / "index.html"
    assert sorted(file.name for file in (tmp_path / "latency").iterdir()) == sorted(FILES)
    assert not results.exists()
    assert (tmp_path / "latency" / "index.html").read_text(encoding="utf-8") == page(tonight)
    results.mkdir()
    leave(tonight, tmp_path / "latency", results=results)
    assert len(list(results.iterdir())) == 3
