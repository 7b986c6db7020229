"""`harness doctor`: the steps of a first conversation, a line each."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from harness.client.target import Target
from harness.sandbox.process import sandbox_process
from harness.scenarios.first_conversation import FirstConversation, Step
from harness.scenarios.pool import new_event_loop
from harness.scenarios.privacy import secrets_of_target, variables
from harness.timeline.redaction import Redactor
from harness.timeline.sensitive import Privacy

_INDENT = " " * 2


def examine(target: Target, *, bots: tuple[Path, ...], say: str, is_greeted: bool) -> int:
    """Go through a first conversation and print its steps.

    Args:
        target: The service; the sandbox is started if it is that.
        bots: Bot files for the sandbox.
        say: What is said.
        is_greeted: Whether the other side is to speak first.

    Returns:
        0 if every step went well, else 1.

    Raises:
        HarnessError: The sandbox did not start.
    """
    shown = Redactor(variables(Privacy()), gone=secrets_of_target(target)).shown

    def show(step: Step) -> None:
        tell(replace(step, told=shown(step.told), problem=shown(step.problem)))

    with ExitStack() as stack:
        if target.is_sandbox:
            started = time.monotonic()
            target = target.model_copy(update={"url": stack.enter_context(sandbox_process(bots))})
            show(Step("sandbox", "started for this", time.monotonic() - started))
        click.echo(f"{_INDENT}{target.name} at {target.url}, deployment {target.deployment}")
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            conversation = FirstConversation(target, show, say=say, is_greeted=is_greeted)
            return 0 if runner.run(conversation.hold()) else 1


def tell(step: Step) -> None:
    """Print a step."""
    took = f"{(step.took or 0) * 1000:,.0f} ms"
    mark = "✗" if step.problem else "✓"
    click.echo(f"{mark} {step.name:<18} {took:>10}  {step.told}".rstrip())
    if step.problem:
        click.echo(f"{_INDENT}{step.problem}")
