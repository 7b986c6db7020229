"""Events of every kind with anything in them that their fields allow."""

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from harness.events import CLASSES, Event
from harness.events.base import types
from harness.timeline.timeline import Timeline

HOSTILE = st.sampled_from(
    [
        "",
        "\n",
        "\r\n",
        "\u2028",
        "\x00\x1b[2J",
        "\ud800",
        "\ud83d\ude00",
        '{"event": {}}',
        "[persona.email]",
        "[persona.=",
        "[persona.",
        "[redacted token]",
        "\\u00eb\\\\",
        "%41%zz",
    ]
)

TEXTS = st.text(st.characters(), max_size=12) | HOSTILE | st.lists(HOSTILE, max_size=3).map("".join)

SECONDS = st.floats(min_value=0, allow_nan=False)


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXTS,
        bool: st.booleans(),
        int: st.integers(),
        float: SECONDS,
        NoneType: st.none(),
    }
    if annotation in simple:
        return simple[annotation]
    parts, origin = get_args(annotation), get_origin(annotation)
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in {Union, UnionType}:
        return st.one_of(*map(_values, parts))
    if origin is tuple:
        return st.lists(_values(parts[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(_values(parts[0]), _values(parts[1]), max_size=3)
    assert issubclass(annotation, BaseModel), annotation
    return st.deferred(lambda: _built(annotation))


def _built(cls: type[BaseModel]) -> st.SearchStrategy[Any]:
    return st.builds(cls, **{name: _values(field.annotation) for name, field in cls.model_fields.items()})


def _of_kind(kind: type[Event]) -> st.SearchStrategy[Event]:
    return st.builds(kind, **{name: _values(annotation) for name, annotation in types(kind).items()})


def events() -> st.SearchStrategy[Event]:
    """Any event."""
    return st.one_of(*map(_of_kind, CLASSES.values()))


def timelines() -> st.SearchStrategy[Timeline]:
    """Any timeline, ended or not."""
    told = st.lists(events(), max_size=6)
    return st.builds(
        lambda events, horizon, ended: Timeline(events, horizon=horizon, ended=ended),
        told,
        SECONDS,
        st.none() | TEXTS.filter(bool),
    )
