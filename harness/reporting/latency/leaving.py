"""Writing all that is shown of a run: the page, the tables, what is said of it for pull requests, chat and CI."""

from pathlib import Path

from harness.reporting.latency import allure
from harness.reporting.latency.junit import junit
from harness.reporting.latency.markdown import markdown
from harness.reporting.latency.page import page
from harness.reporting.latency.table import csv_of, series_table, turns_table
from harness.reporting.latency.values import Latency

NAME = "index.html"
"""The page."""
FILES = (NAME, "series.csv", "turns.csv", "summary.md", "junit.xml")


def leave(latency: Latency, folder: Path, *, results: Path | None = None) -> Path:
    """Write everything into a folder, which is made if need be.

    Args:
        latency: What is shown.
        folder: Where to.
        results: A folder of Allure's results that gets the page and the metrics as well.

    Returns:
        The page.

    Raises:
        OSError: Something can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    html = page(latency)
    tables = [csv_of(series_table(latency)), csv_of(turns_table(latency))]
    for name, text in zip(FILES, (html, *tables, markdown(latency), junit(latency)), strict=True):
        (folder / name).write_bytes(text.encode("utf-8"))
    if results is not None and results.is_dir():
        allure.put(latency, html, results)
    return folder / NAME
