"""The migrations of the store, for Alembic: env.py is how it runs them, versions/ is what they do."""
