"""Mistakes planted in scenario files; ¶ stands before every place that is to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

MARK = "¶"
FILE = "one.scenario.yaml"

HEAD = "scenario: An order status\n"
OPEN = f"{HEAD}steps:\n- open\n"


@dataclass(frozen=True)
class Mistake:
    """Files with something wrong in them.

    Attributes:
        files: What they say, by name.
        seen: Whether a JSON Schema can see it.
        locale: In which the scenarios are checked.
    """

    files: Mapping[str, str]
    seen: bool = False
    locale: str | None = None

    def write(self, folder: Path) -> set[tuple[str, int, int]]:
        """Write the files.

        Returns:
            Where something is to be told: file, line, column.
        """
        places = set()
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            for number, line in enumerate(text.split("\n"), start=1):
                parts = line.split(MARK)
                places |= {(name, number, len("".join(parts[:at])) + 1) for at in range(1, len(parts))}
            path.write_bytes(text.replace(MARK, "").encode("utf-8", "surrogateescape"))
        return places


def one(text: str, *, seen: bool = False, **more: str) -> Mistake:
    """A mistake in a scenario; `more` are files beside it, `__` in their names a slash."""
    others = {name.replace("__", "/") + ".yaml": text for name, text in more.items()}
    return Mistake({FILE: text, **others}, seen=seen)


def steps(*lines: str, seen: bool = False, head: str = "", **more: str) -> Mistake:
    """A mistake in the steps of a scenario that has opened a conversation."""
    return one(f"{HEAD}{head}steps:\n- open\n" + "".join(f"{line}\n" for line in lines), seen=seen, **more)


def expect(block: str, *before: str, seen: bool = False) -> Mistake:
    """A mistake in an expectation."""
    return steps(*before, f"- expect: {block}", seen=seen)


def fragment(name: str, *lines: str, parameters: str = "{}") -> str:
    """What a fragment says."""
    return f"fragment: {name}\nparameters: {parameters}\nsteps:\n" + "".join(f"{line}\n" for line in lines)


_LAUGHS = [
    f"  {at}: {MARK if at == 'e' else ''}&{at} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, at in pairwise("abcdefghi")
]
SIGN_IN = fragment("sign_in", "- say: '${as}'", parameters="{as: null}")
DEEP = "[" * 70 + "]" * 70

MISTAKES: dict[str, Mistake] = {
    # -- no YAML
    "a quotation mark that is never closed": steps("- say: ¶'Where is my order?", "- close"),
    "a line indented with a tab": one(f"{HEAD}steps:\n- open\n- expect:\n¶\tmessage: hello\n"),
    "a text with a colon": steps("- say: Listen¶: where is it?"),
    "a list without its end": steps("- expect: {sequence: [message, typing_stopped¶}", "- close"),
    "a name between braces without quotation marks": steps("- repeat: {times: ¶${times}, steps: [say: Hello]}"),
    "a step without a dash": steps("¶say: Hello", seen=True),
    "a line that belongs to nothing": one(f"{HEAD}steps:\n  - open\n ¶- say: Hello\n"),
    "a line without a colon": one(f"{HEAD}¶an order\nsteps:\n- open\n"),
    "a backslash between double quotation marks": steps('- expect: {message: "/\\¶d+/"}'),
    "a text that begins with a sign": steps("- say: ¶@all, hello"),
    "a second document": one(f"{OPEN}¶---\n{OPEN}"),
    "a character that nobody sees": steps("- say: a¶\x07b"),
    "a file in another encoding": steps("- say: Gr¶\udcfc\udcdfe"),
    "an alias of nothing": steps("- say: ¶*greeting"),
    "an alias within what it names": steps("- expect: ¶&all {all: [message, *all]}"),
    "a billion laughs": one(
        f"{HEAD}vars:\n  a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n{''.join(_LAUGHS)}steps: [open]\n"
    ),
    "a file of ten megabytes": one("¶" + HEAD + f"# {'x' * 998}\n" * 10_500 + "steps: [open]\n"),
    "lists within lists": one(f"{HEAD}steps: {DEEP[:59]}¶{DEEP[59:]}\n"),
    "a tag": steps("- say: ¶!!python/object:os.system Hello"),
    "a merge key": one(f"x: &x {{a: b}}\n{HEAD}steps:\n- open: {{¶<<: *x}}\n"),
    "a key that is a list": one(f"{HEAD}vars: {{? ¶[a] : b}}\nsteps:\n- open\n"),
    "an empty file": one("¶# nothing yet\n", seen=True),
    # -- the head
    "a list where a scenario should be": one("¶- scenario: An order status\n- steps: [open]\n", seen=True),
    "no title": one("¶about: An order\nsteps: [open]\n", seen=True),
    "an empty title": one("scenario: ¶''\nsteps: [open]\n", seen=True),
    "a title that is a number": one("scenario: ¶42\nsteps: [open]\n", seen=True),
    "no steps": one(f"{HEAD}steps: ¶[]\n", seen=True),
    "nothing after steps": one(f"{HEAD}¶steps:\n", seen=True),
    "steps that are no list": one(f"{HEAD}steps: ¶open\n", seen=True),
    "an unknown key": one(f"{HEAD}¶ownre: orders-qa\nsteps: [open]\n", seen=True),
    "the same key twice": one(f"{HEAD}owner: orders-qa\nsteps: [open]\n¶owner: desk-qa\n"),
    "an unknown severity": one(f"{HEAD}severity: ¶critcal\nsteps: [open]\n", seen=True),
    "tags that are no list": one(f"{HEAD}tags: ¶smoke\nsteps: [open]\n", seen=True),
    "a tag with a space": one(f"{HEAD}tags: [smoke, ¶of the bot]\nsteps: [open]\n", seen=True),
    "a link of two kinds": one(f"{HEAD}links: [¶{{issue: BOT-1, tms: TC-1}}]\nsteps: [open]\n"),
    "an unknown rule": one(
        f"{HEAD}rules: {{¶typing_stop: {{severity: off, because: BOT-77}}}}\nsteps: [open]\n", seen=True
    ),
    "a rule waived without a reason": one(
        f"{HEAD}rules: {{¶typing_stops: {{severity: off}}}}\nsteps: [open]\n", seen=True
    ),
    "an unknown severity of a rule": one(
        f"{HEAD}rules: {{typing_stops: {{severity: ¶no, because: BOT-77}}}}\nsteps: [open]\n", seen=True
    ),
    "an unknown fact of a persona": one(f"{HEAD}persona: {{¶surname: Silva}}\nsteps: [open]\n", seen=True),
    "a locale that nobody knows": one(f"{HEAD}persona: {{locale: ¶de_XX}}\nsteps: [open]\n"),
    "a flag that is a word": one(f"{HEAD}strict: ¶maybe\nsteps: [open]\n", seen=True),
    "a duration without a unit": one(f"{HEAD}within: ¶5\nsteps: [open]\n", seen=True),
    "a timeout of nothing": one(f"{HEAD}timeout: ¶0s\nsteps: [open]\n"),
    "a quarantine until no day": one(f"{HEAD}quarantine: {{owner: qa, because: BOT-1, until: ¶soon}}\nsteps: [open]\n"),
    "a variable that is a list": one(f"{HEAD}vars: {{orders: ¶[a, b]}}\nsteps: [open]\n", seen=True),
    "a name in the title": one("scenario: ¶Order ${order}\nvars: {order: ORD-1001}\nsteps: [open]\n"),
    # -- rows
    "rows with other columns": one(
        f"{HEAD}rows:\n- {{order: A, state: b}}\n- ¶{{order: B}}\n- ¶{{order: C, state: d, stat: e}}\nsteps: [open]\n"
    ),
    "no rows": one(f"{HEAD}rows: ¶[]\nsteps: [open]\n"),
    "a row with a list": one(f"{HEAD}rows:\n- {{order: ¶[a]}}\nsteps: [open]\n", seen=True),
    "two rows with one id": one(f"{HEAD}rows:\n- {{id: first}}\n- {{id: ¶first}}\nsteps: [open]\n"),
    "rows of a file that is no CSV": one(f"{HEAD}rows: ¶orders.xlsx\nsteps: [open]\n", seen=True),
    "a CSV file that is not there": Mistake(
        {FILE: f"{HEAD}rows: ¶order.csv\nsteps: [open]\n", "orders.csv": "order\nORD-1001\n"}
    ),
    "a column that is not in the CSV file": Mistake(
        {
            FILE: f"{HEAD}rows: orders.csv\nsteps:\n- open\n- say: ¶Where is ${{order_number}}?\n",
            "orders.csv": "order,state\nORD-1001,shipped\n",
        }
    ),
    "a line of a CSV file without a value": Mistake(
        {
            FILE: f"{HEAD}rows: orders.csv\nsteps: [open]\n",
            "orders.csv": "order,state\nORD-1001,shipped\n¶ORD-2002\n¶ORD-3003,late,today\n",
        }
    ),
    "columns without names": Mistake(
        {FILE: f"{HEAD}rows: orders.csv\nsteps: [open]\n", "orders.csv": "¶ORD-1001,has shipped\nORD-2002,is late\n"}
    ),
    "a CSV file with nothing but columns": Mistake(
        {FILE: f"{HEAD}rows: orders.csv\nsteps: [open]\n", "orders.csv": "¶order,state\n"}
    ),
    # -- steps
    "an unknown step": steps("- ¶sya: Hello", seen=True),
    "an unknown step with nothing after it": steps("- ¶closee", seen=True),
    "a step with two words": steps("- say: Hello", "  ¶wait: 2s", seen=True),
    "a step that is a number": steps("- ¶5", seen=True),
    "a step that is a list": steps("- ¶[say, Hello]", seen=True),
    "say with nothing after it": steps("- ¶say:", seen=True),
    "an unknown part of a step": steps("- say: {text: Hello, ¶words_per_minut: 100}", seen=True),
    "typing faster than anybody can": steps("- say: {text: Hello, words_per_minute: ¶100000}", seen=True),
    "a choice by two things": steps("- choose: ¶{label: 'Yes', index: 1}"),
    "a choice by its number from 0": steps("- choose: {index: ¶0}", seen=True),
    "something after close": steps("- close: ¶now", seen=True),
    "an unknown word after type": steps("- type: ¶start", seen=True),
    "an invalid duration": steps("- wait: ¶5 secs", seen=True),
    "a file that is not there": steps("- attach: ¶damage.png"),
    "say before open": one(f"{HEAD}steps:\n- ¶say: Hello\n- say: Hello again\n"),
    "say after close": steps("- close", "- ¶say: Hello"),
    "open twice": steps("- ¶open"),
    "an unknown user": steps("- {¶say: Hello, as: colleague}"),
    "a rep who expects": steps("- {¶expect: message, as: rep}"),
    "a customer who leaves": steps("- ¶leave"),
    "open on one way only": one(
        f"{HEAD}vars: {{state: new}}\nsteps:\n- when: {{state: new}}\n  then:\n  - open\n- ¶say: Hello\n"
    ),
    "repeat until without at_most": steps("- repeat: ¶{until: {x: y}, steps: [say: Hello]}"),
    "repeat with times and until": steps("- repeat: ¶{times: 2, until: {x: y}, steps: [say: Hello]}"),
    "a when without then": steps("- ¶when: {state: new}", head="vars: {state: new}\n", seen=True),
    "an else without when": steps("- say: Hello", "  ¶else: [say: Goodbye]", seen=True),
    "a mistake within when": steps(
        "- when: {state: new}", "  then: [¶sya: Hello]", "  else: [say: ¶5]", head="vars: {state: new}\n", seen=True
    ),
    "a condition that is a word": steps("- when: ¶new", "  then: [say: Hello]", seen=True),
    # -- names
    "an unknown name": steps("- say: ¶Where is ${ordr}?", head="vars: {order: ORD-1001}\n"),
    "a name that is never closed": steps("- say: ¶Where is ${order?", head="vars: {order: ORD-1001}\n"),
    "an unknown fact of the customer": steps("- say: ¶I am ${persona.firstname}"),
    "an unknown source": steps("- say: ¶I am ${person.first_name}"),
    "something that can't be made up": steps("- say: ¶I live in ${made.town}"),
    "an environment variable that is not declared": steps(
        "- say: ¶${env.PIN_OF_BANK}", suite="environment: [PIN_OF_THE_BANK]\n"
    ),
    "an environment variable that is not set": steps(
        "- say: ¶${env.HARNESS_NOT_SET}", suite="environment: [HARNESS_NOT_SET]\n"
    ),
    "variables that refer to each other": steps(
        "- say: Where is ${a}?", head="vars: {a: ¶'${b}', b: 'the ${c}', c: 'one of ${a}'}\n"
    ),
    "a variable of an unknown name": steps("- say: Where is ${a}?", head="vars: {a: ¶'${b}'}\n"),
    "a capture that is used before": steps(
        "- say: ¶Is it ${day}?", "- expect: {message: {capture: {day: '/on (.*)/'}}}"
    ),
    "a capture that is bound on one branch only": steps(
        "- expect:",
        "    any:",
        "    - message: {capture: {day: '/on (.*)/'}}",
        "    - left",
        "- say: ¶Is it ${day}?",
    ),
    "a capture of a soft expectation": steps(
        "- expect: {soft: true, message: {capture: {day: '/on (.*)/'}}}", "- say: ¶Is it ${day}?"
    ),
    "a capture within something optional": steps(
        "- expect: [optional: {progress: {capture: {day: '/on (.*)/'}}}, message]", "- say: ¶Is it ${day}?"
    ),
    "an event without the field": steps("- expect: {message: {as: offer}}", "- say: ¶Is it ${offer.txt}?"),
    "an event where a text should be": steps("- expect: {message: {as: offer}}", "- say: ¶Is it ${offer}?"),
    "a receipt of nothing that was said": steps(
        "- say: {text: Hello, as: greeting}", "- expect: {delivered: {of: ¶greetin}}"
    ),
    "an answer to nothing": steps("- expect: {message: {as: offer}}", "- say: {text: 'Yes', in_reply_to: ¶ofer}"),
    "an unknown catalogue": steps(
        "- expect: {message: {one_of: ¶greetings}}", catalogues__words="greeting: {en_US: [Hello]}\n"
    ),
    "a catalogue without the locale": steps(
        "- expect: {message: {one_of: ¶greeting}}", catalogues__words="greeting: {de_DE: [Hallo]}\n"
    ),
    # -- expectations
    "an unknown event": expect("{sequence: [message, ¶typing_stoped]}", seen=True),
    "an unknown event with a value": expect("{¶mesage: hello}", seen=True),
    "an unknown option": expect("{message: hello, ¶whitin: 5s}", seen=True),
    "an option in a pattern": expect("[message: hello, {message: bye, ¶within: 5s}]", seen=True),
    "two patterns": expect("{message: hello, ¶progress: looking}", seen=True),
    "no pattern": expect("¶{within: 5s}", seen=True),
    "an unknown field": expect("{message: {¶txt: hello}}", seen=True),
    "an unknown field of an event": expect("{joined: {¶rol: chatbot}}", seen=True),
    "a value where an event has no first field": expect("{joined: ¶chatbot}", seen=True),
    "an unknown operator": expect("{message: {text: {¶contians: hello}}}", seen=True),
    "an operator among fields": expect("{message: {¶contains: hello, role: chatbot}}", seen=True),
    "no operator": expect("{message: {text: ¶{}}}", seen=True),
    "exact without equals": expect("{message: {text: {contains: hello, ¶exact: true}}}", seen=True),
    "an operator with a value of another type": expect("{message: {contains: ¶5}}", seen=True),
    "a number where a text is": expect("{message: ¶42}"),
    "a text where a number is": expect("{queue: ¶first}"),
    "operators that exclude each other": expect("{queue: {greater: 5, less: ¶3}}"),
    "two numbers in the wrong order": expect("{queue: {between: ¶[5, 1]}}"),
    "one number of two": expect("{queue: {between: ¶[5]}}", seen=True),
    "a regular expression that does not compile": expect("{message: ¶/order (/}"),
    "an unknown flag of a regular expression": expect("{message: ¶/order/g}"),
    "a capture that is no regular expression": expect("{message: {capture: {day: ¶'on (.*)'}}}", seen=True),
    "a capture of what has no text": expect("{joined: {¶capture: {day: '/on (.*)/'}}}", seen=True),
    "no JSON path": expect("{message: {components: {has: {data: {json_path: ¶offers..}}}}}"),
    "no JSON Schema": expect("{message: {components: {has: {data: {schema: ¶{type: lists}}}}}}"),
    "never of more than one event": expect("{message: hello, never: [¶{sequence: [left, closed]}]}"),
    "an unknown word after others": expect("{message: hello, others: ¶ignored}", seen=True),
    "a latency to nothing": expect("{message: hello, latency: ¶{max: 5s}}", seen=True),
    "a latency to what is not expected": expect("{message: hello, latency: ¶{to: progress, max: 5s}}"),
    "a latency without a bound": expect("{message: hello, latency: ¶{to: message}}", seen=True),
    "bounds that exclude each other": expect("{message: hello, latency: ¶{to: message, min: 5s, max: 2s}}"),
    "repeat of nothing": expect("{repeat: ¶{at_least: 3}}", seen=True),
    "a negative bound": expect("{repeat: {of: token, at_least: ¶-1}}", seen=True),
    "more at least than at most": expect("{repeat: ¶{of: token, at_least: 3, at_most: 2}}"),
    "a repetition of what may be nothing": expect("{repeat: ¶{of: {optional: token}}}"),
    "nothing that must come": expect("¶{optional: message}"),
    "an optional event at the end": expect("{sequence: [message, ¶optional: progress]}"),
    "a sequence of nothing": expect("{sequence: ¶[]}", seen=True),
    "a sequence that is no list": expect("{sequence: ¶message}", seen=True),
    "a deadline shorter than a silence": expect("{within: ¶2s, sequence: [message, quiet: 3s]}"),
    "a deadline before the earliest": expect("{within: 2s, not_before: ¶3s, message: hello}"),
    "a silence without a time": expect("{quiet: ¶{kinds: [message]}}", seen=True),
    "a silence of no event": expect("{quiet: {for: 2s, kinds: ¶[mesage]}}", seen=True),
    "an unknown part of a reply": expect("{reply: {¶first_tokn: 2s}}", seen=True),
    "a reply that is and is not streamed": expect("{reply: ¶{streamed: false, first_token: 2s}}"),
    "a branch that can't be reached": expect("{any: [message, ¶{message: hello, then: [close]}, left]}"),
    "the same branch twice": expect("[{any: [{message: hello}, left, ¶left]}, closed]"),
    "then outside of a branch": expect("[{any: [{message: hello, ¶then: [close]}, left]}]", seen=True),
    "a then that is no list": expect("{any: [{message: hello, then: ¶close}, left]}", seen=True),
    "a once with branches": steps("- once: {¶any: [{message: hello, then: [close]}, left]}"),
    # -- what scenarios share
    "an unknown fragment": steps("- run: ¶sign_on", fragments__sign_in=fragment("sign_in", "- say: Hello")),
    "an unknown parameter": steps("- run: {sign_in: {¶asa: gold}}", fragments__sign_in=SIGN_IN),
    "a parameter that is not given": steps("- run: ¶sign_in", fragments__sign_in=SIGN_IN),
    "two fragments at once": steps(
        "- run: ¶{sign_in: {as: gold}, sign_out: {}}", fragments__sign_in=SIGN_IN, seen=True
    ),
    "fragments without end": steps(
        "- run: first",
        fragments__first=fragment("first", "- run: second"),
        fragments__second=fragment("second", "- run: ¶first"),
    ),
    "a fragment that runs itself": steps("- run: again", fragments__again=fragment("again", "- run: ¶again")),
    "two fragments of one name": steps(
        "- run: sign_in",
        fragments__a=fragment("sign_in", "- say: a"),
        fragments__b="fragment: ¶sign_in\nsteps: [open]\n",
    ),
    "a fragment that nobody runs": one(
        f"{HEAD}steps: [open]\n", fragments__sign_in="fragment: ¶sign_in\nsteps: [say: Hello]\n"
    ),
    "a mistake in a fragment": steps("- run: sign_in", fragments__sign_in=fragment("sign_in", "- ¶sya: Hello")),
    "a name that only the fragment lacks": steps(
        "- run: sign_in", fragments__sign_in=fragment("sign_in", "- say: ¶I am ${customer}")
    ),
    "a parameter of an unknown name": steps(
        "- run: sign_in", fragments__sign_in="fragment: sign_in\nparameters: {as: ¶'${level}'}\nsteps: [say: '${as}']\n"
    ),
    "an unknown key of a fragment": steps(
        "- run: sign_in", fragments__sign_in="fragment: sign_in\n¶params: {}\nsteps: [say: Hello]\n"
    ),
    "an unknown key of a suite": one(f"{HEAD}steps: [open]\n", suite="¶tag: [smoke]\n"),
    "a mistake in a set-up": one(f"{HEAD}steps: [close]\n", suite="setup:\n- ¶opn\n"),
    "a tear-down that can't be": one(f"{HEAD}steps: [open, close]\n", suite="teardown:\n- ¶say: Goodbye\n"),
    "a catalogue for no locale": steps(
        "- expect: {message: {one_of: greeting}}", catalogues__words="greeting: {en_US: [Hello], ¶de-DE: [Hallo]}\n"
    ),
    "a catalogue without wordings": steps(
        "- expect: {message: {one_of: greeting}}", catalogues__words="greeting: {en_US: ¶[]}\n"
    ),
    "a wording that is no regular expression": steps(
        "- expect: {message: {one_of: greeting}}", catalogues__words="greeting: {en_US: [Hello, ¶/hi (/]}\n"
    ),
    "two catalogues of one name": steps(
        "- expect: {message: {one_of: greeting}}",
        catalogues__a="greeting: {en_US: [Hello]}\n",
        catalogues__b="¶greeting: {en_US: [Hi]}\n",
    ),
    "two scenarios of one title": Mistake({FILE: OPEN, "two.scenario.yaml": OPEN.replace(" An", " ¶An")}),
    "a scenario that is not read": Mistake({FILE: OPEN, "two.scenario.yml": f"¶{OPEN}", "three.yaml": f"¶{OPEN}"}),
    "a suite that is not read": Mistake({FILE: OPEN, "suite.yml": "¶tags: [smoke]\n"}),
    "a catalogue that is not read": Mistake({FILE: OPEN, "catalogues/words.yml": "¶greeting: {en_US: [Hello]}\n"}),
    "many at once": one(
        f"{HEAD}¶severty: critical\ntags: ¶smoke\nwithin: ¶5\nsteps:\n- ¶opn\n- say: ¶${{order}}\n", seen=True
    ),
    "many steps at once": steps(
        "- ¶sya: Hello", "- expect: {¶mesage: hello, within: ¶5}", "- say: ¶${nobody}", "- run: ¶nothing", seen=True
    ),
}
