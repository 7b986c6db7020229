"""Expectations written as plain data, as scenario files have them: words, texts, lists and mappings.

    {within: 5s, sequence: [routed, {joined: {role: chatbot}}, {message: /how can I help/i}]}

Reading makes the very patterns, matchers and blocks that the judge works on; there is no second model of them. All
mistakes of a block are told at once, each with its place. Not here: files (documents.py), steps (scenarios/).
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harness.documents import nearest, seconds
from harness.expectations import building, matchers, vocabulary
from harness.expectations.block import Expectation, Latency
from harness.expectations.instants import Bounds
from harness.expectations.patterns import One, Pattern
from harness.expectations.reply import Reply
from harness.expectations.spelled_matchers import OPERATORS, MatcherReader, Place, parameters


@dataclass(frozen=True, slots=True)
class Block:
    """What an `expect` says.

    Attributes:
        pattern: What should happen.
        within: Seconds from the user's last move; None is the scenario's default.
        not_before, never, others, latencies: As the judge has them.
        soft: Whether the scenario goes on if it does not hold.
    """

    pattern: Pattern
    within: float | None = None
    not_before: float = 0.0
    never: tuple[One, ...] = ()
    others: str = "account"
    latencies: tuple[Latency, ...] = ()
    soft: bool = False

    def expectation(self, within: float) -> Expectation:
        """What the judge is asked.

        Args:
            within: Seconds where the block gives none.

        Raises:
            ValueError: It can never be kept.
        """
        return Expectation(
            self.pattern,
            within if self.within is None else self.within,
            not_before=self.not_before,
            never=self.never,
            others=self.others,
            latencies=self.latencies,
        )


EVENTS: Mapping[str, tuple[str, ...]] = {name: parameters(word) for name, word in vocabulary.WORDS.items()}
"""Words for events and the fields each may give; the first is meant by a value without a field."""
_SHORT = {name for name, word in vocabulary.WORDS.items() if any(
    parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in inspect.signature(word).parameters.values()
)} | {"reply"}  # fmt: skip
_TREES = ("sequence", "all", "any", "optional", "eventually", "repeat", "quiet")
WORDS = (*EVENTS, "reply", *_TREES)
"""Every word that begins a pattern."""
OPTIONS = ("within", "not_before", "never", "others", "latency", "soft")
"""What a block may say beside its pattern."""
REPLY = ("text", "role", "name", "choices", "revised", "streamed", "first_token", "gap", "stalls", "in_order",
         "complete", "faithful", "retracted", "bursts")  # fmt: skip
"""What may be asked of a reply."""
COMMON = ("as", "capture", "after_previous")
"""What may be said of any event."""


class Reader(MatcherReader):
    """Reads one block, and collects what is wrong with it."""

    # -- blocks -------------------------------------------------------------------------------------------------------

    def block(self, data: object, place: Place = ()) -> Block | None:
        """A pattern, or a mapping with a pattern and what else is to be said."""
        if not isinstance(data, Mapping) or not any(key in OPTIONS for key in data):
            pattern = self.pattern(data, place)
            return None if pattern is None else Block(pattern)
        words = [key for key in data if key not in OPTIONS]
        known = (*WORDS, *OPTIONS)
        for word in words:
            if word not in WORDS:
                self.wrong(
                    (*place, word), data[word], f"{word!r} is no word of an expectation{nearest(word, known)}", key=True
                )
        if len(words) != 1:
            if all(word in WORDS for word in words):
                told = " and ".join(words) or "none"
                what = f"an expectation has one pattern, here are {told}; put several into a sequence"
                self.wrong(place, data, what)
            return None
        pattern = self.pattern({words[0]: data[words[0]]}, place) if words[0] in WORDS else None
        options = self._options(data, place)
        return None if pattern is None else Block(pattern, **options)

    def _options(self, data: Mapping[str, Any], place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in ("within", "not_before"):
            if name in data:
                found[name] = self.tried((*place, name), data[name], partial(seconds, data[name]))
        if "never" in data:
            listed = data["never"] if isinstance(data["never"], list) else [data["never"]]
            found["never"] = tuple(
                self._never(one, (*place, "never", *((at,) if isinstance(data["never"], list) else ())))
                for at, one in enumerate(listed)
            )
        if "others" in data:
            if data["others"] not in {"account", "ignore", "forbid"}:
                what = f"others is account, ignore or forbid, not {data['others']!r}"
                self.wrong((*place, "others"), data["others"], what)
            found["others"] = data["others"]
        if "latency" in data:
            many = isinstance(data["latency"], list)
            listed = data["latency"] if many else [data["latency"]]
            found["latencies"] = tuple(
                self._latency(one, (*place, "latency", *((at,) if many else ()))) for at, one in enumerate(listed)
            )
        if "soft" in data:
            found["soft"] = self.flag(data["soft"], (*place, "soft"))
        return found

    def _never(self, data: object, place: Place) -> One | None:
        pattern = self.pattern(data, place)
        if pattern is not None and not isinstance(pattern, One):
            self.wrong(place, data, f"never takes single events, not {pattern}")
            return None
        return pattern

    def _latency(self, data: object, place: Place) -> Latency | None:
        parts = self.mapping(data, place, ("from", "to", "min", "max"))
        if parts is None:
            return None
        if not isinstance(parts.get("to"), str):
            self.wrong(place, data, "a latency names the event it is to: latency: {from: typing_started, to: message}")
            return None
        bounds = self.bounds(
            {key: parts[key] for key in ("min", "max") if key in parts}, place, "the latency", short=False
        )
        return None if bounds is None else Latency(str(parts.get("from") or ""), parts["to"], bounds)

    # -- patterns -----------------------------------------------------------------------------------------------------

    def pattern(self, data: object, place: Place = ()) -> Pattern | None:
        """A word, a mapping of one word, or a list, which is a sequence."""
        if isinstance(data, list):
            return self._tree("sequence", data, place)
        word, value = data, None
        if isinstance(data, Mapping):
            if len(data) != 1:
                told = " and ".join(map(str, data)) or "none"
                self.wrong(
                    place, data, f"a pattern is one word with what it asks, here are {told}; write each by itself"
                )
                return None
            ((word, value),) = data.items()
            place = (*place, str(word))
        if not isinstance(word, str):
            self.wrong(place, data, f"a pattern is a word such as message, not {matchers.shown(data)}")
            return None
        if word not in WORDS:
            is_key = isinstance(data, Mapping)
            self.wrong(place, data, f"{word!r} is no event and no pattern{nearest(word, WORDS)}", key=is_key)
            return None
        if word in _TREES:
            return self._tree(word, value, place)
        return self._reply(value, place) if word == "reply" else self._event(word, value, place)

    def _tree(self, word: str, value: object, place: Place) -> Pattern | None:
        if word == "quiet":
            return self._quiet(value, place)
        if word == "repeat":
            return self._repeat(value, place)
        if word in {"optional", "eventually"}:
            part = self.pattern(value, place)
            build = building.optional if word == "optional" else building.eventually
            return None if part is None else self.tried(place, value, lambda: build(part))
        if not isinstance(value, list):
            self.wrong(place, value, f"{word} takes a list of patterns, not {matchers.shown(value)}")
            return None
        parts = [self.pattern(one, (*place, at)) for at, one in enumerate(value)]
        if None in parts:
            return None
        build_all = {"sequence": building.sequence, "all": building.all_of, "any": building.any_of}[word]
        return self.tried(place, value, lambda: build_all(*parts))  # type: ignore[arg-type]

    def _quiet(self, value: object, place: Place) -> Pattern | None:
        parts = value if isinstance(value, Mapping) else {"for": value}
        known = self.mapping(parts, place, ("for", "kinds"))
        if known is None:
            return None
        kinds = known.get("kinds", ())
        return self.tried(
            place,
            value,
            lambda: building.quiet(seconds(known.get("for")), kinds=[kinds] if isinstance(kinds, str) else kinds),
        )

    def _repeat(self, value: object, place: Place) -> Pattern | None:
        parts = self.mapping(value, place, ("of", "at_least", "at_most", "times"))
        if parts is None:
            return None
        if "of" not in parts:
            self.wrong(place, value, "repeat says of what: repeat: {of: token, at_least: 3}")
            return None
        part = self.pattern(parts["of"], (*place, "of"))
        amounts = {key: parts[key] for key in ("at_least", "at_most", "times") if parts.get(key) is not None}
        for key, amount in amounts.items():
            if not isinstance(amount, int) or isinstance(amount, bool):
                self.wrong((*place, key), amount, f"{key} is a whole number, not {matchers.shown(amount)}")
                return None
        if "times" in amounts:
            amounts = {"at_least": amounts["times"], "at_most": amounts["times"]}
        return None if part is None else self.tried(place, value, lambda: building.repeat(part, **amounts))

    def _event(self, word: str, value: object, place: Place) -> Pattern | None:
        allowed = EVENTS[word]
        fields = self._fields(word, value, place, allowed)
        if fields is None:
            return None
        given: dict[str, Any] = {}
        for name in (name for name in fields if name in allowed):
            if word in {"delivered", "read"}:
                given[name] = self._said(fields[name], (*place, name))
            else:
                given[name] = self.matcher(fields[name], (*place, name), name)
        self._capturing(given, fields, place, text=allowed[0] if allowed else "")
        pattern: One | None = self.tried(place, value, lambda: vocabulary.WORDS[word](**given))
        if pattern is None:
            return None
        if "after_previous" in fields:
            gap = self.bounds(fields["after_previous"], (*place, "after_previous"), "after_previous")
            pattern = pattern if gap is None else replace(pattern, gap=gap)
        return pattern if fields.get("as") is None else pattern.named(str(fields["as"]))

    def _reply(self, value: object, place: Place) -> Pattern | None:
        fields = self._fields("reply", value, place, REPLY)
        if fields is None:
            return None
        given: dict[str, Any] = {}
        for name in ("text", "role", "name", "choices", "revised"):
            if name in fields:
                given[name] = self.matcher(fields[name], (*place, name), name)
        for name in ("in_order", "complete", "faithful"):
            if name in fields:
                given[name] = self.flag(fields[name], (*place, name))
        if fields.get("streamed", "any") != "any":
            given["streamed"] = self.flag(fields["streamed"], (*place, "streamed"))
        if "retracted" in fields:
            given["retracted"] = fields["retracted"]
        self._reply_times(fields, given, place)
        self._capturing(given, fields, place, text="text")
        pattern: Reply | None = self.tried(place, value, lambda: vocabulary.reply(**given))
        if pattern is None or fields.get("as") is None:
            return pattern
        return replace(pattern, message=pattern.message.named(str(fields["as"])))

    def _reply_times(self, fields: Mapping[str, Any], given: dict[str, Any], place: Place) -> None:
        if "first_token" in fields:
            bounds = self._limits(fields["first_token"], (*place, "first_token"), ("max",))
            given["first_token"] = bounds.get("max")
        if "gap" in fields:
            bounds = self._limits(fields["gap"], (*place, "gap"), ("max", "p95"))
            given |= {"gap": bounds.get("max"), "gap_p95": bounds.get("p95")}
        if "stalls" in fields:
            at = (*place, "stalls")
            parts = self.mapping(fields["stalls"], at, ("longer_than", "at_most")) or {}
            most = parts.get("at_most", 0)
            given["stalls"] = self.tried(
                at,
                fields["stalls"],
                lambda: vocabulary.stalls(longer_than=seconds(parts.get("longer_than")), at_most=most),
            )
        if "bursts" in fields:
            at = (*place, "bursts")
            bursts = fields["bursts"]
            parts = self.mapping(bursts if isinstance(bursts, Mapping) else {"at_most": bursts}, at, ("at_most",)) or {}
            given["burst"] = parts.get("at_most")

    def _limits(self, value: object, place: Place, names: tuple[str, ...]) -> dict[str, float]:
        parts = self.mapping(value if isinstance(value, Mapping) else {"max": value}, place, names) or {}
        found = {name: self.tried((*place, name), one, partial(seconds, one)) for name, one in parts.items()}
        return {name: one for name, one in found.items() if one is not None}

    def _fields(self, word: str, value: object, place: Place, allowed: tuple[str, ...]) -> dict[str, Any] | None:
        """What a word is given: nothing, a mapping of fields, or the value of its first field."""
        if value is None:
            return {}
        if isinstance(value, Mapping) and not (word in _SHORT and value and all(key in OPERATORS for key in value)):
            return self.mapping(value, place, (*allowed, *COMMON))
        if word not in _SHORT:
            fields = ", ".join(allowed) or "none"
            self.wrong(place, value, f"{word} takes fields, not {matchers.shown(value)}; its fields: {fields}")
            return None
        return {allowed[0]: value}

    def _said(self, value: object, place: Place) -> str | None:
        if not isinstance(value, str):
            self.wrong(place, value, f"of takes the name of something said, not {matchers.shown(value)}")
            return None
        return value if self.names is None else self.tried(place, value, partial(self.names.said, value))

    def _capturing(self, given: dict[str, Any], fields: Mapping[str, Any], place: Place, text: str) -> None:
        if "capture" not in fields:
            return
        captured = self.captures(fields["capture"], (*place, "capture"))
        if captured is not None:
            given[text] = captured if given.get(text) is None else given[text] & captured

    def bounds(self, value: object, place: Place, what: str, *, short: bool = True) -> Bounds | None:
        """A duration, which is the most, or `{min, max}`."""
        parts = value if isinstance(value, Mapping) or not short else {"max": value}
        known = self.mapping(parts, place, ("min", "max"))
        if known is None:
            return None
        ends = {name: self.tried((*place, name), one, partial(seconds, one)) for name, one in known.items()}
        if None in ends.values():
            return None
        return self.tried(place, value, lambda: Bounds.checked(ends.get("min"), ends.get("max"), what))
