"""The numbers as Parquet, for notebooks and DuckDB: the same tables, and every gap of every turn.

Wants pyarrow, which is an extra. Nothing is a formula there, so texts are as they were kept.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.reporting.latency.table import Cell, Table, series_table, turns_table
from harness.reporting.latency.values import Latency

SERIES, TURNS = "series.parquet", "turns.parquet"


def write_parquet(latency: Latency, folder: Path) -> list[Path]:
    """Write both tables into a folder that is there.

    Returns:
        The files.

    Raises:
        HarnessError: pyarrow is not installed.
        OSError: One can't be written.
    """
    try:
        pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise HarnessError("Parquet wants pyarrow: pip install 'conversation-harness[parquet]'") from error
    gaps = [list(turn.gaps) for one in latency.conversations for turn in one.turns]
    made: dict[str, Any] = {
        SERIES: _table(pa, series_table(latency)),
        TURNS: _table(pa, turns_table(latency)).append_column("gaps_ms", pa.array(gaps, pa.list_(pa.float64()))),
    }
    for name, table in made.items():
        parquet.write_table(table, folder / name, compression="zstd")
    return [folder / name for name in made]


def _table(pa: Any, table: Table) -> Any:
    types: Mapping[type, Any] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in table.columns.items()])
    rows: list[dict[str, Cell]] = [{name: row.get(name) for name in table.columns} for row in table.rows]
    return pa.Table.from_pylist(rows, schema=schema)
