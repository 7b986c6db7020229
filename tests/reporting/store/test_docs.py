"""docs/store.md shows the tables as they are."""

from pathlib import Path

from sqlalchemy import Column, Table

from harness.reporting.store.tables import METADATA

PAGE = Path(__file__).parents[3] / "docs" / "store.md"


def told(table: Table) -> str:
    """A table as the page shows it."""
    rows = [f"| `{column.name}` | {_type(column)} | {column.doc} |" for column in table.columns]
    return "\n".join([f"### {table.name}", "", "| column | type | what it is |", "|---|---|---|", *rows]) + "\n"


def _type(column: Column[object]) -> str:
    return str(column.type).lower() + ("?" if column.nullable else "")


def test_every_table_is_shown() -> None:
    """With every column, what it is, and nothing else; a type with a question mark may be empty."""
    page = PAGE.read_text(encoding="utf-8")
    tables = "\n".join(map(told, METADATA.tables.values()))
    assert page.partition("### ")[1] + page.partition("### ")[2] == tables
