"""how programs come in: several secrets, signing keys, gateway pairs, quotas; alerts about how somebody asks."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table('api_client_secret',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('client_id', sa.String(length=80), nullable=False),
    sa.Column('secret_hash', sa.Text(), nullable=False),
    sa.Column('made_at', TIME, nullable=False),
    sa.Column('ends_at', TIME, nullable=True),
    sa.ForeignKeyConstraint(['client_id'], ['api_client.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_api_client_secret_client_id'), 'api_client_secret', ['client_id'], unique=False)
    op.execute("insert into api_client_secret (client_id, secret_hash, made_at) select id, secret_hash, created_at from api_client")
    # in place, not as a batch: SQLite would make the table anew, and dropping the old one would take the secrets along
    op.drop_column('api_client', 'secret_hash')
    op.add_column('api_client', sa.Column('quotas', JSON, server_default='{}', nullable=False))
    op.create_table('api_gateway_key',
    sa.Column('access_key', sa.String(length=120), nullable=False),
    sa.Column('client_id', sa.String(length=80), nullable=False),
    sa.Column('secret_digest', sa.String(length=64), nullable=False),
    sa.Column('app_name', sa.String(length=120), nullable=False),
    sa.Column('partner_code', sa.String(length=120), nullable=False),
    sa.Column('partner_code_cus', sa.String(length=120), nullable=False),
    sa.Column('made_at', TIME, nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['api_client.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('access_key')
    )
    op.create_index(op.f('ix_api_gateway_key_client_id'), 'api_gateway_key', ['client_id'], unique=False)
    op.create_table('api_token_key',
    sa.Column('kid', sa.String(length=43), nullable=False),
    sa.Column('public', JSON, nullable=False),
    sa.Column('private', sa.Text(), nullable=True),
    sa.Column('made_at', TIME, nullable=False),
    sa.Column('ends_at', TIME, nullable=True),
    sa.PrimaryKeyConstraint('kid')
    )
    op.create_index(op.f('ix_api_token_key_ends_at'), 'api_token_key', ['ends_at'], unique=False)
    op.create_table('api_pace',
    sa.Column('who', sa.String(length=64), nullable=False),
    sa.Column('level_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('who')
    )
    op.create_table('api_client_use',
    sa.Column('client_id', sa.String(length=80), nullable=False),
    sa.Column('measure', sa.String(length=12), nullable=False),
    sa.Column('span', sa.String(length=10), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('client_id', 'measure', 'span')
    )
    op.create_table('watch_state',
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('state', JSON, nullable=False),
    sa.Column('updated_at', TIME, nullable=False),
    sa.PrimaryKeyConstraint('actor')
    )
    op.create_table('access_alert',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('rule', sa.String(length=20), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('first_at', TIME, nullable=False),
    sa.Column('last_at', TIME, nullable=False),
    sa.Column('detail', JSON, nullable=False),
    sa.Column('suspended', sa.Boolean(), nullable=False),
    sa.Column('closed_at', TIME, nullable=True),
    sa.Column('closed_by', sa.String(length=80), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('actor', 'rule', 'day')
    )
    op.create_index('ix_access_alert_closed_at', 'access_alert', ['closed_at'], unique=False)


def downgrade() -> None:
    for table in ('access_alert', 'watch_state', 'api_client_use', 'api_pace', 'api_token_key', 'api_gateway_key'):
        op.drop_table(table)
    op.drop_column('api_client', 'quotas')
    op.add_column('api_client', sa.Column('secret_hash', sa.Text(), server_default='', nullable=False))
    op.execute("update api_client set secret_hash = coalesce((select s.secret_hash from api_client_secret s "
               "where s.client_id = api_client.id and s.ends_at is null), '')")
    op.drop_table('api_client_secret')
