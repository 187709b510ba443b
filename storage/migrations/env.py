"""Runs the migrations on the connection that `Database.upgrade` hands over."""
from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from storage.models import Base, UtcDateTime

connection = context.config.attributes["connection"]


def plain_type(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Written migrations name plain column types, not this version's classes: they must mean the same for ever."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        return "JSON"
    if kind == "type" and isinstance(item, sa.BigInteger) and "sqlite" in item._variant_mapping:
        return "KEY"
    return False


context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=False, render_item=plain_type, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
