"""What stands for environment variables, and where it is looked for."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.documents import DocumentError
from harness.environment import environment, read_env


def env(folder: Path, text: str) -> Path:
    """A file of variables."""
    path = folder / ".env"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param("NAME=value", "value", id="a value"),
        pytest.param("export NAME=value", "value", id="as a shell has it"),
        pytest.param("  NAME = value  ", "value", id="spaces around it are no part of it"),
        pytest.param("NAME=a value # and why", "a value", id="a comment behind it"),
        pytest.param("NAME=a#b", "a#b", id="a # within a word is no comment"),
        pytest.param("NAME='a # b'  # and why", "a # b", id="single quotation marks"),
        pytest.param('NAME=" a "', " a ", id="double quotation marks keep spaces"),
        pytest.param("NAME=a=b", "a=b", id="an equals sign"),
        pytest.param(r'NAME="$HOME\n"', r"$HOME\n", id="nothing is replaced"),
        pytest.param("NAME=", "", id="nothing"),
        pytest.param("# a comment\n\nNAME=value\n", "value", id="comments and blank lines"),
        pytest.param("\ufeffNAME=value\r\n", "value", id="as Windows saves it"),
    ],
)
def test_a_line_is_a_variable(line: str, value: str, tmp_path: Path) -> None:
    """With its value as it stands."""
    assert read_env(env(tmp_path, line)) == {"NAME": value}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A=1\nhunter2\n", "2:1: wanted NAME=value here; a name has letters, digits and _"),
        ("A B=hunter2", "1:1: wanted NAME=value here; a name has letters, digits and _"),
        ("1A=hunter2", "1:1: wanted NAME=value here; a name has letters, digits and _"),
        ("A: hunter2", "1:1: wanted NAME=value here; a name has letters, digits and _"),
        ("A='hunter2", "1:3: the quotation mark that opens here is not closed at the end of the line"),
        ("A='hunter2' hunter3", "1:3: the quotation mark that opens here is not closed at the end of the line"),
        ("A=hunter2\nB=1\nA=hunter3", "3:1: A stands here twice, first on line 1; keep one of the two"),
    ],
)
def test_a_mistake_is_told_where_it_stands(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence that gives no value away."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DocumentError) as caught:
        read_env(env(tmp_path, text))
    assert str(caught.value) == f".env:{told}"
    assert "hunter" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_no_text_is_a_surprise(text: str, tmp_path: Path) -> None:
    """It is read, or its mistakes are told."""
    path = tmp_path / ".env"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        values = read_env(path)
    except DocumentError:
        return
    assert all(name.isidentifier() for name in values)


@given(values=st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]*", fullmatch=True), st.text('ab $#=\\"')))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_quoted_is_what_is_read(values: dict[str, str], tmp_path: Path) -> None:
    """Whatever is in it."""
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    assert read_env(env(tmp_path, text)) == values


def test_the_process_counts_before_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the file of the folder, then that of the current one; an empty variable is none."""
    here, folder = tmp_path / "here", tmp_path / "folder"
    here.mkdir()
    folder.mkdir()
    env(here, "FIRST=here\nSECOND=here\nTHIRD=here\nEMPTY=here")
    env(folder, "FIRST=folder\nSECOND=folder\nEMPTY=")
    monkeypatch.chdir(here)
    monkeypatch.setenv("FIRST", "process")
    monkeypatch.setenv("EMPTY", "")
    known = environment(folder)
    assert [known.get(name) for name in ("FIRST", "SECOND", "THIRD", "EMPTY", "NONE")] == [
        "process",
        "folder",
        "here",
        "here",
        None,
    ]


def test_what_is_missing_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where."""
    monkeypatch.chdir(tmp_path)
    assert environment(tmp_path / "suites").missing("TOKEN") == (
        "the environment has no TOKEN; set it, or write TOKEN=… into suites/.env, which is not for version control"
    )
