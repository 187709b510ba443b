"""the links that wait for a person, to be counted without reading the others."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

_WAITING = {"ix_link_undecided": "decided_by is null and decision = 'review'",
            "ix_link_to_check": "decided_by is null and decision = 'accept' and blind"}


def upgrade() -> None:
    for name, where in _WAITING.items():
        op.create_index(name, 'link', ['entry_id'], postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def downgrade() -> None:
    for name in _WAITING:
        op.drop_index(name, table_name='link')
