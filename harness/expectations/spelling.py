"""Expectations written as plain data, as scenario files have them: words, texts, lists and mappings.

    {within: 5s, sequence: [routed, {joined: {role: chatbot}}, {message: /how can I help/i}]}

Reading makes the very patterns, matchers and blocks that the judge works on; there is no second model of them. All
mistakes of a block are told at once, each with its place. Not here: files (documents.py), steps (scenarios/).
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from harness.documents import Place, nearest, seconds, shown
from harness.events import CLASSES
from harness.events.base import types
from harness.expectations import building, matchers, vocabulary
from harness.expectations.block import Expectation, Latency
from harness.expectations.instants import Bounds
from harness.expectations.patterns import One, Pattern
from harness.expectations.reply import Reply, Stalls
from harness.expectations.spelled_matchers import OPERATORS, MatcherReader, number, parameters


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
SHORT = {name for name, word in vocabulary.WORDS.items() if any(
    parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in inspect.signature(word).parameters.values()
)} | {"reply"}  # fmt: skip
"""Words that may be followed by the value of their first field."""
TREES = {
    "sequence": "One after the other.",
    "all": "All of them, in any order and mixed.",
    "any": "One of them.",
    "optional": "This or nothing.",
    "eventually": "This, whatever else of its kind comes before.",
    "repeat": "The same several times in a row.",
    "quiet": "Nothing for so long.",
}
"""Words that put patterns together, and what they mean."""
WORDS = (*EVENTS, "reply", *TREES)
"""Every word that begins a pattern."""
OPTIONS = {
    "within": "By when it must have happened, from the user's last move.",
    "not_before": "Before when it must not have happened, from the user's last move.",
    "never": "Events that must not come meanwhile.",
    "others": "What other events of the kinds that are named mean.",
    "latency": "Bounds between two events.",
    "soft": "The scenario goes on if it does not hold, and fails at its end.",
}
"""What a block may say beside its pattern, and what it means."""
REPLY: Mapping[str, str] = {
    "text": "matcher",
    "role": "matcher",
    "name": "matcher",
    "choices": "matcher",
    "revised": "matcher",
    "streamed": "flag or any",
    "first_token": "limits",
    "gap": "limits",
    "stalls": "stalls",
    "in_order": "flag",
    "complete": "flag",
    "faithful": "flag",
    "retracted": "retracted",
    "bursts": "bursts",
}
"""What may be asked of a reply, and how that is written; scenarios/schema.py says what each looks like."""
LIMITS = {"first_token": {"max": "first_token"}, "gap": {"max": "gap", "p95": "gap_p95"}}
"""Bounds of a reply, and the arguments that each is."""
COMMON = ("as", "capture", "after_previous")
"""What may be said of any event."""
OTHERS = ("account", "ignore", "forbid")
RETRACTED = ("never", "allowed", "required")


class Reader(MatcherReader):
    """Reads one block, and collects what is wrong with it."""

    # -- blocks -------------------------------------------------------------------------------------------------------

    def block(self, data: object, place: Place = ()) -> Block | None:
        """A pattern, or a mapping with a pattern and what else is to be said."""
        if not isinstance(data, Mapping):
            pattern = self.pattern(data, place)
            return None if pattern is None else Block(pattern)
        known = (*WORDS, *OPTIONS)
        for word in data:
            if word not in known:
                what = f"{word!r} is no word of an expectation{nearest(word, known)}"
                self.wrong((*place, word), data[word], what, key=True)
        words = [word for word in data if word in WORDS]
        if len(words) > 1:
            what = f"an expectation has one pattern, here are {' and '.join(words)}; put them into a sequence"
            self.wrong((*place, words[1]), data, what, key=True)
        elif not words and all(word in known for word in data):
            told = f"{' and '.join(data)} alone" if data else "nothing"
            self.wrong(place, data, f"an expectation says what should happen, such as message: hello, not {told}")
        pattern = self.pattern({words[0]: data[words[0]]}, place) if len(words) == 1 else None
        options = self._options(data, place)
        return None if pattern is None else Block(pattern, **options)

    def _options(self, data: Mapping[str, Any], place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in ("within", "not_before"):
            if name in data:
                found[name] = self.tried((*place, name), data[name], partial(seconds, data[name]))
        for name, kind, plural in (("never", self._never, "never"), ("latency", self._latency, "latencies")):
            if name in data:
                many = isinstance(data[name], list)
                listed = enumerate(data[name] if many else [data[name]])
                found[plural] = tuple(kind(one, (*place, name, *((at,) if many else ()))) for at, one in listed)
        if "others" in data:
            found["others"] = self.word(data["others"], (*place, "others"), OTHERS)
        if "soft" in data:
            found["soft"] = self.flag(data["soft"], (*place, "soft"))
        return found

    def _never(self, data: object, place: Place) -> One | None:
        pattern = self.pattern(data, place)
        if pattern is not None and not isinstance(pattern, One):
            self.wrong(place, data, f"never takes single events, not {pattern}; list them: never: [left, closed]")
            return None
        return pattern

    def _latency(self, data: object, place: Place) -> Latency | None:
        parts = self.mapping(data, place, ("from", "to", "min", "max"))
        if parts is None:
            return None
        for end in ("from", "to"):
            if not isinstance(parts.get(end, ""), str):
                what = f"a latency is between two events, not {shown(parts[end])}"
                self.wrong((*place, end), parts[end], what)
                return None
        if "to" not in parts:
            what = "a latency names the event it is to: latency: {from: typing_started, to: message, max: 2s}"
            self.wrong(place, data, what)
            return None
        limits = {key: parts[key] for key in ("min", "max") if key in parts}
        bounds = self.bounds(limits, place, "the latency", short=False)
        return None if bounds is None else Latency(parts.get("from", ""), parts["to"], bounds)

    # -- patterns -----------------------------------------------------------------------------------------------------

    def pattern(self, data: object, place: Place = ()) -> Pattern | None:
        """A word, a mapping of one word, or a list, which is a sequence."""
        if isinstance(data, list):
            return self._tree("sequence", data, place)
        word, value = data, None
        if isinstance(data, Mapping):
            if len(data) != 1:
                self._not_one(data, place)
                return None
            ((word, value),) = data.items()
            place = (*place, str(word))
        if not isinstance(word, str):
            self.wrong(place, data, f"a pattern is a word such as message, not {shown(data)}")
            return None
        if word not in WORDS:
            is_key = isinstance(data, Mapping)
            self.wrong(place, data, f"{word!r} is no event and no pattern{nearest(word, WORDS)}", key=is_key)
            return None
        if word in TREES:
            return self._tree(word, value, place)
        return self._reply(value, place) if word == "reply" else self._event(word, value, place)

    def _not_one(self, data: Mapping[str, Any], place: Place) -> None:
        words = list(data)
        outside = next((word for word in words if word in OPTIONS or word == "then"), None)
        if outside is not None and len(words) == 2:
            where = (
                "a branch of an expectation whose only pattern is any" if outside == "then" else "the whole expectation"
            )
            self.wrong((*place, outside), data, f"{outside} can't stand in a pattern; it belongs to {where}", key=True)
        elif words:
            what = f"a pattern is one word with what it asks, here are {' and '.join(words)}; give each a dash"
            self.wrong((*place, words[1]), data, what, key=True)
        else:
            self.wrong(place, data, "a pattern is a word such as message, not an empty mapping")

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
            what = f"{word} takes a list of patterns, each with a dash, not {shown(value)}"
            self.wrong(place, None, what)
            return None
        parts = [self.pattern(one, (*place, at)) for at, one in enumerate(value)]
        if None in parts:
            return None
        build_all = {"sequence": building.sequence, "all": building.all_of, "any": building.any_of}[word]
        return self.tried(place, value, lambda: build_all(*parts))  # type: ignore[arg-type]

    def _quiet(self, value: object, place: Place) -> Pattern | None:
        is_short = not isinstance(value, Mapping)
        parts = {"for": value} if is_short else self.mapping(value, place, ("for", "kinds"))
        if parts is None:
            return None
        if "for" not in parts:
            self.wrong(place, value, "quiet says for how long: quiet: 3s, or quiet: {for: 3s, kinds: [message]}")
            return None
        at = place if is_short else (*place, "for")
        lasting = self.tried(at, parts["for"], partial(seconds, parts["for"]))
        kinds = parts.get("kinds", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            what = f"kinds are words for events, such as [message, token], not {shown(kinds)}"
            self.wrong((*place, "kinds"), kinds, what)
            return None
        if lasting is None or self.tried(at, parts["for"], lambda: building.quiet(lasting)) is None:
            return None
        return self.tried((*place, "kinds"), tuple(kinds), lambda: building.quiet(lasting, kinds=kinds))

    def _repeat(self, value: object, place: Place) -> Pattern | None:
        parts = self.mapping(value, place, ("of", "at_least", "at_most", "times"))
        if parts is None:
            return None
        if "of" not in parts:
            self.wrong(place, value, "repeat says of what: repeat: {of: token, at_least: 3}")
            return None
        part = self.pattern(parts["of"], (*place, "of"))
        given = {key: parts[key] for key in ("at_least", "at_most", "times") if parts.get(key) is not None}
        amounts = {key: self.whole(amount, (*place, key)) for key, amount in given.items()}
        if part is None or None in amounts.values():
            return None
        if "times" in amounts:
            if len(amounts) > 1:
                self.wrong((*place, "times"), value, "times says how often exactly; leave at_least and at_most out")
                return None
            amounts = {"at_least": amounts["times"], "at_most": amounts["times"]}
        return self.tried(place, value, lambda: building.repeat(part, **amounts))  # type: ignore[arg-type]

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
                given[name] = self._field(word, name, fields[name], (*place, name))
        is_whole = self._capturing(given, fields, place, word)
        if not is_whole or None in given.values():
            return None
        pattern: One | None = self.tried(place, value, lambda: vocabulary.WORDS[word](**given))
        if pattern is None:
            return None
        if "after_previous" in fields:
            gap = self.bounds(fields["after_previous"], (*place, "after_previous"), "after_previous")
            pattern = None if gap is None else replace(pattern, gap=gap)
        if pattern is None or "as" not in fields:
            return pattern
        called = self._name(fields["as"], (*place, "as"))
        return None if called is None else pattern.named(called)

    def _reply(self, value: object, place: Place) -> Pattern | None:
        fields = self._fields("reply", value, place, tuple(REPLY))
        if fields is None:
            return None
        given: dict[str, Any] = {}
        for name in (name for name in fields if name in REPLY):
            given |= self._asked(name, fields[name], (*place, name))
        is_whole = self._capturing(given, fields, place, "reply")
        if "after_previous" in fields:
            what = "a reply has no bound to the event before it; bound its first_token"
            self.wrong((*place, "after_previous"), value, what, key=True)
            return None
        if not is_whole or None in given.values():
            return None
        pattern: Reply | None = self.tried(place, value, lambda: vocabulary.reply(**given))
        if pattern is None or "as" not in fields:
            return pattern
        called = self._name(fields["as"], (*place, "as"))
        return None if called is None else pattern.named(called)

    def _asked(  # noqa: PLR0911 - one a way to ask
        self, name: str, value: object, place: Place
    ) -> dict[str, Any]:
        """What is asked of a reply, by the arguments that it is; None is what can't be read."""
        match REPLY[name]:
            case "matcher":
                return {name: self._field("message", name, value, place)}
            case "limits":
                return dict(self._limits(value, place, LIMITS[name]))
            case "stalls":
                return {name: self._stalls(value, place)}
            case "bursts":
                return {"burst": self._bursts(value, place)}
            case "retracted":
                return {name: self.word(value, place, RETRACTED)}
            case "flag or any" if value == "any":
                return {}
        return {name: self.flag(value, place)}

    def _stalls(self, value: object, place: Place) -> Stalls | None:
        parts = self.mapping(value, place, ("longer_than", "at_most"))
        if parts is None:
            return None
        if "longer_than" not in parts:
            self.wrong(place, value, "stalls says how long is too long: stalls: {longer_than: 1s}")
            return None
        longer = self.tried((*place, "longer_than"), parts["longer_than"], partial(seconds, parts["longer_than"]))
        most = self.whole(parts.get("at_most", 0), (*place, "at_most"))
        return None if longer is None or most is None else vocabulary.stalls(longer_than=longer, at_most=most)

    def _bursts(self, value: object, place: Place) -> int | None:
        if not isinstance(value, Mapping):
            return self.whole(value, place, 1)
        parts = self.mapping(value, place, ("at_most",))
        return None if parts is None else self.whole(parts.get("at_most"), (*place, "at_most"), 1)

    def _limits(self, value: object, place: Place, names: Mapping[str, str]) -> dict[str, float | None]:
        """Upper bounds, under the names that the word has for them."""
        is_short = not isinstance(value, Mapping)
        parts = {"max": value} if is_short else self.mapping(value, place, tuple(names))
        if not parts:
            if parts is not None:
                self.wrong(place, value, f"wanted a bound such as {{max: 2s}}; known are {', '.join(names)}")
            return {next(iter(names.values())): None}
        at = {name: place if is_short else (*place, name) for name in parts}
        return {names[name]: self.tried(at[name], one, partial(seconds, one)) for name, one in parts.items()}

    def _fields(self, word: str, value: object, place: Place, allowed: tuple[str, ...]) -> dict[str, Any] | None:
        """What a word is given: nothing, a mapping of fields, or the value of its first field."""
        if value is None:
            return {}
        if isinstance(value, Mapping) and not (word in SHORT and value and all(key in OPERATORS for key in value)):
            return self._known_fields(word, value, place, allowed)
        if word not in SHORT:
            known = ", ".join((*allowed, *COMMON))
            self.wrong(place, None, f"{word} takes fields, not {shown(value)}; known are {known}")
            return None
        return {allowed[0]: value}

    def _known_fields(
        self, word: str, value: Mapping[str, Any], place: Place, allowed: tuple[str, ...]
    ) -> dict[str, Any] | None:
        known = (*allowed, *COMMON)
        for key in value:
            if key in known:
                continue
            if key in OPERATORS and word in SHORT:
                what = f"{key!r} is an operator; put it into a field: {word}: {{{allowed[0]}: {{{key}: …}}}}"
            else:
                what = f"{word} has no field {key!r}{nearest(key, known)}"
            self.wrong((*place, key), value[key], what, key=True)
        return None if any(key not in known for key in value) else dict(value)

    def _field(self, word: str, name: str, value: object, place: Place) -> matchers.Matcher | None:
        """What a field must be; a value of another type than the field's would never fit."""
        types = _types_of(word, name)
        if isinstance(value, str) and types & {int, float} and str not in types:
            value = number(value)
        fits = _NUMBERS if type(value) in _NUMBERS else {type(value)} & set(_TYPES)
        if fits and types & set(_TYPES) and not types & fits:
            wanted = next(told for kind, told in _TYPES.items() if kind in types)
            hint = "; put it in quotation marks" if str in types else ""
            self.wrong(place, value, f"{name} is never {shown(value)}: it is {wanted}{hint}")
            return None
        return self.matcher(value, place, name)

    def _said(self, value: object, place: Place) -> str | None:
        if not isinstance(value, str):
            self.wrong(place, value, f"of takes the name of something said, not {shown(value)}")
            return None
        return value if self.names is None else self.tried(place, value, partial(self.names.said, value))

    def _name(self, value: object, place: Place) -> str | None:
        if not isinstance(value, str) or not value:
            self.wrong(place, value, f"as takes a name for the event, such as offer, not {shown(value)}")
            return None
        return value

    def _capturing(self, given: dict[str, Any], fields: Mapping[str, Any], place: Place, word: str) -> bool:
        """Add what is captured to what is asked of the text; false if that can't be."""
        if "capture" not in fields:
            return True
        if word != "reply" and "text" not in EVENTS[word]:
            what = f"{word} has no text to capture from; capture from a message, or within a field"
            self.wrong((*place, "capture"), fields["capture"], what, key=True)
            return False
        captured = self.captures(fields["capture"], (*place, "capture"))
        if captured is None:
            return False
        given["text"] = given["text"] & captured if given.get("text") is not None else captured
        return True

    def word(self, value: object, place: Place, known: tuple[str, ...]) -> str | None:
        """One of a few words; None if it is another."""
        if not isinstance(value, str) or value not in known:
            told = f"wanted one of {', '.join(known)}, not {shown(value)}"
            self.wrong(place, value, told)
            return None
        return value

    def bounds(self, value: object, place: Place, what: str, *, short: bool = True) -> Bounds | None:
        """A duration, which is the most, or `{min, max}`."""
        parts = value if isinstance(value, Mapping) or not short else {"max": value}
        known = self.mapping(parts, place, ("min", "max"))
        if known is None:
            return None
        at = {name: (*place, name) if parts is value else place for name in known}
        ends = {name: self.tried(at[name], one, partial(seconds, one)) for name, one in known.items()}
        if None in ends.values():
            return None
        return self.tried(place, value, lambda: Bounds.checked(ends.get("min"), ends.get("max"), what))


@cache
def _types_of(word: str, name: str) -> frozenset[Any]:
    """The types that a field of an event may have."""
    wanted = types(CLASSES[word]).get(name)
    return frozenset({wanted, *getattr(wanted, "__args__", ())} if wanted else ())


_NUMBERS: set[type] = {int, float}
_TYPES: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a number", float: "a number"}
