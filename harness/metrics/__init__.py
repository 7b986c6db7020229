"""How fast and how smooth: measurements over a timeline, summaries, regression statistics.

Nothing is measured yet; the room is named so that nobody puts a measurement elsewhere. Pure like its neighbour
expectations/: no socket, no event loop, no clock.
"""
