"""Timelines for tests, an event every 0.1 s unless told otherwise."""

from typing import Any

from harness.events import CLASSES, Event
from harness.timeline.timeline import Recorder, Timeline

STEP = 0.1


def event(kind: str, at: float, **fields: Any) -> Event:
    """An event of a kind, sharp in time unless `earliest` is given."""
    return CLASSES[kind](at=at, earliest=fields.pop("earliest", at), **fields)


def timeline(
    *told: Event | str | tuple[str, dict[str, Any]], horizon: float = 0.0, ended: str | None = None
) -> Timeline:
    """A timeline of events; a kind alone, or a kind and its fields, is placed 0.1 s after the one before."""
    recorder = Recorder()
    at = 0.0
    for one in told:
        if isinstance(one, Event):
            at = one.at
            recorder.record(one)
            continue
        at = round(at + STEP, 6)
        kind, fields = (one, {}) if isinstance(one, str) else one
        recorder.record(event(kind, at, **fields))
    recorder.complete_to(horizon)
    if ended:
        recorder.end(ended)
    return recorder.timeline


def said(message: str, text: str = "") -> tuple[str, dict[str, Any]]:
    """The user says something."""
    return "said", {"message": message, "text": text or message}


def bot(text: str) -> tuple[str, dict[str, Any]]:
    """The bot says something."""
    return "message", {"text": text, "role": "chatbot", "name": "Bo"}


def delivered(of: str) -> tuple[str, dict[str, Any]]:
    """A message of the user was delivered."""
    return "delivered", {"of": of}


def read(of: str) -> tuple[str, dict[str, Any]]:
    """A message of the user was read."""
    return "read", {"of": of}
