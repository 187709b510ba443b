"""copies whose signature was raised or renewed."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('copy_signature',
    sa.Column('package_id', sa.String(length=64), nullable=False),
    sa.Column('pdf_key', sa.String(length=300), nullable=False),
    sa.Column('level', sa.String(length=5), nullable=False),
    sa.Column('stamp_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('looked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['package_id'], ['archive_package.id'], ),
    sa.ForeignKeyConstraint(['pdf_key'], ['stored_object.key'], ),
    sa.PrimaryKeyConstraint('package_id')
    )
    with op.batch_alter_table('copy_signature', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_copy_signature_level'), ['level'], unique=False)
        batch_op.create_index(batch_op.f('ix_copy_signature_stamp_until'), ['stamp_until'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('copy_signature', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_copy_signature_stamp_until'))
        batch_op.drop_index(batch_op.f('ix_copy_signature_level'))
    op.drop_table('copy_signature')
