"""The pytest plugin: options, fixtures, short failures, and the hand-over of outcomes to the reporters.

Here: what only pytest needs. Not here: conversations (scenarios/), what a report looks like (reporting/).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.client.target import Target
from harness.errors import ExpectationFailed, HarnessError
from harness.reporting import allure
from harness.reporting.console import summary
from harness.sandbox.process import sandbox_process
from harness.scenarios.conversation import Conversation
from harness.scenarios.customer import Customer
from harness.scenarios.customer import customer as a_customer
from harness.scenarios.outcome import Outcome
from harness.settings import SANDBOX, sandbox_target
from harness.settings import target as target_at
from harness.user.persona import persona

CONVERSATIONS = pytest.StashKey[list[Conversation]]()
OUTCOMES = pytest.StashKey[list[Outcome]]()

_HIDDEN = (str(Path(harness.__file__).parent), str(Path(asyncio.__file__).parent))
"""Where frames come from that a failure does not show: they say nothing about the bot."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the harness."""
    group = parser.getgroup("harness", "conversations")
    group.addoption(
        "--target", default=SANDBOX, help=f"service under test: {SANDBOX!r}, or its address (default: %(default)s)"
    )
    group.addoption("--org-id", help="organisation id of the target, 15 characters; not for the sandbox")
    group.addoption("--deployment", help="API name of the deployment to talk to; not for the sandbox")
    group.addoption("--within", type=float, help="seconds an expectation has where a scenario gives none (default: 10)")
    group.addoption(
        "--bots", action="append", default=[], help="bot file or folder for the sandbox, beside the shipped bots"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Run coroutine scenarios without a mark; `--asyncio-mode=strict` asks for the marks again."""
    config.stash[OUTCOMES] = []
    allure.switch_on()
    if config.getoption("asyncio_mode", None) is None:
        config.option.asyncio_mode = "auto"


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on uvloop where there is one: the same events for half the time of asyncio's own loop."""
    try:
        import uvloop  # noqa: PLC0415 - absent on some platforms
    except ImportError:
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """The service under test; the sandbox is started once a session, when the first scenario needs it."""
    where, within = pytestconfig.getoption("--target"), pytestconfig.getoption("--within")
    with ExitStack() as stack:
        if where == SANDBOX:
            url = stack.enter_context(sandbox_process(pytestconfig.getoption("--bots")))
            yield sandbox_target(url, within=within)
        else:
            org_id, deployment = pytestconfig.getoption("--org-id"), pytestconfig.getoption("--deployment")
            yield target_at(where, org_id=org_id, deployment=deployment, within=within)


@pytest.fixture
async def customer(request: pytest.FixtureRequest, target: Target) -> AsyncIterator[Customer]:
    """A made-up customer of the target, the same every night; their conversations are closed at the end."""
    somebody = persona(request.node.nodeid)
    async with a_customer(somebody, target) as one:
        request.node.stash[CONVERSATIONS] = one.conversations
        yield one


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """When the scenario is over, see whether anything was wrong besides, and report its conversations."""
    try:
        result = yield
        for conversation in item.stash.get(CONVERSATIONS, []):
            conversation.verify()
        return result
    finally:
        outcomes = [conversation.outcome for conversation in item.stash.get(CONVERSATIONS, [])]
        item.config.stash[OUTCOMES].extend(outcomes)
        allure.report(outcomes)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failure of the harness's kind as the scenario's line and the explanation, nothing else."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, ExpectationFailed | HarnessError):
        excinfo = call.excinfo

        def ours(_: object) -> Any:
            shown = excinfo.traceback.filter(lambda entry: not str(entry.path).startswith(_HIDDEN))
            tests = shown.filter(lambda entry: Path(entry.path).exists() and "site-packages" not in str(entry.path))
            return tests or shown or excinfo.traceback

        report.longrepr = excinfo.getrepr(style="short", tbfilter=ours, chain=False)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the conversations of the run came to."""
    outcomes = config.stash[OUTCOMES]
    if lines := summary(outcomes):
        terminalreporter.section("conversations")
        for line in lines:
            terminalreporter.write_line(line)
