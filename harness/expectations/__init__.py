"""What should have happened: patterns over a timeline, the engine that judges them, the words of a failure.

Everything here is a pure function of what was recorded: no socket, no event loop, no clock.
"""
