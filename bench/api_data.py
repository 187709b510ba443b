"""A hub's database with a million archived records, made in SQL in minutes, and some thousands of signed-copy-like objects that their rows
point to. Nobody in it exists."""
from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import sqlalchemy as sa

from bench.portal_data import A_BOOK, COMMUNES, GIVEN, NAME
from bench.postgres import Log, load, settle
from matching.vocabulary import ear_key
from records.places import default_gazetteer
from records.text import fold
from storage.clients import add_client
from storage.database import Database
from storage.models import ApiClient, ClientSecret, StoredObject
from storage.objects import ObjectStore

CLIENTS = 60                # the one-stop systems that ask; each stays under the API's limit a client
_TABLES = ("entry", "field", "link", "event", "page", "archive_package", "record_key", "person_key")
_KIND = "case when book % 20 < 13 then 'KS' else 'KT' end"
_BORN = "to_char(date '1950-01-01' + (n * 7919 % 25000)::integer, 'YYYY-MM-DD')"


def fill(database: Database, store: ObjectStore, items: int, copies: int, log: Log) -> dict[str, str]:
    """`items` archived records with their keys, links, packages and as many lines of the log; `copies` objects of about 100 kB. Returns the
    clients' secrets by id."""
    start = time.perf_counter()
    objects = _put(store, copies)
    log(f"  {copies:,} objects: {time.perf_counter() - start:.0f} s")
    with database.session() as session:
        session.add_all(objects)
    load(database, _TABLES, ["set local session_replication_role = replica", NAME], _statements(items, [o.key for o in objects]), log)
    settle(database, log)
    return _clients(database)


def record_id(n: int) -> str:
    """The id of record n's package, as the SQL below makes it."""
    return f"00000000-0000-4000-8000-{n:012d}"


def _clients(database: Database) -> dict[str, str]:
    """One secret for all, hashed once: argon2 takes its time."""
    with database.session() as session:
        secret = add_client(session, "motcua.0", ["KS:read", "KS:copy", "KT:read", "KT:copy"], agency_code="H21.129")
        first, hashed = session.get_one(ApiClient, "motcua.0"), session.scalars(sa.select(ClientSecret.secret_hash)).one()
        session.add_all(ApiClient(id=f"motcua.{n}", scopes=first.scopes, agency_code="H21.129") for n in range(1, CLIENTS))
        session.flush()
        session.add_all(ClientSecret(client_id=f"motcua.{n}", secret_hash=hashed) for n in range(1, CLIENTS))
    return {f"motcua.{n}": secret for n in range(CLIENTS)}


def _put(store: ObjectStore, copies: int) -> list[StoredObject]:
    def one(n: int) -> StoredObject:
        data = b"%PDF-1.7\n" + secrets.token_bytes(90_000 + n * 7 % 20_000)
        key = f"bench/{n:06d}.pdf"
        version = store.put("archive", key, data, "application/pdf")
        return StoredObject(key=key, bucket="archive", sha256=hashlib.sha256(data).hexdigest(), size=len(data),
                            media_type="application/pdf", state="stored", version_id=version)

    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        return list(pool.map(one, range(copies)))


