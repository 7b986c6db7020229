"""How fast and how smooth: what a conversation measures, and what can be said of many.

Pure like its neighbour expectations/: no socket, no event loop, no clock. What both measure is defined below them, in
timeline/spans.py and timeline/streams.py. Not here: whether it was good enough (expectations/), how it is shown or kept
(reporting/).
"""
