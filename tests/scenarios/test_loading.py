"""Scenario files with what they share: suites, fragments, catalogues, rows."""

from pathlib import Path

import pytest

from harness.documents import DocumentError
from harness.expectations.rules import Severity, Waiver
from harness.scenarios.loading import Library, Script

STEPS = "steps: [open]\n"


def write(folder: Path, **files: str) -> Path:
    """Write files; `__` in a name is a slash, and yaml or csv stands behind a last `_`.

    Returns:
        The first of them.
    """
    paths = []
    for name, text in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        paths.append(folder / f"{stem}.{suffix}".replace(".scenario_yaml", ".scenario.yaml"))
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_text(text, encoding="utf-8")
    return paths[0]


def scripts(folder: Path, text: str, **files: str) -> list[Script]:
    """The scripts of a scenario, with other files beside it."""
    path = folder / "one.scenario.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if files:
        write(folder, **files)
    return Library(folder).scripts(path)


def test_a_scenario_without_rows_is_one_script(tmp_path: Path) -> None:
    """Called as it is."""
    [script] = scripts(tmp_path, f"scenario: An order\n{STEPS}")
    assert (script.name, script.row_id, script.row) == ("An order", "", {})
    assert [str(step).rpartition("/")[2] for step in script.steps] == ["one.scenario.yaml:2"]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        pytest.param("[{order: A, state: new}, {order: B, state: old}]", ["A-new", "B-old"], id="by their values"),
        pytest.param("[{id: first, order: A}, {id: second, order: A}]", ["first", "second"], id="by their id"),
        pytest.param("[{order: A}, {order: A}, {order: A}]", ["A", "A #2", "A #3"], id="equal ones are numbered"),
        pytest.param("[{order: A}, {order: 'A #2'}, {order: A}]", ["A", "A #2", "A #3"], id="and stay apart"),
        pytest.param("[{order: null}, {order: true}, {order: 5}]", ["None", "True", "5"], id="whatever they are"),
        pytest.param("[{order: 'a [b]: c::d'}]", ["a b c d"], id="without signs that pytest reads"),
        pytest.param("[{order: ''}]", ["row"], id="though they are empty"),
        pytest.param(f"[{{order: {'x' * 99}}}, {{order: {'x' * 99}}}]", ["x" * 60, f"{'x' * 60} #2"], id="in short"),
    ],
)
def test_rows_have_names(rows: str, names: list[str], tmp_path: Path) -> None:
    """Each its own, and the same every night."""
    assert [one.row_id for one in scripts(tmp_path, f"scenario: x\nrows: {rows}\n{STEPS}")] == names


def test_many_rows_are_named_quickly(tmp_path: Path) -> None:
    """Also where all are equal."""
    rows = "order\n" + "A\n" * 20_000
    names = [one.row_id for one in scripts(tmp_path, f"scenario: x\nrows: orders.csv\n{STEPS}", orders_csv=rows)]
    assert (len(set(names)), names[-1]) == (20_000, "A #20000")


def test_rows_of_a_csv_file_are_texts(tmp_path: Path) -> None:
    """With quotation marks, line breaks and leading zeros as they are."""
    text = '\ufefforder,says\n0012,"has ""shipped"", or\nwill"\n,\n'
    rows = [one.row for one in scripts(tmp_path, f"scenario: x\nrows: orders.csv\n{STEPS}", orders_csv=text)]
    assert rows == [{"order": "0012", "says": 'has "shipped", or\nwill'}, {"order": "", "says": ""}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("order,order\nA,B\n", "orders.csv:1:1: there are two columns 'order'; give one of them another name"),
        ('order\nA\n"B', "orders.csv:3:1: this is no CSV: unexpected end of data"),
        (
            'order,state\nA,b\n\n"a\nb"\n',
            "orders.csv:4:1: this line has 1 value, but there are 2 columns: order, state",
        ),
        ("id,order\na,A\nb,B\na,C\n", "orders.csv:4:1: line 2 has this id already; give one of them another"),
        ("order\n" + "A\n" * 500_000, "orders.csv:1:1: the file has 1,000,006 bytes, more than 1,000,000; split it"),
    ],
)
def test_a_csv_file_can_be_wrong(text: str, told: str, tmp_path: Path) -> None:
    """More of it is in mistakes.py."""
    with pytest.raises(DocumentError) as caught:
        scripts(tmp_path, f"scenario: x\nrows: orders.csv\n{STEPS}", orders_csv=text)
    assert str(caught.value).endswith(told)


def test_the_nearest_suite_wins(tmp_path: Path) -> None:
    """What nobody says is said by the one above."""
    outer = """
        owner: everybody
        within: 20s
        severity: minor
        tags: [all]
        strict: true
        deployment: Outer
        links: [{link: https://a.example}]
        environment: [A]
        persona: {locale: de_DE, first_name: Ana}
        vars: {a: outer, b: outer, c: outer}
        rules:
          typing_stops: {severity: off, because: outer}
          receipt_known: {severity: warn, because: outer}
        setup: [open]
        teardown: [close]
    """
    inner = """
        owner: desk
        within: 10s
        tags: [desk, all]
        environment: [B]
        persona: {last_name: Silva}
        vars: {b: inner, c: inner}
        rules: {typing_stops: {severity: warn, because: inner}}
        setup: [say: Hello]
        teardown: [say: Goodbye]
    """
    own = f"""
        scenario: x
        within: 5s
        tags: [mine]
        links: [{{issue: BOT-1}}]
        persona: {{first_name: Eva}}
        vars: {{c: own, d: own}}
        rows: [{{d: row}}]
        {STEPS}
    """
    path = write(tmp_path, desk__one_scenario_yaml=own, desk__suite_yaml=inner, suite_yaml=outer)
    [script] = Library(tmp_path).scripts(path)
    assert (script.owner, script.within, script.severity, script.strict) == ("desk", 5.0, "minor", True)
    assert (script.deployment, script.timeout, script.quarantine) == ("Outer", None, None)
    assert script.tags == ("mine", "desk", "all")
    assert [link.issue or link.link for link in script.links] == ["BOT-1", "https://a.example"]
    assert script.environment == {"A", "B"}
    assert script.persona.model_dump(exclude_none=True) == {
        "locale": "de_DE",
        "first_name": "Eva",
        "last_name": "Silva",
    }
    assert script.vars == {"a": "outer", "b": "inner", "c": "own", "d": "row"}
    assert set(script.waivers) == {
        Waiver("typing_stops", Severity.WARN, "inner"),
        Waiver("receipt_known", Severity.WARN, "outer"),
    }
    assert [step.data for step in script.setup] == ["open", {"say": "Hello"}]
    assert [step.data for step in script.teardown] == [{"say": "Goodbye"}, "close"]


