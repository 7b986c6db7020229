"""A local server of the service, with scripted bots: what the harness talks to when no other target is named.

Here: the other end of the wire, written from the protocol notes and not from our client. It borrows the grammar of
event streams, and of entries only where a fault spells one otherwise (telling.py), so that a misreading of ours shows
up as a failed test.
"""
