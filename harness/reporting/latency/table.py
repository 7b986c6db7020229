"""The numbers as tables: a row a series, a row a turn. As CSV they are safe to open in a spreadsheet.

Names come from anywhere. Controls and terminal escapes are spelt out, and a text that a spreadsheet would take for a
formula begins with an apostrophe; numbers stay numbers. Source: OWASP, "CSV Injection".
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.events.text import printable
from harness.metrics.names import TURN
from harness.metrics.summaries import SHARES, Sample
from harness.reporting.latency.findings import metric_of
from harness.reporting.latency.values import Latency, Series
from harness.reporting.store.values import Key

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]

_FORMULAS = frozenset("=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}") | {
    "\N{FULLWIDTH COMMERCIAL AT}"
}
"""What a formula begins with, after white space too."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one shape.

    Attributes:
        columns: What they are called, and the type of what is in them.
        rows: By the columns' names.
    """

    columns: Mapping[str, type]
    rows: Sequence[Row]


_SERIES: dict[str, type] = {
    **{"run": int, "target": str, "version": str, "scenario": str, "locale": str, "metric": str, "unit": str},
    **{"verdict": str, "before": float, "now": float, "change": float, "p": float, "q": float},
    **{"n": int, "never": int, "left_out": int},
    **{f"p{share * 100:.0f}{end}": float for share in SHARES for end in ("", "_low", "_high")},
    **{"budget": float, "over": float, "over_low": float, "over_high": float, "is_over": bool},
}
"""A percentile that so few turns can't tell is empty, and so is its interval."""

_TURNS: dict[str, type] = {
    **{"run": int, "target": str, "scenario": str, "locale": str, "repetition": int, "attempt": int},
    **{"conversation": str, "deployment": str, "opened_at": float, "turn": int, "words": str},
    **{"is_opening": bool, "ending": str, "waited_ms": float, "down_ms": float},
    **dict.fromkeys(TURN, float),
}


def series_table(latency: Latency) -> Table:
    """A row for every metric of every scenario and locale."""
    known = {one.key: one for one in latency.series}
    rows = [_series(latency, key, sample, known.get(key)) for key, sample in sorted(latency.samples.items())]
    return Table(_SERIES, rows)


def _series(latency: Latency, key: Key, sample: Sample, series: Series | None) -> Row:
    metric = metric_of(key.metric)
    row: dict[str, Cell] = {
        **{"run": latency.run.id, "target": latency.run.target, "version": latency.run.version},
        **{"scenario": key.scenario, "locale": key.locale, "metric": key.metric},
        **{"unit": metric.unit if metric is not None else "", "now": sample.middle},
        **{"n": sample.n, "never": sample.censored, "left_out": sample.left_out},
    }
    for share in SHARES:
        name, known = f"p{share * 100:.0f}", sample.percentile(share)
        if known is not None:
            row[name] = known.value
            row[f"{name}_low"], row[f"{name}_high"] = known.interval or (None, None)
    if series is not None and (said := series.verdict) is not None:
        row |= {"verdict": str(said.word), "before": said.before, "change": said.change, "p": said.p, "q": said.q}
    if series is not None and (told := series.budget) is not None:
        row |= {"budget": told.limit, "over": told.share, "over_low": told.low, "over_high": told.high}
        row["is_over"] = told.is_over
    return row


def turns_table(latency: Latency) -> Table:
    """A row for every turn of every conversation, of later attempts too."""
    return Table(_TURNS, [*_turns(latency)])


def _turns(latency: Latency) -> Iterator[Row]:
    for one in latency.conversations:
        whose: dict[str, Cell] = {
            **{"run": latency.run.id, "target": latency.run.target, "scenario": one.scenario, "locale": one.locale},
            **{"repetition": one.repetition, "attempt": one.attempt, "conversation": one.conversation},
            **{"deployment": one.deployment, "opened_at": one.opened_at},
        }
        for turn in one.turns:
            yield {
                **whose,
                **{"turn": turn.number, "words": turn.words, "is_opening": turn.is_opening},
                **{"ending": str(turn.ending), "waited_ms": turn.waited_ms, "down_ms": turn.down_ms, **turn.values},
            }


def csv_of(table: Table) -> str:
    """The table as CSV, by RFC 4180; what is not known is empty, what never came is `inf`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows([_cell(row.get(name)) for name in table.columns] for row in table.rows)
    return text.getvalue()


def _cell(told: Cell) -> Cell:
    if isinstance(told, str):
        return harmless(told)
    if isinstance(told, bool):
        return str(told).lower()
    return round(told, 6) if isinstance(told, float) else told


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula, and no terminal for an order."""
    shown = printable(text)
    begins = text.lstrip()[:1] or text[:1]
    return f"'{shown}" if begins in _FORMULAS or text[:1] in _FORMULAS else shown
