"""what archived entries are found by; short-lived addresses of copies."""
from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from storage.models.base import Json
from storage.search_keys import person_keys, record_keys

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

_CHUNK = 2000               # entries read and written at a time
_RECORD = ('kind', 'year', 'number', 'book', 'book_year', 'unit_code', 'unit_list', 'office_key')
_PERSON = ('role', 'corrected', 'kind', 'name_key', 'given_key', 'birth_date', 'birth_year', 'mother_key', 'personal_number',
           'paper_number')


def upgrade() -> None:
    op.create_table('record_key',
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('year', sa.Integer(), nullable=True),
    sa.Column('number', sa.String(length=32), nullable=True),
    sa.Column('book', sa.BigInteger(), nullable=True),
    sa.Column('book_year', sa.String(length=32), nullable=True),
    sa.Column('unit_code', sa.String(length=8), nullable=True),
    sa.Column('unit_list', sa.String(length=1), nullable=True),
    sa.Column('office_key', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('entry_id')
    )
    op.create_table('person_key',
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('corrected', sa.Boolean(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('name_key', sa.String(length=120), nullable=False),
    sa.Column('given_key', sa.String(length=24), nullable=False),
    sa.Column('birth_date', sa.String(length=24), nullable=True),
    sa.Column('birth_year', sa.Integer(), nullable=True),
    sa.Column('mother_key', sa.String(length=120), nullable=True),
    sa.Column('personal_number', sa.String(length=20), nullable=True),
    sa.Column('paper_number', sa.String(length=20), nullable=True),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('entry_id', 'role', 'corrected')
    )
    op.create_table('copy_link',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('client_id', sa.String(length=80), nullable=False),
    sa.Column('package_id', sa.String(length=64), nullable=False),
    sa.Column('pdf_key', sa.String(length=300), nullable=False),
    sa.Column('dossier', sa.String(length=80), nullable=False),
    sa.Column('service', sa.String(length=80), nullable=False),
    sa.Column('officer', sa.String(length=80), nullable=False),
    sa.Column('purpose', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('uses_left', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['api_client.id'], ),
    sa.ForeignKeyConstraint(['package_id'], ['archive_package.id'], ),
    sa.ForeignKeyConstraint(['pdf_key'], ['stored_object.key'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_copy_link_expires_at', 'copy_link', ['expires_at'], unique=False)
    _fill()
    op.create_index('ix_record_key_number', 'record_key', ['kind', 'year', 'number'], unique=False)
    op.create_index('ix_person_key_name', 'person_key', ['name_key', 'birth_year'], unique=False)
    op.create_index('ix_person_key_given', 'person_key', ['given_key', 'birth_year'], unique=False)
    op.create_index('ix_person_key_born', 'person_key', ['birth_date'], unique=False)
    for name in ('personal_number', 'paper_number'):
        there = sa.text(f'{name} is not null')
        op.create_index(f'ix_person_key_{name}', 'person_key', [name], unique=False, postgresql_where=there, sqlite_where=there)


def _fill() -> None:
    """The keys of what is archived already, some thousand entries at a time."""
    connection = op.get_bind()
    entry = sa.table('entry', *map(sa.column, ('id', 'kind', 'number', 'year', 'status', 'page_id')))
    page = sa.table('page', sa.column('id'), sa.column('batch_id'))
    batch = sa.table('batch', *map(sa.column, ('id', 'book_number', 'registry_office', 'commune_code')))
    field = sa.table('field', *map(sa.column, ('entry_id', 'code', 'value')))
    correction = sa.table('archive_correction', sa.column('entry_id'), sa.column('version'), sa.column('fields', Json))
    record_key = sa.table('record_key', sa.column('entry_id'), *map(sa.column, _RECORD))
    person_key = sa.table('person_key', sa.column('entry_id'), *map(sa.column, _PERSON))
    books = sa.select(entry.c.id, entry.c.kind, entry.c.number, entry.c.year, batch.c.book_number, batch.c.registry_office,
                      batch.c.commune_code).join(page, page.c.id == entry.c.page_id).join(batch, batch.c.id == page.c.batch_id)
    last = -1
    while rows := connection.execute(books.where(entry.c.status == 'archived', entry.c.id > last)
                                     .order_by(entry.c.id).limit(_CHUNK)).all():
        last, ids = rows[-1].id, [r.id for r in rows]
        written: dict[int, dict[str, str]] = defaultdict(dict)
        corrected: dict[int, dict[str, str]] = defaultdict(dict)
        for entry_id, code, value in connection.execute(sa.select(field.c.entry_id, field.c.code, field.c.value)
                                                        .where(field.c.entry_id.in_(ids))):
            written[entry_id][code] = value
        for entry_id, changes in connection.execute(sa.select(correction.c.entry_id, correction.c.fields)
                                                    .where(correction.c.entry_id.in_(ids)).order_by(correction.c.version)):
            corrected[entry_id] |= {code: str(change['after']) for code, change in changes.items()}
        records, people = [], []
        for r in rows:
            keys = record_keys(r.kind, r.number, r.year, r.book_number, r.registry_office, r.commune_code)
            records.append({'entry_id': r.id, **{name: keys[name] for name in _RECORD}})
            people += [{'entry_id': r.id, **{name: p[name] for name in _PERSON}}
                       for p in person_keys(r.kind, written[r.id], corrected[r.id])]
        connection.execute(record_key.insert(), records)
        if people:
            connection.execute(person_key.insert(), people)


def downgrade() -> None:
    for table in ('copy_link', 'person_key', 'record_key'):
        op.drop_table(table)
