"""How fast a run was and how smooth, beside the nights before: a page of HTML without script, and the same as data.

* `values.py`: `Latency` is all that is shown of a run, a plain value.
* `gathering.py`: `gather(history, run)` makes it from a store; `recalled.py` from recordings alone.
* `page.py`: the page. `findings.py`: what is said in a sentence, the same words everywhere.
* `table.py`, `parquet.py`: the numbers as CSV and Parquet. `markdown.py`, `junit.py`, `allure.py`: for pull requests
  and chat, for CI, for Allure's metrics and global attachments.
* `leaving.py`: `leave(latency, folder)` writes all of them.

Here: showing. Not here: measuring and comparing (metrics/), keeping and judging nights (store/, nightly/).
"""
