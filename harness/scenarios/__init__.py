"""One conversation, from opening to outcome.

Here: moves of the user, the reader that records what comes back, waiting for expectations, and the outcome that
reporters read. Not here: how an outcome is reported (reporting/), who starts a run (plugin/, cli/).
"""
