"""A run without a history: what is shown of it is made from its recordings, by way of a store that is thrown away.

Not here: reading recordings (scenarios/remembering.py).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.reporting.latency.gathering import gather
from harness.reporting.latency.values import Latency
from harness.reporting.store.store import Store
from harness.reporting.store.values import Reported
from harness.scenarios.outcome import Outcome

_REPETITION = re.compile(r"-?~(\d+)\]$")
"""At the end of a test's id, where its scenario is played more than once."""


def recalled(outcomes: Iterable[tuple[int, Outcome]], *, budgets: Mapping[str, float] | None = None) -> Latency | None:
    """What is shown of a run by itself.

    Args:
        outcomes: The attempt that each is of, from 1, and what it came to; they are taken one by one.
        budgets: Limits in seconds by their names in targets.yaml.

    Returns:
        None where there are no conversations.

    Raises:
        StoreUnusable: There is no room for a temporary file.
    """
    with TemporaryDirectory(prefix="harness-latency-") as folder, Store(str(Path(folder, "run.db"))) as store:
        run: int | None = None
        ended = 0.0
        for attempt, one in outcomes:
            if run is None:
                run = store.begin(target=one.target, started_at=one.opened_at)
            lasted = one.timeline.horizon if len(one.timeline) else 0.0
            ended = max(ended, one.opened_at + lasted)
            store.add(run, _reported(one, attempt, lasted))
        if run is None:
            return None
        store.end(run, exit_code=0, ended_at=ended)
        made = gather(store, run, budgets=budgets)
    verdict = replace(made.verdict, notes=())
    return replace(made, verdict=verdict, is_alone=True)


def _reported(one: Outcome, attempt: int, lasted: float) -> Reported:
    scenario = one.scenario or one.name
    number = _REPETITION.search(scenario)
    return Reported(
        scenario=_REPETITION.sub("]", scenario).removesuffix("[]"),
        status=one.status,
        started_at=one.opened_at,
        lasted=lasted,
        repetition=int(number[1]) if number else 0,
        attempt=attempt,
        outcomes=[one],
    )
