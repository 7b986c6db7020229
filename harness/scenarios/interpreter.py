"""How the interpreter is set while a thread holds many conversations and another one reports on them.

**Turns.** The two threads share the interpreter's lock. The loop lets go of it at every poll of the network, and if the
main thread is computing just then, it keeps the lock for a whole switch interval before the loop can go on: 5 ms by
default, and that each time. Measured with 16 streamed conversations, the sandbox in a process of its own, two cores,
uvloop: how wide the intervals are in which arrivals are known to lie, while the main thread never rests (it writes
reports, say).

    switch interval           width, median   width, p99   the conversations took
    main thread waits              1.4 ms         27 ms       5.2 s
    0.2 ms                         2.5 ms         44 ms       5.5 s
    0.5 ms                         3.1 ms         33 ms       5.5 s
    1 ms                           4.7 ms         40 ms       5.8 s
    2 ms                           8.4 ms         60 ms       6.2 s
    5 ms, the default               27 ms        131 ms       7.4 s

The main thread got about as much done in all of them, and less than 0.5 ms did the tail no good. So it is 0.5 ms while
a pool runs. With 64 conversations, which leave little of the lock to share, the medians were 159 ms at 5 ms, 42 ms at
0.5 ms, and 4 ms where the main thread waits. One call into C, such as `json.dumps` of a large value, keeps the lock to
its end whatever the interval is.

**Garbage.** What pytest has collected and imported stays to the end, and a full collection looks at all of it, with the
world at a stand: about 100 ms, each time the conversations have made a quarter as many objects again. So what is there
when the pool starts is taken out of the collector's sight, and it looks at young objects less often. Measured with
1,000 streamed scenarios, 250 at once: it took 15 % of the time before. To look at what the open conversations hold,
once in such a run, took another 0.2 s at one stroke; that is done less often, too.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread that computes lets the other one go on; see above."""

YOUNG = 20_000
"""Objects that are made before the collector looks at them; 700 by default in most versions of Python."""

MIDDLING = 50
"""How often it has looked at those before it looks at those that it has seen once; 10 by default."""


@contextmanager
def many_conversations() -> Iterator[None]:
    """Set the interpreter for a process whose threads share many conversations, and put all back afterwards."""
    turns, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLING, thresholds[2])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(turns)
