"""Every fault in every phase: docs/faults.md is up to date, and what must be so is so whatever it says."""

import pytest

from harness.sandbox.faults import KINDS

from .fault_matrix import DOCS, INTRODUCTION, matrix, told

WRITTEN = DOCS.read_text(encoding="utf-8")
TOLD = told(WRITTEN)


def test_the_page_tells_of_every_kind_and_phase() -> None:
    """And of no others."""
    assert WRITTEN.startswith(INTRODUCTION)
    assert {kind: set(by_phase) for kind, by_phase in TOLD.items()} == {
        kind: set(known.phases) for kind, known in KINDS.items()
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_a_fault_does_what_the_page_says(kind: str) -> None:
    """It comes, and the run ends as is told; where it holds, nothing is lost and nothing comes twice."""
    found = (await matrix([kind]))[kind]
    assert {phase: str(cell) for phase, cell in found.items()} == TOLD[kind], f"is {DOCS.name} up to date?"
    for phase, cell in found.items():
        assert cell.came, f"{kind} did not come in the phase {phase}"
        assert cell.is_whole or cell.verdict != "held", f"something was lost or came twice by {kind} in {phase}"
