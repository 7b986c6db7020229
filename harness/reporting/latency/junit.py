"""What is said of a run as JUnit, a test a series: what fails a night fails here, with the same sentence.

A series that nothing can be said of is skipped. Not here: the scenarios' own results, which pytest writes.
"""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # writing only

from harness.events.text import printable
from harness.metrics.regression import Word
from harness.reporting.latency.findings import Finding, findings, headline, order
from harness.reporting.latency.values import Latency, Series
from harness.reporting.store.values import Key

_UNKNOWN = {
    Word.LEARNING: "learning: there are too few nights to compare with",
    Word.TOO_FEW: "too few turns to compare",
    Word.ENVIRONMENT: "environment: all series changed together, so nothing is said of any",
}


def junit(latency: Latency) -> str:
    """The results as XML."""
    found: dict[Key, list[Finding]] = {}
    for one in findings(latency):
        found.setdefault(one.key, []).append(one)
    cases = [_case(one, found.get(one.key, [])) for one in sorted(latency.series, key=order)]
    began = datetime.fromtimestamp(latency.run.started_at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.Element(
        "testsuite",
        name="latency",
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        timestamp=began,
        time="0",
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="said", value=headline(latency))
    suite.extend(cases)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(series: Series, found: list[Finding]) -> ET.Element:
    key = series.key
    case = ET.Element(
        "testcase", classname=printable(key.scenario), name=f"{key.metric} ({printable(key.locale)})", time="0"
    )
    bad = [one for one in found if one.fails]
    if bad:
        told = [printable(one.sentence) for one in bad]
        failure = ET.SubElement(case, "failure", type=bad[0].word, message=told[0])
        failure.text = "\n".join(told)
    elif series.budget is None and series.word in _UNKNOWN:
        ET.SubElement(case, "skipped", message=_UNKNOWN[series.word])
    if told := [printable(one.sentence) for one in found if not one.fails]:
        ET.SubElement(case, "system-out").text = "\n".join(told)
    return case
