"""`harness schema`: the JSON Schemas of scenario files, written or compared."""

import json
from pathlib import Path

import click

from harness.scenarios.schema import SCHEMAS


def keep_schemas(folder: Path, *, check: bool) -> int:
    """Write the schemas, or say which of them are out of date.

    Args:
        folder: Where they are kept.
        check: Whether to write nothing.

    Returns:
        1 if one is out of date, else 0.
    """
    stale = [path for path, text in texts(folder).items() if not path.is_file() or path.read_text("utf-8") != text]
    if check:
        for path in stale:
            click.echo(f"{path}: out of date; run harness schema", err=True)
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts(folder).items():
        path.write_text(text, encoding="utf-8")
        click.echo(path)
    return 0


def texts(folder: Path) -> dict[Path, str]:
    """What each schema file should say."""
    return {
        folder / f"{kind}.schema.json": json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        for kind, make in SCHEMAS.items()
    }
