"""One conversation, from opening to outcome, live or from a recording.

Here: moves of the user, waiting for expectations, recording as it goes and judging again, and the outcome that
reporters read. Not here: how an outcome is reported (reporting/), who starts a run (plugin/, cli/).
"""
