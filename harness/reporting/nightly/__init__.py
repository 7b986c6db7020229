"""What is said of a night: compared with the baseline that a person pinned, held to its budgets, seen in its trend.

Who shows nights needs these, and nothing of the database:

* `values.py`: `NightVerdict` is all that is said of a night, a plain value; `Baseline`, `SeriesVerdict`,
  `BudgetVerdict` and `Trend` are its parts.
* `verdicts.py`: `read(history, run)` is what was said of a night when it was judged, None of any other run;
  `trends(history, target)` every lasting change.
* `baselines.py`: `pinned(history, target, environment)` is the baseline that counts, `baselines(history)` all of them.
* `comparing.py`: `compare_runs(history, one, other)` is what two runs differ by, series by series.
* `..store.history`: `History(where)` opens a store to be read. `history.runs(target=, last=)` are the runs, the oldest
  first; `history.series(target, metrics=, until=, last=)` a `Point` (n, middle, median, p90) a night of every series;
  `history.samples(run)` every single value of a run by series (`Sample`: values, percentiles with intervals, share over
  a limit); `history.conversations(run)` the conversations with their turns, and `turn.gaps` every gap of a turn in
  milliseconds, in the order of its chunks: what a heatmap by token position is made of; `history.slowest(run, metric)`
  the worst turns with their recordings.

Whatever can't be read is a `StoreUnusable` (`..store.place`), whose text is the sentence to show in its place.

Here: judging nights, and keeping what was said. Not here: statistics (metrics/regression.py, metrics/change_points.py),
runs and their measurements (store/), running anything (cli/nightly.py).
"""
