"""Who talks: the simulated end user.

Here: personas. Not here: how a move reaches the service (client/), what comes next (scenarios/).
"""
