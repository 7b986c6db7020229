"""However many scenarios are played at once, they come to the same."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMES = 10


def verdicts(concurrency: int, out: Path) -> dict[str, str]:
    """How every test of the suites ended: passed, or as JUnit calls it."""
    junit = out / f"{concurrency}.xml"
    command = [sys.executable, "-m", "pytest", "suites", "-q", "-p", "no:cacheprovider", f"--junitxml={junit}"]
    done = subprocess.run(
        [*command, f"--concurrency={concurrency}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert junit.exists(), done.stdout + done.stderr
    cases = ET.parse(junit).getroot().iter("testcase")  # noqa: S314 - we wrote it
    found = {
        f"{case.get('classname')}::{case.get('name')}": ", ".join(
            f"{end.tag} {end.get('message', '').partition(chr(10))[0]}" for end in case if end.tag != "properties"
        )
        or "passed"
        for case in cases
    }
    assert len(found) >= 20
    return found


@pytest.mark.soak
@pytest.mark.parametrize("again", range(TIMES))
def test_the_demo_comes_to_the_same_however_many_at_once(again: int, tmp_path: Path) -> None:
    """One, sixteen, or all of them at once."""
    alone = verdicts(1, tmp_path)
    assert verdicts(16, tmp_path) == alone
    assert verdicts(250, tmp_path) == alone
