"""The record of what happened in one conversation.

Here: the timeline, the recorder that appends to it, the transcript a person reads. Not here: what should have happened
(expectations/), how fast it was (metrics/).
"""
