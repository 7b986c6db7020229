"""The record of what happened in one conversation.

Here: the timeline, the recorder that appends to it, the transcript a person reads, the archive on the disk and what is
kept out of it. Not here: what should have happened (expectations/), how fast it was (metrics/).
"""
