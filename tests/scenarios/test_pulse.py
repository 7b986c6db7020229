"""A loop that is behind is seen to be, and is left alone until it has been calm for a while."""

import asyncio

from harness.scenarios.pulse import BEAT, CALM, LATE, Pulse


class Loop:
    """The clock and the loop of a pulse: it beats when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pulse = Pulse(lambda: self.now)

    async def beat(self, after: float) -> None:
        """Let so much time pass, and then the pulse beat."""
        self.now += after
        before = self.pulse._timer
        while self.pulse._timer is before:
            turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(BEAT, turn.set_result, None)
            await turn


async def test_a_loop_keeps_up_while_its_beats_come_in_time() -> None:
    """From the start on, and again after a while without a late one; a stopped one holds nobody up."""
    loop = Loop()
    assert loop.pulse.keeps_up
    loop.pulse.start()
    assert loop.pulse.keeps_up
    await loop.beat(after=BEAT + LATE / 2)
    assert loop.pulse.keeps_up
    loop.now += BEAT + 2 * LATE  # nothing has beaten since
    seen = [loop.pulse.keeps_up]
    await loop.beat(after=0.0)
    seen.append(loop.pulse.keeps_up)  # it did, but late
    for _ in range(int(CALM / BEAT)):
        await loop.beat(after=BEAT)
    seen.append(loop.pulse.keeps_up)
    await loop.beat(after=BEAT)
    await loop.beat(after=BEAT)
    seen.append(loop.pulse.keeps_up)
    loop.now += 10.0
    seen.append(loop.pulse.keeps_up)
    loop.pulse.stop()
    seen.append(loop.pulse.keeps_up)
    assert seen == [False, False, False, True, False, True]
