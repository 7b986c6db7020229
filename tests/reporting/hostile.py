"""A bot that means harm to whoever reads the report."""

from harness.events.messages import Card, Link, Media, Option
from harness.scenarios.outcome import Outcome, Status, Step
from tests.reporting.specimens import Making, known, outcome

TEXTS = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</style><style>*{display:none !important}</style>",
    '"><svg onload="document.title=\'owned\'">',
    "<a href=\"javascript:document.title='owned'\">here</a>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<base href='http://127.0.0.1:9/'><iframe src='//127.0.0.1:9'></iframe>",
    "]]><!--<plaintext>-->&lt;b&gt;&#x3c;b&#x3e;",
    "\x1b[2J\x1b]0;owned\x07",
    '=HYPERLINK("http://127.0.0.1:9";"x")',
    "price \u202e04 rof\u202c ok \u2066\u2067",
    "null\x00byte and \ud800 half a pair",
    "x" * 100_000,
    "W\u0337\u0335" * 2_000,
)


def conversation() -> Outcome:
    """It says all of that, in every place where a bot can."""
    made = Making()
    made.open()
    for number, text in enumerate(TEXTS):
        made.put("said", 0.1, message=known(f"h {number}"), text=text)
        made.bot("progress", 0.01, text=text)
        made.bot("joined", 0.01, subject=text, name=text[:200])
        made.bot("token", 0.02, target=known(f"t {number}"), turn="t", number=0, text=text[:5_000])
        made.bot("retracted", 0.01, target=known(f"t {number}"), turn="t", number=0, reason=text)
        made.bot("unrecognised", 0.01, wire_name=text, problem=text, raw=text)
        made.bot(
            "message",
            0.02,
            text=text,
            name=text[:200],
            type=text[:300],
            options=[Option(label=text, value=text)],
            cards=[Card(title=text, subtitle=text, image=text, links=(Link(label=text, address=text),))],
            links=[Link(label=text, address="javascript:document.title='owned'")],
            media=[Media(description=text, address=text)],
            raw=text,
        )
    told = "\n".join(["step 1: not complete", "  still open  <script>document.title='owned'</script>", *TEXTS[:8]])
    name = "suites/<b>x.yaml::<script>document.title='owned'</script>\u202e"
    steps = [Step(TEXTS[1], 0.0, 1.0, Status.FAILED, told), Step(TEXTS[12], 1.0, 2.0, Status.PASSED)]
    return outcome(made.end(), *steps, scenario=name)
