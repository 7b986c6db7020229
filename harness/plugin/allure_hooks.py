"""What Allure is told by pytest's hooks beside the conversations: which test it is, and what the run depended on.

Here: nothing happens where there is no `--alluredir`. Not here: what a result looks like (reporting/allure*.py).
"""

import platform
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.plugin.scenario_files import STAGE, ScenarioItem
from harness.reporting import allure
from harness.reporting.allure_run import describe
from harness.reporting.allure_tidy import Function, Variant, variants

VARIANT = pytest.StashKey[Variant]()
_EACH = "harness_each"
_PARAMETER = "get_direct_param_fixture_func"
"""What pytest calls the function of a fixture that is a parameter."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, object, object]:
    """Count a function's parameter sets, all of them, whichever are going to be chosen."""
    made = yield
    functions = [one for one in made if isinstance(one, pytest.Function)] if isinstance(made, list) else []
    sets = [one for one in functions if hasattr(one, "callspec")]
    for one, variant in zip(sets, variants(one.callspec.params for one in sets), strict=True):
        one.stash[VARIANT] = variant
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say which test is running, before anything of it can fail."""
    if isinstance(item, ScenarioItem):
        allure.identify(item.identity)
    elif isinstance(item, pytest.Function) and (module := item.getparent(pytest.Module)) is not None:
        classes = tuple(node.name for node in item.listchain() if isinstance(node, pytest.Class))
        variant = item.stash.get(VARIANT, Variant())
        allure.identify(Function(module.nodeid, classes, item.originalname, variant))


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> None:
    """Parameters are fixtures to pytest, and nothing is set up for them."""
    if fixturedef.func.__name__ == _PARAMETER:
        allure.hide(fixturedef.argname)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist whether every worker runs every test, which it does not know."""
    node.workerinput[_EACH] = node.config.getoption("dist", "no") == "each"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Describe the run, where the results come together."""
    config = session.config
    folder: str | None = config.getoption("allure_report_dir", None)
    if folder and not hasattr(config, "workerinput"):
        describe(Path(folder), _facts(config))


def _facts(config: pytest.Config) -> dict[str, str]:
    """What the results of a run depend on besides the bot."""
    option, target = config.getoption, config.stash[STAGE].chosen
    return {
        "target": target.name,
        "address": "" if target.is_sandbox else re.sub("//[^/]*@", "//", target.url),
        "deployment": target.deployment,
        "target version": str(option("--target-version", "") or ""),
        "judged from": "recordings" if option("--judge") else "",
        "locale": option("--locale") or "",
        "retries": str(option("--retries") or ""),
        "harness": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def worker_of(config: pytest.Config) -> str:
    """Which worker this is where every one runs every test (`--dist=each`); empty otherwise."""
    told: dict[str, Any] = getattr(config, "workerinput", {})
    return str(told.get("workerid", "")) if told.get(_EACH) else ""
