"""The run's numbers and its page for Allure: `latency-perf.json` for its Metrics page, the page as a global attachment.

Allure averages all values of one key, so a key has one value a run: of a metric in all scenarios together, already
what is wanted of it. Source: `@allurereport/core-api` 3.18.0, `metrics.js`; `reader`, `allure2/index.js`.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path

from harness.metrics.summaries import Sample
from harness.reporting.latency.findings import called
from harness.reporting.latency.values import Latency

PERF, PAGE, GLOBALS = "latency-perf.json", "latency-attachment.html", "latency-globals.json"

_WAITS = ("ttft_ms", "answer_ms", "gap_max_ms", "ttlt_ms", "greeting_ms", "ack_ms")
_SHARES = (0.5, 0.9, 0.95)
_TALLIES = {"dup": "chunks twice", "out_of_order": "chunks out of order", "missing": "chunks missing"}


def metrics(latency: Latency) -> list[dict[str, object]]:
    """What Allure's Metrics page shows: percentiles of all scenarios together, shares, and what must be nought."""
    start, stop = (round(at * 1000) for at in (latency.run.started_at, latency.run.ended_at or latency.run.started_at))
    return [
        {
            **{"id": f"{latency.run.id}-{key}", "key": key, "value": round(value, 3), "start": start, "stop": stop},
            **{"title": title, "unit": unit, "better": better, "group": group.lower(), "groupTitle": group},
        }
        for key, value, title, unit, better, group in _values(latency)
        if math.isfinite(value)
    ]


Told = tuple[str, float, str, str, str, str]


def _values(latency: Latency) -> Iterator[Told]:
    pooled = latency.pooled()
    for name in _WAITS:
        for share in _SHARES:
            if name in pooled and (known := pooled[name].percentile(share)) is not None:
                tail = f"p{share * 100:.0f}"
                key = f"{name.removesuffix('_ms')}.{tail}_ms"
                yield key, known.value, f"{called(name)}, {tail} (n {pooled[name].n:,})", "ms", "lower", "Waits"
    yield from _quality(pooled)
    if budgets := latency.verdict.budgets:
        yield (
            "budgets.over",
            float(len(latency.verdict.over)),
            f"over budget, of {len(budgets):,}",
            "",
            "lower",
            "Budgets",
        )


def _quality(pooled: dict[str, Sample]) -> Iterator[Told]:
    group = "Streaming"
    for name, limit, title in (
        ("stalls", 0.0, "answers with a stall"),
        ("fluidity", 0.9, "answers below 0.9 fluidity"),
    ):
        if name in pooled and (over := pooled[name].over(limit)) is not None:
            yield f"{name}.share", over.value * 100, f"{title} (n {pooled[name].n:,})", "%", "lower", group
    if "fluidity" in pooled and (median := pooled["fluidity"].percentile(0.5)) is not None:
        yield "fluidity.p50", median.value, f"fluidity, p50 (n {pooled['fluidity'].n:,})", "", "higher", group
    for name, title in _TALLIES.items():
        if name in pooled:
            yield name, sum(filter(math.isfinite, pooled[name].values)), title, "", "lower", group


def put(latency: Latency, html: str, results: Path) -> None:
    """Add both to a folder of Allure's results.

    Raises:
        OSError: They can't be written.
    """
    (results / PERF).write_text(json.dumps(metrics(latency), indent=1) + "\n", encoding="utf-8")
    (results / PAGE).write_bytes(html.encode("utf-8"))
    at = round((latency.run.ended_at or latency.run.started_at) * 1000)
    attachment = {"name": "latency", "source": PAGE, "type": "text/html", "timestamp": at}
    (results / GLOBALS).write_text(json.dumps({"attachments": [attachment]}) + "\n", encoding="utf-8")