def test_looking_ends_at_the_root(tmp_path: Path) -> None:
    """What is above has no say, and beyond it only the own folder has."""
    path = write(
        tmp_path,
        a__b__one_scenario_yaml=f"scenario: x\n{STEPS}",
        a__suite_yaml="owner: a",
        suite_yaml="severity: minor",
    )
    assert Library(tmp_path).scripts(path)[0].severity == "minor"
    [script] = Library(tmp_path / "a").scripts(path)
    assert (script.owner, script.severity) == ("a", "normal")
    assert Library(tmp_path / "elsewhere").scripts(path)[0].owner == ""


def test_the_nearest_fragment_and_catalogue_win(tmp_path: Path) -> None:
    """By their names, whatever their files are called."""
    path = write(
        tmp_path,
        a__one_scenario_yaml=f"scenario: x\n{STEPS}",
        a__fragments__near_yaml="fragment: hello\nsteps: [say: near]",
        fragments__far_yaml="fragment: hello\nsteps: [say: far]",
        fragments__other_yaml="fragment: other\nsteps: [say: far]",
        a__catalogues__near_yaml="greeting: {en: [near]}",
        catalogues__far_yaml="greeting: {en: [far]}\nfarewell: {en: [far]}",
    )
    [script] = Library(tmp_path).scripts(path)
    assert script.fragment("hello")[1].steps == ({"say": "near"},)
    assert script.fragment("other")[1].steps == ({"say": "far"},)
    assert (script.wordings("greeting", "en_US"), script.wordings("farewell", "en_US")) == (("near",), ("far",))
    with pytest.raises(ValueError, match="there is no fragment 'helo'; did you mean 'hello'"):
        script.fragment("helo")


def test_a_catalogue_has_wordings_by_locale(tmp_path: Path) -> None:
    """Or by language, where the locale has none of its own."""
    words = "greeting: {de: [Hallo], de_AT: [Servus], en_US: [Hello, Hi]}"
    [script] = scripts(tmp_path, f"scenario: x\n{STEPS}", catalogues__words_yaml=words)
    assert script.wordings("greeting", "de_AT") == ("Servus",)
    assert script.wordings("greeting", "de_DE") == ("Hallo",)
    assert script.wordings("greeting", "en_US") == ("Hello", "Hi")
    with pytest.raises(ValueError, match="'greeting' has nothing for the locale en_GB; it has de, de_AT, en_US"):
        script.wordings("greeting", "en_GB")
    with pytest.raises(ValueError, match="there is no catalogue 'greetings'; did you mean 'greeting'"):
        script.wordings("greetings", "en_US")


def test_what_is_shared_is_read_but_once(tmp_path: Path) -> None:
    """However many scenarios there are, and whatever becomes of the file meanwhile."""
    first = write(tmp_path, a_scenario_yaml=f"scenario: a\n{STEPS}", suite_yaml="owner: a")
    library = Library(tmp_path)
    assert library.scripts(first)[0].owner == "a"
    second = write(tmp_path, b_scenario_yaml=f"scenario: b\n{STEPS}", suite_yaml="owner: b")
    assert library.scripts(second)[0].owner == "a"


def test_every_mistake_of_what_is_shared_is_told(tmp_path: Path) -> None:
    """With those of the scenario itself."""
    with pytest.raises(DocumentError) as caught:
        scripts(
            tmp_path,
            "scenario: x\nstep: []\n",
            suite_yaml="tag: x",
            fragments__a_yaml="fragment: ''\nsteps: [open]",
            fragments__b_yaml="- no",
            catalogues__c_yaml="greeting: hello",
        )
    assert [(one.path.name, one.line, one.column) for one in caught.value.problems] == [
        ("c.yaml", 1, 11),
        ("a.yaml", 1, 11),
        ("b.yaml", 1, 1),
        ("one.scenario.yaml", 2, 1),
        ("suite.yaml", 1, 1),
    ]


def test_a_mistake_in_the_head_does_not_hide_the_steps(tmp_path: Path) -> None:
    """They are there to be checked, unless what they refer to may be missing."""
    path = tmp_path / "one.scenario.yaml"
    for text, are_there in (
        (f"scenario: x\nseverity: high\n{STEPS}", True),
        (f"titel: x\n{STEPS}", True),
        (f"scenario: x\nvars: [a]\n{STEPS}", False),
        (f"scenario: x\nrow: [a]\n{STEPS}", False),
        ("scenario: x\nsteps: open\n", False),
    ):
        path.write_text(text)
        found, problems = Library(tmp_path).look_at(path)
        assert (bool(found), bool(problems)) == (are_there, True), text
