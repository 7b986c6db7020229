"""The always-on rules that were broken, worst first, with what shows it."""

from harness.expectations.rules import RULES, Severity
from harness.reporting.pages.markup import Html, cut, joined, scrollable, section, tag
from harness.reporting.pages.view import View

_SHOWN = 100
_EVENTS = 12


def rules(view: View) -> Html:
    """The section."""
    ranks = list(Severity)
    broken = sorted(view.outcome.violations, key=lambda one: ranks.index(one.severity))
    if not broken:
        words = f"None of the {len(RULES)} rules of the channel was broken."
        return section("s-rules", "Rules", tag("p", words, class_="quiet"))
    rows = []
    for one in broken[:_SHOWN]:
        links = [view.link(place) for place in one.events[:_EVENTS]]
        more = [f"and {len(one.events) - _EVENTS} more"] if len(one.events) > _EVENTS else []
        rule = tag("th", one.rule, tag("small", RULES[one.rule].meaning), scope="row")
        severity = tag("td", tag("span", str(one.severity), class_=f"severity {one.severity}"))
        rows.append(
            tag(
                "tr", rule, severity, tag("td", tag("bdi", cut(one.what, 400))), tag("td", joined([*links, *more], " "))
            )
        )
    heads = [tag("th", name, scope="col") for name in ("rule", "severity", "what", "events")]
    more = [tag("p", f"and {len(broken) - _SHOWN} more", class_="quiet")] if len(broken) > _SHOWN else []
    listed = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="rules")
    return section("s-rules", f"Rules ({len(broken)} broken)", scrollable("broken rules", listed), *more)
