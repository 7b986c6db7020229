"""Nights that were made up, written into a real store: what the statistics say of them is known beforehand.

As in the study of nightly regressions: 10 scenarios by 6 metrics, 40 turns a night that vary by a quarter, a machine of
its own moods that all series share (3 %, and one night in thirty-three 28 % slower), and 2 % a night of each series'
own. A turn is a conversation of its own. Here: making and writing. Not here: what is said of them.
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import insert

from harness.reporting.nightly.judging import JUDGED
from harness.reporting.store import tables
from harness.reporting.store.gaps import packed
from harness.reporting.store.points import id_of
from harness.reporting.store.store import Store
from harness.reporting.store.values import Kind
from tests.reporting.store.kept import BEGAN

TARGET = "sandbox"
DAY = 86_400.0

_SIGMA = math.sqrt(math.log1p(0.25**2))
"""Of turns that vary by a quarter."""


class Name(NamedTuple):
    """Which series."""

    scenario: str
    metric: str


Values = Mapping[Name, Sequence[float]]
"""The turns of a night, in ms."""


@dataclass
class Service:
    """A service that is called every night.

    Attributes:
        seed: Of all chance.
        scenarios: How many it has.
        turns: How many a scenario has in a night.
        restless: How much there is of all chance; 1 is as in the study.
        slower: By what some series have become slower, for good.
    """

    seed: str
    scenarios: int = 10
    turns: int = 40
    restless: float = 1.0
    slower: dict[Name, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - no secret
        self.names = [Name(f"s{number}", metric) for number in range(self.scenarios) for metric in JUDGED]
        self._usual = {name: self._chance.uniform(500, 3000) for name in self.names}
        self._own: dict[Name, float] = {}

    def night(self) -> Values:
        """The next night."""
        self._own = {name: self._chance.gauss(0, 0.02 * self.restless) for name in self.names}
        return self._played(self.names, self.turns)

    def again(self, scenarios: Collection[str]) -> Values:
        """Some scenarios in the same night once more, with twice the turns."""
        return self._played([name for name in self.names if name.scenario in scenarios], 2 * self.turns)

    def _played(self, names: Sequence[Name], turns: int) -> Values:
        chance = self._chance
        machine = chance.gauss(0, 0.03) + (math.log(1.28) if chance.random() < 0.03 else 0.0)
        return {
            name: [
                self._usual[name]
                * self.slower.get(name, 1.0)
                * math.exp(machine * self.restless + self._own[name] + chance.gauss(0, _SIGMA * self.restless))
                for _ in range(turns)
            ]
            for name in names
        }


def write(store: Store, values: Values, *, number: int = 0, kind: Kind = Kind.NIGHT, target: str = TARGET) -> int:
    """Write a run, as one that was played would have been.

    Args:
        store: Where.
        values: The turns.
        number: Which night it is.
        kind: What the run is for.
        target: Name of the service under test.

    Returns:
        Its number.
    """
    began = BEGAN + number * DAY
    run = store.begin(target=target, kind=kind, started_at=began)
    scenarios: dict[str, dict[str, Sequence[float]]] = {}
    for name, turns in values.items():
        scenarios.setdefault(name.scenario, {})[name.metric] = turns
    with store.database.writing() as connection:
        for key, metrics in scenarios.items():
            result = connection.scalar(
                insert(tables.RESULT)
                .values(
                    run_id=run,
                    scenario_id=id_of(connection, tables.SCENARIO, key=key),
                    repetition=0,
                    status="passed",
                    excused=False,
                    attempt=1,
                    started_at=began,
                    lasted_ms=1000.0,
                    why="",
                )
                .returning(tables.RESULT.c.id)
            )
            count = len(next(iter(metrics.values())))
            told = {
                "result_id": result,
                "name": "",
                "deployment": "Night",
                "locale": "en_US",
                "opened_at": began,
                "status": "passed",
                "violations": 0,
                "unclaimed": 0,
                "recording": "",
            }
            conversations = connection.scalars(
                insert(tables.CONVERSATION).returning(tables.CONVERSATION.c.id, sort_by_parameter_order=True),
                [told | {"conversation": f"{key} {place}"} for place in range(count)],
            ).all()
            connection.execute(
                insert(tables.TURN),
                [_turn(one, place, metrics) for place, one in enumerate(conversations)],
            )
            if greetings := metrics.get("greeting_ms"):
                named = [{"metric": "greeting_ms", "place": 0, "value": value} for value in greetings]
                connection.execute(
                    insert(tables.CHANNEL),
                    [one | {"conversation_id": of} for of, one in zip(conversations, named, strict=True)],
                )
    store.end(run, exit_code=0, ended_at=began + 600)
    return run


_GAPS = packed([0.025] * 120)


def _turn(conversation: int, place: int, metrics: Mapping[str, Sequence[float]]) -> dict[str, object]:
    values = {name: turns[place] for name, turns in metrics.items() if name != "greeting_ms"}
    told = {"words": "a question", "is_opening": False, "ending": "answered", "waited_ms": 1000.0, "down_ms": 0.0}
    return {"conversation_id": conversation, "number": 1, "gaps": _GAPS, **told, **values}
