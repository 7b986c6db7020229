"""What a year in the store costs: 10 scenarios of 40 turns with 120 gaps each, every night; size and queries.

The year is in a file of its own, written into the same tables as those of runs.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.metrics.names import TURN
from harness.reporting.nightly.baselines import pin
from harness.reporting.nightly.judging import JUDGED, changes, judge
from harness.reporting.nightly.verdicts import keep, read
from harness.reporting.store.history import History
from harness.reporting.store.store import Store
from tests.reporting.store.simulated import TARGET, Name, Service, write

NIGHTS = 365
LIMIT = 50.0
"""Milliseconds that a query may take."""
MOST = 100.0
"""Megabytes that the year may take."""
ROUNDS = 9


def year(where: str) -> int:
    """Write a year of nights with every metric, the last of them judged; the number of the last."""
    service = Service("a year")
    others = [name for name in TURN if name not in JUDGED]
    more = {Name(f"s{scenario}", name): [12.5] * service.turns for scenario in range(10) for name in others}
    with Store(where) as store:
        for number in range(NIGHTS):
            run = write(store, {**service.night(), **more}, number=number)
        baseline = pin(store, run, target=TARGET, by="somebody")
        keep(store, judge(store, run, baseline=baseline, budgets={"first_token": 2.0}), changes(store, run))
    return run


def median_ms(asked: Callable[[], object]) -> float:
    """Milliseconds that a query takes, the median of several."""
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        asked()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def main() -> int:
    """Measure and print.

    Returns:
        0 if the limits were kept, else 1.
    """
    with TemporaryDirectory() as folder:
        where = f"{folder}/history.db"
        started = time.perf_counter()
        last = year(where)
        print(f"{NIGHTS} nights of 400 turns written in {time.perf_counter() - started:.0f} s")
        size = Path(where).stat().st_size / 1e6
        print(f"{'size':<48}{size:>8.1f} MB, at most {MOST:.0f}")
        with History(where) as history:
            queries: dict[str, Callable[[], object]] = {
                "every series over 30 nights": lambda: history.series(TARGET, last=30),
                "a metric of every scenario over the year": lambda: history.series(TARGET, metrics=["ttft_ms"]),
                "a series over the year": lambda: history.series(TARGET, scenarios=["s3"], metrics=["ttft_ms"]),
                "all values of a night": lambda: history.samples(last),
                "conversations of a night, with every gap": lambda: history.conversations(last),
                "results of a night": lambda: history.results(last),
                "the last 30 runs": lambda: history.runs(last=30),
                "the slowest turns of a night": lambda: history.slowest(last, "ttft_ms"),
                "what was said of a night": lambda: read(history, last),
            }
            worst = 0.0
            for what, asked in queries.items():
                took = median_ms(asked)
                worst = max(worst, took)
                print(f"{what:<48}{took:>8.1f} ms, at most {LIMIT:.0f}")
            print(f"{'changes in the last nights (no limit)':<48}{median_ms(lambda: changes(history, last)):>8.1f} ms")
    return int(worst > LIMIT or size > MOST)


if __name__ == "__main__":
    sys.exit(main())
