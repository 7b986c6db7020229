"""The tables of the store; docs/store.md shows them, migrations/ makes them.

Times of day are seconds since 1970, durations milliseconds where the name ends so. Every metric of a turn is a column
by its own name, so a new one takes a migration. Not here: what is written to them (store.py, nightly/), values that are
read (values.py).
"""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from harness.metrics.names import TURN as TURN_METRICS

REVISIONS = ("0001", "0002", "0003")
"""Every revision that the tables have had, the last one being today's."""

VERSION = "harness_version"
"""The table in which Alembic keeps the revision; its usual name could be somebody else's in a shared database."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _of(column: str, *, key: bool = False, doc: str = "") -> Column[int]:
    """A column that names a row of another table, with which it goes."""
    return Column(
        column.replace(".", "_"), ForeignKey(column, ondelete="CASCADE"), primary_key=key, nullable=False, doc=doc
    )


RUN = Table(
    "run",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number"),
    Column("kind", Text, nullable=False, doc="`run`, `night`, or `again`: suspects of a night once more"),
    Column("started_at", Double, nullable=False, doc="when it began"),
    Column("ended_at", Double, doc="when it ended; empty while it runs, and for ever if it was killed"),
    Column("exit_code", Integer, doc="pytest's exit code"),
    Column("target", Text, nullable=False, doc="name of the service under test"),
    Column("version", Text, nullable=False, doc="what was under test there, as `--target-version` said"),
    Column("environment", Text, nullable=False, doc="machine and Python: runs of one environment can be compared"),
    Column("harness", Text, nullable=False, doc="version of the harness"),
    Column("note", Text, nullable=False, doc="what went wrong with keeping it; empty if nothing"),
    Index(None, "target", "started_at"),
)

SCENARIO = Table(
    "scenario",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number"),
    Column("key", Text, nullable=False, unique=True, doc="pytest's id of the scenario, without its repetition"),
)

RESULT = Table(
    "result",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number"),
    _of("run.id", doc="in which run"),
    _of("scenario.id", doc="of which scenario"),
    Column("repetition", Integer, nullable=False, doc="which of several; 0 if it is the only one"),
    Column("status", Text, nullable=False, doc="`passed`, `failed`, `broken`"),
    Column("excused", Boolean, nullable=False, doc="whether its failure does not count: quarantine, xfail"),
    Column("attempt", Integer, nullable=False, doc="which attempt this is, from 1"),
    Column("started_at", Double, nullable=False, doc="when it began"),
    Column("lasted_ms", Double, nullable=False, doc="how long it took"),
    Column("why", Text, nullable=False, doc="what did not hold, in a line; of a flaky one, at first"),
    Index(None, "run_id", "scenario_id"),
)

CONVERSATION = Table(
    "conversation",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number"),
    _of("result.id", doc="of which result"),
    Column("name", Text, nullable=False, doc="what it is called where there are several"),
    Column("conversation", Text, nullable=False, doc="its id at the service"),
    Column("deployment", Text, nullable=False, doc="API name of the deployment"),
    Column("locale", Text, nullable=False, doc="of the customer"),
    Column("opened_at", Double, nullable=False, doc="when it was opened"),
    Column("status", Text, nullable=False, doc="`passed`, `failed`, `broken`"),
    Column("violations", Integer, nullable=False, doc="rules of the channel that were broken"),
    Column("unclaimed", Integer, nullable=False, doc="messages that no expectation took"),
    Column("recording", Text, nullable=False, doc="its recording, as the run was told where; empty if there is none"),
    Index(None, "result_id"),
)

TURN = Table(
    "turn",
    METADATA,
    _of("conversation.id", key=True, doc="of which conversation"),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="which turn; the opening is 0"),
    Column("words", Text, nullable=False, doc="what the user said, as the reports show it"),
    Column("is_opening", Boolean, nullable=False, doc="whether it is the opening"),
    Column("ending", Text, nullable=False, doc="`answered`, `censored`, `overtaken`, `refused`"),
    Column("waited_ms", Double, nullable=False, doc="for how long an answer was waited for"),
    Column("down_ms", Double, nullable=False, doc="of that, without an event stream"),
    *(Column(name, Double, doc=metric.meaning) for name, metric in TURN_METRICS.items()),
    Column("gaps", LargeBinary, nullable=False, doc="every gap between chunks: 0.1 ms, 32 bits each, packed by zlib"),
)

CHANNEL = Table(
    "channel",
    METADATA,
    _of("conversation.id", key=True, doc="of which conversation"),
    Column("metric", Text, primary_key=True, doc="name of a metric of the channel"),
    Column("place", Integer, primary_key=True, autoincrement=False, doc="which of several, from 0"),
    Column("value", Double, doc="in the metric's unit; empty for what did not come to it"),
)

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number"),
    Column("target", Text, nullable=False, doc="name of the service under test"),
    _of("scenario.id", doc="of which scenario"),
    Column("locale", Text, nullable=False, doc="of the customers"),
    Column("metric", Text, nullable=False, doc="name of a metric"),
    UniqueConstraint("target", "scenario_id", "locale", "metric"),
)

POINT = Table(
    "point",
    METADATA,
    _of("series.id", key=True, doc="of which series"),
    _of("run.id", key=True, doc="in which run"),
    Column("n", Integer, nullable=False, doc="turns it says something about; of the channel, how often it happened"),
    Column("censored", Integer, nullable=False, doc="how many of them were never answered"),
    Column("left_out", Integer, nullable=False, doc="turns of which nobody can know"),
    Column("middle", Double, nullable=False, doc="mean of the middle half: what is compared from night to night"),
    Column("p50", Double, nullable=False, doc="median; infinite where that many were never answered"),
    Column("p90", Double, nullable=False, doc="what nine of ten are at least as good as"),
    Index(None, "run_id"),
    sqlite_with_rowid=False,
)

BASELINE = Table(
    "baseline",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number"),
    Column("target", Text, nullable=False, doc="name of the service under test"),
    Column("environment", Text, nullable=False, doc="machine and Python of its nights"),
    Column("pinned_at", Double, nullable=False, doc="when somebody pinned it"),
    Column("pinned_by", Text, nullable=False, doc="who"),
    Column("reason", Text, nullable=False, doc="why; empty if nothing was said"),
    Column("unpinned_at", Double, doc="when it was taken away, or another one took its place; empty while it counts"),
    Index(None, "target"),
)

BASELINE_RUN = Table(
    "baseline_run",
    METADATA,
    _of("baseline.id", key=True, doc="of which baseline"),
    _of("run.id", key=True, doc="one of its nights"),
    Index(None, "run_id"),
)

JUDGEMENT = Table(
    "judgement",
    METADATA,
    _of("run.id", key=True, doc="the night"),
    Column(
        "baseline_id", ForeignKey("baseline.id", ondelete="SET NULL"), doc="what it was compared with; may be empty"
    ),
    Column("again_id", ForeignKey("run.id", ondelete="SET NULL"), doc="the run of its suspects; may be empty"),
    Column("shared", Double, nullable=False, doc="by which share all series changed together"),
    Column("note", Text, nullable=False, doc="what kept it from being compared, a sentence a line"),
)

VERDICT = Table(
    "verdict",
    METADATA,
    _of("run.id", key=True, doc="the night"),
    _of("series.id", key=True, doc="the series"),
    Column("word", Text, nullable=False, doc="what is said of it; see docs/nightly.md"),
    Column("before", Double, doc="what it used to be; empty where there are no nights"),
    Column("change", Double, doc="by which share it changed, beyond what all did; empty where nothing can be said"),
    Column("p", Double, doc="how likely that is by chance, of this series alone; empty as above"),
    Column("q", Double, doc="share of false ones among what is at least as unlikely; empty as above"),
    Index(None, "series_id"),
)

BUDGET = Table(
    "budget",
    METADATA,
    _of("run.id", key=True, doc="the night"),
    _of("series.id", key=True, doc="the series"),
    Column("at_most", Double, nullable=False, doc="what is still within the budget, in the metric's unit"),
    Column("share", Double, nullable=False, doc="share of turns over it"),
    Column("low", Double, nullable=False, doc="at least, by its interval of 95 %"),
    Column("high", Double, nullable=False, doc="at most"),
    Column("is_over", Boolean, nullable=False, doc="whether that is certainly more than is allowed"),
    Index(None, "series_id"),
)

CHANGE_POINT = Table(
    "change_point",
    METADATA,
    Column("id", Integer, primary_key=True, doc="number, for a ticket"),
    _of("series.id", doc="the series"),
    _of("run.id", doc="the first night that was different, as far as is known"),
    Column("before", Double, nullable=False, doc="mean of the nights before it, without what all series share"),
    Column("after", Double, nullable=False, doc="mean from it on"),
    Column("p", Double, nullable=False, doc="how likely that is by chance"),
    Column("seen_id", ForeignKey("run.id", ondelete="CASCADE"), nullable=False, doc="the night that first showed it"),
    Column(
        "state", Text, nullable=False, doc="`open`, `gone` when later nights took it back, `accepted` by a baseline"
    ),
    Index(None, "series_id"),
)
