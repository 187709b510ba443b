"""people and rights: grants with a scope in place of one role, sessions, passwords of before, second factors."""
from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")     # SQLite auto-increments INTEGER only


def upgrade() -> None:
    op.create_table('sign_in_tries',
    sa.Column('who', sa.String(length=100), nullable=False),
    sa.Column('minute', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('who', 'minute')
    )
    op.create_index('ix_sign_in_tries_minute', 'sign_in_tries', ['minute'], unique=False)
    op.create_table('past_password',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('user_name', sa.String(length=80), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_name'], ['app_user.name'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_past_password_user_name'), 'past_password', ['user_name'], unique=False)
    op.create_table('recovery_code',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('user_name', sa.String(length=80), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_name'], ['app_user.name'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_recovery_code_user_name'), 'recovery_code', ['user_name'], unique=False)
    op.create_table('second_factor',
    sa.Column('user_name', sa.String(length=80), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['user_name'], ['app_user.name'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_name')
    )
    op.create_table('user_grant',
    sa.Column('id', KEY, autoincrement=True, nullable=False),
    sa.Column('user_name', sa.String(length=80), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('communes', JSON, nullable=True),
    sa.Column('kinds', JSON, nullable=True),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['user_name'], ['app_user.name'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_user_grant_user_name'), 'user_grant', ['user_name'], unique=False)
    op.create_table('user_session',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('user_name', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('agent', sa.String(length=200), nullable=False),
    sa.Column('sso', sa.Boolean(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_name'], ['app_user.name'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_user_session_user_name'), 'user_session', ['user_name'], unique=False)
    op.drop_column('app_user', 'session_epoch')        # every session has a row of its own now
    op.add_column('app_user', sa.Column('must_change', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('app_user', sa.Column('password_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('app_user', sa.Column('sso_subject', sa.String(length=64), nullable=True))
    op.create_index(op.f('ix_app_user_sso_subject'), 'app_user', ['sso_subject'], unique=True)
    op.create_index(op.f('ix_event_at'), 'event', ['at'], unique=False)
    _grants_of_the_roles()


def _grants_of_the_roles() -> None:
    """Everybody's role and commune become their first grant; no kind was left out before."""
    user = sa.table('app_user', sa.column('name'), sa.column('role'), sa.column('commune_code'))
    grant = sa.table('user_grant', sa.column('user_name'), sa.column('role'), sa.column('communes', JSON), sa.column('source'),
                     sa.column('created_at', sa.DateTime(timezone=True)), sa.column('created_by'))
    now = datetime.now(UTC)
    for name, role, commune in op.get_bind().execute(sa.select(user.c.name, user.c.role, user.c.commune_code)).all():
        scope = sa.null() if commune is None else [commune]
        op.execute(grant.insert().values(user_name=name, role=role, communes=scope, source='local', created_at=now, created_by='sogoc'))


def downgrade() -> None:
    op.drop_index(op.f('ix_event_at'), table_name='event')
    op.drop_index(op.f('ix_app_user_sso_subject'), table_name='app_user')
    op.drop_column('app_user', 'sso_subject')
    op.drop_column('app_user', 'password_at')
    op.drop_column('app_user', 'must_change')
    op.add_column('app_user', sa.Column('session_epoch', sa.Integer(), nullable=False, server_default='0'))
    op.drop_index(op.f('ix_user_session_user_name'), table_name='user_session')
    op.drop_table('user_session')
    op.drop_index(op.f('ix_user_grant_user_name'), table_name='user_grant')
    op.drop_table('user_grant')
    op.drop_table('second_factor')
    op.drop_index(op.f('ix_recovery_code_user_name'), table_name='recovery_code')
    op.drop_table('recovery_code')
    op.drop_index(op.f('ix_past_password_user_name'), table_name='past_password')
    op.drop_table('past_password')
    op.drop_index('ix_sign_in_tries_minute', table_name='sign_in_tries')
    op.drop_table('sign_in_tries')
