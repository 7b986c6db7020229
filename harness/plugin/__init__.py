"""The pytest plugin: options, fixtures, short failures, and the hand-over of outcomes to the reporters.

Here: what only pytest needs. Not here: conversations (scenarios/), what a report looks like (reporting/).
"""

import asyncio
import sys
from argparse import ArgumentTypeError, BooleanOptionalAction
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.client.target import Target
from harness.client.target_file import SANDBOX
from harness.errors import ExpectationFailed, HarnessError, LocalProtocolError
from harness.plugin import allure_hooks, safety, scenario_files
from harness.plugin.judging import FIXTURE, Run, chosen, of_function, run_of, runs_of
from harness.plugin.printing import PRINTING, Printing
from harness.plugin.scenario_files import ATTEMPT, OUTCOMES, PERFORMED, STAGE, ScenarioItem
from harness.plugin.stage import STRICT, Stage
from harness.plugin.tally import Totals, scenario_of
from harness.reporting import allure
from harness.reporting.store.values import Told
from harness.scenarios.conversation import Conversation
from harness.scenarios.customer import Customer, recorded_customer
from harness.scenarios.customer import customer as a_customer
from harness.scenarios.model import nearest_locale
from harness.scenarios.outcome import Outcome
from harness.scenarios.pool import new_event_loop
from harness.scenarios.privacy import secrets_of_target
from harness.scenarios.recording import Recordings
from harness.settings import ALLOW_PRODUCTION, CONCURRENCY, TARGETS, privacy, strictness
from harness.user.persona import locales, persona

CONVERSATIONS = pytest.StashKey[list[Conversation]]()
_EVIDENCE = "--allure-evidence"
TOTALS = pytest.StashKey[Totals]()
RUNS = pytest.StashKey[list[Run]]()
LEFT = pytest.StashKey[list[Run]]()
KEPT = pytest.StashKey[Callable[[], list[str]]]()

