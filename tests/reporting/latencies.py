"""Runs made up for the latency report: nights in a real store, of which it is known what there is to see."""

import random
from dataclasses import replace
from pathlib import Path

from harness.reporting.latency.gathering import gather
from harness.reporting.latency.values import Heat, Latency
from harness.reporting.nightly.baselines import pin
from harness.reporting.nightly.judging import changes, judge, judge_again
from harness.reporting.nightly.verdicts import keep
from harness.reporting.store.store import Store
from harness.reporting.store.values import Key, Kind
from tests.reporting import hostile
from tests.reporting.store.simulated import Name, Service, Values, write

BUDGETS = {"first_token": 1.6, "reply": 60.0}
TITLES = ("Greeting", "A refund", "Order status", "Handover to a person", "A long answer", "In two languages")
NAMES = {
    f"s{number}": f"suites/shop/{title.lower().replace(' ', '_')}.scenario.yaml::{title}"
    for number, title in enumerate(TITLES)
}
SLOW, TREND, TAIL = (Name(f"s{number}", "ttft_ms") for number in (1, 2, 3))
BASELINE, NIGHTS = 20, 36


def named(values: Values) -> Values:
    """Values by names that scenarios have."""
    return {name._replace(scenario=NAMES[name.scenario]): turns for name, turns in values.items()}


def changed(values: Values, **factors: float) -> Values:
    """A night on which the first tokens of some scenarios take longer."""
    return {
        name: [one * factors.get(name.scenario, 1.0) if name.metric == "ttft_ms" else one for one in turns]
        for name, turns in values.items()
    }


def night(path: Path, *, turns: int = 40) -> Latency:
    """A night after thirty-five others: one series is slower, one has a tail, one has been slower for a while."""
    service = Service("latency", scenarios=6, turns=turns, restless=0.3)
    service._usual.update({name: 300.0 + 90.0 * int(name.scenario[1:]) for name in service.names})
    with Store(str(path)) as store:
        for number in range(BASELINE):
            write(store, named(service.night()), number=number)
        baseline = pin(store, target="sandbox", by="ada", reason="before the move")
        for number in range(BASELINE, NIGHTS - 1):
            late = {} if number < BASELINE + 8 else {"s2": 1.12}
            write(store, named(changed(service.night(), **late)), number=number)
        tonight = {name: [*turns_] for name, turns_ in changed(service.night(), s1=1.4, s2=1.12).items()}
        tonight[TAIL][-8:] = [3.5 * one for one in tonight[TAIL][-8:]]
        run = write(store, named({**tonight, **streamed(turns)}), number=NIGHTS)
        again = changed(service.again(NAMES), s1=1.4, s2=1.12)
        second = write(store, named(again), number=NIGHTS, kind=Kind.AGAIN)
        verdict = judge_again(store, judge(store, run, baseline=baseline, budgets=BUDGETS), second)
        keep(store, verdict, changes(store, run))
        return replace(gather(store, run), heats=heats())


def streamed(turns: int) -> dict[Name, list[float]]:
    """How smooth the answers of two scenarios were; one has a stall in every fourth answer and a repeat in one."""
    found = {}
    for number, (stalls, fluidity, dup) in enumerate([(0.0, 1.0, 0.0), (1.0, 0.85, 1.0)]):
        halting = [place % 4 == 0 for place in range(turns)]
        values = {
            "chunks": [30.0] * turns,
            "tpot_ms": [25.0 + number] * turns,
            "chars_per_s": [180.0] * turns,
            "stalls": [stalls if one else 0.0 for one in halting],
            "fluidity": [fluidity if one else 1.0 for one in halting],
            "dup": [dup, *[0.0] * (turns - 1)],
        }
        found.update({Name(f"s{number}", metric): told for metric, told in values.items()})
    return found


def heats() -> tuple[Heat, ...]:
    """Gaps that vary about 25 ms; of long answers, some halt near the seventieth chunk."""
    chance = random.Random("heats")  # noqa: S311 - no secret
    made = []
    for scenario in NAMES.values():
        is_long = "long" in scenario
        answers = []
        for _ in range(40):
            gaps = [chance.lognormvariate(3.2, 0.5) for _ in range(chance.randint(100, 120) if is_long else 30)]
            if is_long and chance.random() < 0.4:
                gaps[chance.randint(66, 74)] = chance.uniform(450, 900)
            answers.append(tuple(gaps))
        made.append(Heat(scenario, "en_US", tuple(answers)))
    return tuple(made)


def hostile_names(latency: Latency) -> Latency:
    """The same of scenarios whose names mean harm."""
    texts = dict(zip(NAMES.values(), hostile.TEXTS[6:12], strict=True))
    texts[NAMES["s1"]] = '=HYPERLINK("http://127.0.0.1:9";"x")|`<script>document.title=\'owned\'</script>`@all'

    def under(key: Key) -> Key:
        return key._replace(scenario=texts.get(key.scenario, key.scenario))

    verdict = latency.verdict
    told = {under(key): replace(one, key=under(key)) for key, one in verdict.series.items()}
    budgets = tuple(replace(one, key=under(one.key)) for one in verdict.budgets)
    lasting = tuple(replace(one, key=under(one.key)) for one in verdict.trends)
    series = (
        replace(
            one,
            key=under(one.key),
            verdict=told.get(under(one.key)),
            budget=next((limit for limit in budgets if limit.key == under(one.key)), None),
            trends=tuple(replace(change, key=under(change.key)) for change in one.trends),
        )
        for one in latency.series
    )
    notes = (*verdict.notes, texts[NAMES["s1"]])
    return replace(
        latency,
        run=replace(latency.run, target="sandbox", version="=cmd|' /C calc'!A0"),
        verdict=replace(verdict, series=told, budgets=budgets, trends=lasting, notes=notes),
        series=tuple(series),
        samples={under(key): sample for key, sample in latency.samples.items()},
        heats=tuple(replace(one, scenario=texts.get(one.scenario, one.scenario)) for one in latency.heats),
    )
