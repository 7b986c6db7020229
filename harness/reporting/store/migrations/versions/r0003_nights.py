"""What kind of run it was, and what was said of nights: baselines, verdicts, budgets, change points.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _reference(table: str, column: str, to: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def upgrade() -> None:
    """Make the tables."""
    op.add_column("run", sa.Column("kind", sa.Text(), nullable=False, server_default="run"))
    op.create_table(
        "baseline",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("pinned_at", sa.Double(), nullable=False),
        sa.Column("pinned_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("unpinned_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline")),
    )
    op.create_index(op.f("ix_baseline_target"), "baseline", ["target"], unique=False)
    op.create_table(
        "baseline_run",
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        _reference("baseline_run", "baseline_id", "baseline"),
        _reference("baseline_run", "run_id", "run"),
        sa.PrimaryKeyConstraint("baseline_id", "run_id", name=op.f("pk_baseline_run")),
    )
    op.create_index(op.f("ix_baseline_run_run_id"), "baseline_run", ["run_id"], unique=False)
    op.create_table(
        "judgement",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=True),
        sa.Column("again_id", sa.Integer(), nullable=True),
        sa.Column("shared", sa.Double(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _reference("judgement", "run_id", "run"),
        _reference("judgement", "baseline_id", "baseline", "SET NULL"),
        _reference("judgement", "again_id", "run", "SET NULL"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_judgement")),
    )
    op.create_table(
        "verdict",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("before", sa.Double(), nullable=True),
        sa.Column("change", sa.Double(), nullable=True),
        sa.Column("p", sa.Double(), nullable=True),
        sa.Column("q", sa.Double(), nullable=True),
        _reference("verdict", "run_id", "run"),
        _reference("verdict", "series_id", "series"),
        sa.PrimaryKeyConstraint("run_id", "series_id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_series_id"), "verdict", ["series_id"], unique=False)
    op.create_table(
        "budget",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("at_most", sa.Double(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        _reference("budget", "run_id", "run"),
        _reference("budget", "series_id", "series"),
        sa.PrimaryKeyConstraint("run_id", "series_id", name=op.f("pk_budget")),
    )
    op.create_index(op.f("ix_budget_series_id"), "budget", ["series_id"], unique=False)
    op.create_table(
        "change_point",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Double(), nullable=False),
        sa.Column("after", sa.Double(), nullable=False),
        sa.Column("p", sa.Double(), nullable=False),
        sa.Column("seen_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _reference("change_point", "series_id", "series"),
        _reference("change_point", "run_id", "run"),
        _reference("change_point", "seen_id", "run"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_point")),
    )
    op.create_index(op.f("ix_change_point_series_id"), "change_point", ["series_id"], unique=False)