def _statements(items: int, keys: Sequence[str]) -> list[tuple[str, str]]:
    """(what, SQL) in order; keys and triggers are off, so the columns that triggers keep are written here."""
    units = [u.code for u in default_gazetteer().communes_on(date(2017, 6, 30)) if u.province_code == "51"][:COMMUNES]
    books = -(-items // A_BOOK)
    communes = "array[" + ",".join(f"'{code}'" for code in units) + "]"
    ears = "(array[" + ",".join(f"'{ear_key(fold(g))}'" for g in GIVEN) + "])[1 + ({n} / 70) % 13]"
    copy = f"'bench/' || lpad((n % {len(keys)})::text, 6, '0') || '.pdf'"
    number = "'051' || lpad(n::text, 9, '0')"
    role = "case e.kind when 'KS' then 'nks' else 'nkt' end"
    return [
        ("books", f"""insert into batch (id, folder, content_hash, kind, form, year, book_number, registry_office, commune_code, declared,
          created_at, created_by) select kind || '.2017.' || book, '', md5(book::text), kind, kind || '2016', 2017,
          lpad((1 + book / {len(units)})::text, 2, '0') || '/2017', null, ({communes})[1 + book % {len(units)}], '{{}}', now(), 'bench'
          from (select book, {_KIND} as kind from generate_series(0, {books - 1}) book) b"""),
        ("pages", f"""insert into page (id, batch_id, file, frame, sha256, size, state, width, height, rotation, updated_at)
          select n, {_KIND} || '.2017.' || book, 'trang.' || (n % {A_BOOK}) || '.jpg', 0, md5(n::text), 1, 'read', 1654, 2339, 0, now()
          from (select n, (n - 1) / {A_BOOK} as book from generate_series(1, {items}) n) p"""),
        ("entries", f"""insert into entry (id, page_id, row, kind, form, status, risk, reasons, number, year, revision, archive_id,
          batch_id, commune_code, set_aside, reason_bits)
          select n, n, 1, b.kind, b.form, 'archived', 0, '[]', (1 + (n - 1) % {A_BOOK})::text,
          2017, 1, '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), b.id, b.commune_code, false, 0
          from (select p.id as n, p.batch_id from page p) x join batch b on b.id = x.batch_id"""),
        ("fields", f"""insert into field (entry_id, code, value, raw, confidence, source, evidence)
          select e.id, v.code, v.value, v.value, 0.97, 'reviewer', '[]' from (select id, id as n, kind from entry) e cross join lateral
          (values ({role} || 'HoTen', pg_temp.name(n)), ({role} || 'NgaySinh', {_BORN}),
            (case e.kind when 'KS' then 'nksSoDinhDanh' else 'nktSoGiayToTuyThan' end, {number}),
            (case e.kind when 'KS' then 'meHoTen' else 'nycHoTen' end, pg_temp.name(n + 3)), ('so', (1 + (n - 1) % {A_BOOK})::text))
          as v (code, value)"""),
        ("links", f"""insert into link (entry_id, role, personal_id, probability, decision, candidates, linker_probability,
          joint_probability, reasons, excluded, blind) select id, {role}, {number}, 0.9999, 'accept', '[]', 0.9999, 0.9999, '[]', '[]',
          false from (select id, id as n, kind from entry) e"""),
        ("packages", f"""insert into archive_package (id, subject, version, manifest_key, pdf_key, original_key, created_at)
          select archive_id, 'entry:' || n, 1, {copy}, {copy}, {copy}, now() from (select archive_id, id as n from entry) e"""),
        ("keys of records", """insert into record_key (entry_id, kind, year, number, book, book_year, unit_code, unit_list, office_key)
          select e.id, e.kind, e.year, e.number, split_part(b.book_number, '/', 1)::bigint, split_part(b.book_number, '/', 2),
          b.commune_code, 'C', '' from entry e join batch b on b.id = e.batch_id"""),
        ("keys of people", f"""insert into person_key (entry_id, role, corrected, kind, name_key, given_key, birth_date, birth_year,
          mother_key, personal_number, paper_number) select e.id, {role}, false, e.kind, lower(pg_temp.name(n)),
          {ears.format(n="n")}, {_BORN}, substr({_BORN}, 1, 4)::integer, case e.kind when 'KS' then lower(pg_temp.name(n + 3)) end,
          case e.kind when 'KS' then {number} end, case e.kind when 'KT' then {number} end from (select id, id as n, kind from entry) e
          union all select e.id, case e.kind when 'KS' then 'me' else 'nyc' end, false, e.kind, lower(pg_temp.name(n + 3)),
          {ears.format(n="(n + 3)")}, null, null, case e.kind when 'KS' then lower(pg_temp.name(n + 3)) end, null, null
          from (select id, id as n, kind from entry) e"""),
        ("events", f"""insert into event (seq, at, actor, action, subject, detail, prev_hash, hash)
          select n, now() - ({items} - n) * interval '1 second', 'client:motcua.' || n % {CLIENTS}, 'record.search', 'records',
          jsonb_build_object('count', 1, 'decision', 'allowed'), md5((n - 1)::text), md5(n::text) from generate_series(1, {items}) n"""),
    ]
