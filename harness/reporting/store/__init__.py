"""The history: what every run measured, kept from night to night in SQLite or PostgreSQL.

Here: the tables and their migrations, writing while scenarios are reported, reading for verdicts and reports. Not here:
what is measured (metrics/), what changed from night to night (metrics/regression.py), when to write (plugin/).
"""
