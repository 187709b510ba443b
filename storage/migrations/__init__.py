"""Alembic migrations, run from the program (`Database.upgrade`), never by hand."""
