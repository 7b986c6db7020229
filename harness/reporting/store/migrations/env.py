"""How Alembic runs the migrations: on the connection it is handed, in the transaction that is open there."""

from alembic import context

from harness.reporting.store.tables import METADATA, VERSION

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