_HIDDEN = (str(Path(harness.__file__).parent), str(Path(asyncio.__file__).parent))
"""Where frames come from that a failure does not show: they say nothing about the bot."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the harness."""
    group = parser.getgroup("harness", "conversations")
    group.addoption(
        "--target",
        default=SANDBOX,
        metavar="NAME",
        help=f"service under test: {SANDBOX!r}, its name in {TARGETS}, or its address (default: %(default)s)",
    )
    group.addoption("--org-id", metavar="ID", help="organisation id of the target, 15 characters; needed by an address")
    group.addoption(
        "--deployment",
        metavar="NAME",
        help="API name of the deployment to talk to where a scenario names none; needed by an address",
    )
    group.addoption(
        "--within",
        type=float,
        metavar="SECONDS",
        help="time an expectation has where a scenario gives none (default: as the target says, or 10)",
    )
    group.addoption(
        ALLOW_PRODUCTION, action="store_true", help="talk to the target even if it is in production, as its file says"
    )
    group.addoption(
        "--strict-conversations",
        action=BooleanOptionalAction,
        help=f"whether a message that no expectation took fails its scenario, where neither the scenario nor the mark "
        f"{STRICT} says; such messages are in the report in any case (pytest's own --strict is another thing)",
    )
    parser.addini(
        STRICT,
        type="bool",
        default=False,
        help="whether a message that no expectation took fails its scenario, where nothing narrower says so: the "
        "scenario, the mark of this name, the command line",
    )
    group.addoption(
        "--bots", action="append", default=[], help="bot file or folder for the sandbox, beside the shipped bots"
    )
    group.addoption("--recordings", metavar="DIR", help="record every conversation in this folder")
    group.addoption(
        _EVIDENCE,
        choices=("failed", "all"),
        default="failed",
        help="of which tests Allure gets requests, transcript and timeline by themselves, beside the page that "
        "each has: of tests that did not hold, or broke a rule (the default), or of all",
    )
    group.addoption("--pages", type=Path, metavar="DIR", help="write a page of every conversation into this folder")
    group.addoption(
        "--concurrency",
        type=_whole(1),
        metavar="N",
        help=f"scenario files played at once (default: as the target says, or {CONCURRENCY}); under xdist each worker "
        "plays one",
    )
    for what, why in (("starts", "conversations started"), ("messages", "messages of one conversation")):
        group.addoption(
            f"--{what}-per-minute",
            type=_whole(0),
            metavar="N",
            help=f"{why} in a minute, at most; 0 is no limit (default: as the target says, or the service documents; "
            "sandbox: none)",
        )
    group.addoption(
        "--locale", type=_locale, help="play every scenario file in this locale, such as de_DE, whatever it says itself"
    )
    group.addoption(
        "--repeat",
        type=_whole(1),
        default=1,
        metavar="N",
        help="play every scenario file N times, and tell how often it held",
    )
    group.addoption(
        "--retries",
        type=_whole(0),
        default=0,
        metavar="N",
        help="play a scenario file up to N times more where the target can't be reached, the event stream breaks, "
        "or the service answers 429 or 5xx, and nowhere else; what then holds is flaky (default: %(default)s)",
    )
    group.addoption("--fail-on-flaky", action="store_true", help="fail the run if anything held only when tried again")
    group.addoption(
        "--pass-rate",
        type=_share,
        metavar="SHARE",
        help="exit with 0 if at least this share of the scenarios held, such as 0.98",
    )
    group.addoption(
        "--history",
        metavar="PATH|URL",
        help="keep what is measured in this SQLite file, or PostgreSQL database (postgresql://user@host/database)",
    )
    group.addoption(
        "--history-kind",
        choices=("run", "night", "again"),
        default="run",
        help="what the run is for: `harness nightly` says night, and again of a second look (default: %(default)s)",
    )
    group.addoption(
        "--history-told",
        type=Path,
        metavar="FILE",
        help="leave the run's number and what it is of in this file, as JSON",
    )
    group.addoption(
        "--target-version", default="", metavar="TEXT", help="what is under test at the target, for the history"
    )
    group.addoption(
        "--only-scenarios",
        type=Path,
        metavar="FILE",
        help="of the scenarios found, play those alone whose ids are in this file, a line each",
    )
    group.addoption(
        "--judge",
        action="append",
        default=[],
        metavar="RECORDING",
        help="talk to nobody, but judge this recording, or those in this folder, by the scenarios they are of",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Run coroutine scenarios without a mark; `--asyncio-mode=strict` asks for the marks again."""
    config.stash[TOTALS] = totals = Totals(config)
    config.stash[RUNS] = runs = runs_of(config.getoption("--judge"))
    config.stash[LEFT] = []
    try:
        stage = config.stash[STAGE] = Stage(config, runs)
        safety.watch(config, privacy(near=stage.near), tuple(secrets_of_target(stage.chosen)))
        config.stash[KEPT] = _keeper(config, runs)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[PRINTING] = printing = Printing(config)
    config.pluginmanager.register(printing, "harness-printing")
    config.pluginmanager.register(scenario_files, "harness-scenario-files")
    config.pluginmanager.register(totals, "harness-totals")
    config.pluginmanager.register(allure_hooks, "harness-allure")
    config.addinivalue_line(
        "markers", f"{STRICT}(True): whether a message that no expectation took fails its scenario; True if not given"
    )
    allure.switch_on(allure_hooks.worker_of(config))
    if config.getoption("asyncio_mode", None) is None:
        config.option.asyncio_mode = "auto"


def _keeper(config: pytest.Config, runs: list[Run]) -> Callable[[], list[str]]:
    """Have the history kept, where it is asked for and there is something to keep.

    Returns:
        What tells at the end what became of it.
    """
    if not config.getoption("--history") or runs:
        _leave_told(config, runs)
        return list
    from harness.plugin.keeping import Keeper  # noqa: PLC0415 - a run without a history need not wait for SQLAlchemy

    keeper = Keeper(config, config.stash[STAGE])
    config.pluginmanager.register(keeper, "harness-keeper")
    return keeper.lines


def _leave_told(config: pytest.Config, runs: list[Run]) -> None:
    """Leave what the run is of where it has no history to leave it."""
    file: Path | None = config.getoption("--history-told")
    if file is None or runs or config.option.collectonly or hasattr(config, "workerinput"):
        return
    chosen = config.stash[STAGE].chosen
    told = Told(run=0, target=chosen.name, budgets=chosen.budgets.model_dump(exclude_none=True))
    file.write_text(told.model_dump_json(), encoding="utf-8")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on uvloop where there is one: the same events for half the time of asyncio's own loop."""
    return {"loop": new_event_loop}


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have a scenario judge every recorded run of it."""
    runs = of_function(metafunc.config.stash[RUNS], metafunc.definition.nodeid)
    if runs and FIXTURE in metafunc.fixturenames:
        metafunc.parametrize(FIXTURE, runs, indirect=True, ids=[run.label for run in runs])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no recording, where recordings are judged."""
    if runs := config.stash[RUNS]:
        kept, config.stash[LEFT] = chosen(items, runs)
        if out := [item for item in items if item not in set(kept)]:
            config.hook.pytest_deselected(items=out)
        items[:] = kept
    if listed := config.getoption("--only-scenarios"):
        try:
            wanted = set(listed.read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeError) as error:
            raise pytest.UsageError(f"--only-scenarios {listed} can't be read: {error}") from error
        if out := [item for item in items if scenario_of(item.nodeid) not in wanted]:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if scenario_of(item.nodeid) in wanted]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Before anything is played, close what runs that were killed left open at the target."""
    config = session.config
    if config.option.collectonly or hasattr(config, "workerinput") or not session.testscollected:
        return
    if ends := config.stash[STAGE].close_left_open():
        config.get_terminal_writer().line(f"{ends}\n")


@pytest.fixture(name=FIXTURE)
def recorded(request: pytest.FixtureRequest) -> Run | None:
    """The recorded run to judge; None where conversations are held."""
    return getattr(request, "param", None)


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Target:
    """The service under test; the sandbox is started once a session, when the first scenario needs it."""
    return pytestconfig.stash[STAGE].target


@pytest.fixture
async def customer(request: pytest.FixtureRequest, target: Target, _recorded: Run | None) -> AsyncIterator[Customer]:
    """A made-up customer of the target, the same every night; their conversations are closed at the end."""
    node, config = request.node, request.config
    told: bool | None = config.getoption(STRICT)
    if _recorded is not None and told is None:
        told = _recorded.recordings[0].header.strict
    strict = strictness(_marked(node), told, config.getini(STRICT))
    if _recorded is not None:
        headers = (recording.header for recording in _recorded.recordings)
        first = next((header for header in headers if header.seed == header.scenario), _recorded.recordings[0].header)
        lead = persona(first.seed, locale=first.locale)
        one = recorded_customer(
            _recorded.recordings,
            somebody=lead,
            within=config.getoption("--within"),
            strict=strict,
            secrets=config.stash[STAGE].secrets(node.nodeid, lead),
        )
        node.stash[CONVERSATIONS] = one.conversations
        yield one
        return
    folder = config.getoption("--recordings")
    recordings = Recordings(Path(folder), node.nodeid, strict=told) if folder else None
    lead, stage = persona(node.nodeid), config.stash[STAGE]
    secrets = stage.secrets(node.nodeid, lead)
    async with a_customer(
        lead, target, recordings=recordings, strict=strict, ledger=stage.ledger, secrets=secrets
    ) as one:
        node.stash[CONVERSATIONS] = one.conversations
        yield one


def _whole(least: int) -> Callable[[str], int]:
    """Reads a whole number of the command line."""

    def read(written: str) -> int:
        if not written.isdecimal() or int(written) < least:
            raise ArgumentTypeError(f"wanted a whole number from {least} up, not {written!r}")
        return int(written)

    return read


def _share(written: str) -> float:
    """Reads a share of the command line."""
    try:
        share = float(written)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"wanted a share between 0 and 1, such as 0.98, not {written!r}")
    return share


def _locale(written: str) -> str:
    """Reads a locale of the command line."""
    if written not in locales():
        raise ArgumentTypeError(f"no names are known for the locale {written!r}{nearest_locale(written)}")
    return written


def _marked(node: pytest.Item) -> bool | None:
    """What the nearest mark of a scenario says of strictness."""
    mark = node.get_closest_marker(STRICT)
    if mark is None:
        return None
    on, *more = mark.args or (True,)
    if not isinstance(on, bool) or more or mark.kwargs:
        raise LocalProtocolError(f"the mark {STRICT} takes True or False, or nothing, which means True")
    return on


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """A test that is interrupted has not passed, whatever Allure makes of it, and wherever it was."""
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception) as interruption:
        allure.interrupt(f"the run was interrupted: {type(interruption).__name__}")
        raise


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """When the scenario is over, see whether anything was wrong besides, and report its conversations."""
    if isinstance(item, ScenarioItem):
        try:
            return (yield)
        finally:
            _report_performed(item)
    conversations = item.stash.get(CONVERSATIONS, [])
    has_held = False
    try:
        result = yield
        for conversation in conversations:
            conversation.verify()
        for conversation in conversations:
            conversation.verify_claimed()
        has_held = True
        return result
    finally:
        for conversation in conversations:
            conversation.conclude()
        run = run_of(item)
        scenario = item.nodeid if run is None else run.scenario
        outcomes = [replace(conversation.outcome, scenario=scenario) for conversation in conversations]
        _add_up(item, outcomes)
        allure.report(
            outcomes,
            made=item.config.stash[PRINTING].pages(item, outcomes),
            everything=not has_held or _wants_all(item),
        )


def _report_performed(item: ScenarioItem) -> None:
    if (performed := item.stash.get(PERFORMED, None)) is not None:
        item.stash[ATTEMPT] = len(performed.before) + 1
        _add_up(item, performed.outcomes)
        allure.report(
            performed.outcomes,
            ran=item.config.stash[STAGE].times(item),
            flaky=performed.flaky,
            made=item.config.stash[PRINTING].pages(item, performed.outcomes),
            everything=performed.error is not None or _wants_all(item),
        )
        if item.is_quarantined:
            allure.quarantine(item.quarantine, broken=not isinstance(performed.error, AssertionError))
        del item.stash[PERFORMED]  # a night is long, and it holds every event


def _wants_all(item: pytest.Item) -> bool:
    return bool(item.config.getoption(_EVIDENCE) == "all")


def _add_up(item: pytest.Item, outcomes: Sequence[Outcome]) -> None:
    if item.config.getoption("--history"):
        item.stash[OUTCOMES] = outcomes
    for outcome in outcomes:
        item.config.stash[TOTALS].sums.add(outcome)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failure of the harness's kind as the scenario's line and the explanation, nothing else."""
    report = yield
    if call.excinfo is None or not isinstance(call.excinfo.value, ExpectationFailed | HarnessError):
        return report
    if not isinstance(item, ScenarioItem):
        excinfo = call.excinfo

        def ours(_: object) -> Any:
            shown = excinfo.traceback.filter(lambda entry: not str(entry.path).startswith(_HIDDEN))
            return shown.filter(lambda entry: Path(entry.path).exists() and "site-packages" not in str(entry.path))

        report.longrepr = told = excinfo.getrepr(style="short", tbfilter=ours, chain=False)
        told.reprtraceback.extraline = None  # pytest's advice where no line of the scenario is to blame
    if run := run_of(item):
        report.sections.append(("judged", "\n".join(str(recording.path) for recording in run.recordings)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the conversations of the run came to."""
    for run in config.stash[RUNS]:
        for recording in run.recordings:
            if recording.truncated and run not in config.stash[LEFT]:
                terminalreporter.write_line(f"truncated: {recording.truncated}")
    if left := config.stash[LEFT]:
        terminalreporter.write_line(f"not judged: {len(left)} recordings of other scenarios")
    if lines := [*config.stash[TOTALS].lines(), *config.stash[KEPT](), *config.stash[PRINTING].lines()]:
        terminalreporter.section("conversations")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nobody asks for scenario files any more: let nothing new start, and close what is open."""
    session.config.stash[STAGE].end()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing open."""
    if (stage := config.stash.get(STAGE, None)) is not None:
        for complaint in stage.close():
            print(f"harness: {config.stash[safety.SAFETY].shown(complaint)}", file=sys.stderr)  # noqa: T201 - pytest's reporter has gone by now
