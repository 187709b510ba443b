"""A hub's database with a million open entries, made in SQL in minutes. Nobody in it exists."""
from __future__ import annotations

from datetime import date

from bench.postgres import Log, load, settle
from records.places import default_gazetteer
from storage import accounts
from storage.database import Database
from storage.queue_counts import add_up
from storage.report_figures import renew

PASSWORD = "cầu-vồng-7-sắc"
COMMUNES, A_BOOK, REVIEWERS = 120, 200, 8
_FIELDS = {     # code -> SQL of the value
    "KS": {"so": "n::text", "quyenSo": "'01/2017'", "ngayDangKy": "day", "nksHoTen": "name(n)", "nksNgaySinh": "day", "nksGioiTinh": "'Nữ'",
           "meHoTen": "name(n + 3)", "meNgaySinh": "'1985'", "meNoiCuTru": "'Xã Nghĩa Kỳ'", "chaHoTen": "name(n + 5)"},
    "KH": {"so": "n::text", "quyenSo": "'01/2017'", "ngayDangKy": "day", "voHoTen": "name(n)", "voNgaySinh": "'1990'", "voDanToc": "'Kinh'",
           "voNoiCuTru": "'Xã Nghĩa Kỳ'", "chongHoTen": "name(n + 3)", "chongNgaySinh": "'1988'", "chongDanToc": "'Kinh'"},
    "KT": {"so": "n::text", "quyenSo": "'01/2017'", "ngayDangKy": "day", "nktHoTen": "name(n)", "nktNgaySinh": "'1940'",
           "nktGioiTinh": "'Nam'",
           "nktDanToc": "'Kinh'", "nktNgayChet": "day", "nktNoiChet": "'Tại nhà'", "nycHoTen": "name(n + 3)"},
}
GIVEN = ("An", "Bình", "Chi", "Dung", "Hoa", "Loan", "Mận", "Nam", "Phúc", "Quang", "Sơn", "Thảo", "Yến")
_KIND = "case when book % 20 < 13 then 'KS' when book % 20 < 17 then 'KH' else 'KT' end"
_ROLE = "case e.kind when 'KS' then 'me' when 'KH' then 'vo' else 'nkt' end"
NAME = f"""create or replace function pg_temp.name(n bigint) returns text language sql immutable as $$
select (array['Nguyễn','Trần','Lê','Phạm','Hoàng','Phan','Vũ','Đặng','Bùi','Đỗ'])[1 + n % 10] || ' ' ||
 (array['Văn','Thị','Hữu','Đức','Minh','Ngọc','Thanh'])[1 + (n / 10) % 7] || ' ' ||
 (array[{",".join(f"'{g}'" for g in GIVEN)}])[1 + (n / 70) % 13] $$"""


def fill(database: Database, items: int, log: Log) -> None:
    """`items` open entries in books of 200, ten fields each, a link that waits for two in five; as many events; a fifth as many people."""
    books = max(1, items // A_BOOK)
    load(database, ("entry", "field", "link", "event", "person", "page"), [NAME], _statements(items, books), log)
    with database.session() as session:
        for n in range(1, REVIEWERS + 1):
            accounts.add_user(session, f"tp.{n}", PASSWORD, "reviewer")
        accounts.add_user(session, "qt.1", PASSWORD, "administrator")
    add_up(database)
    log(f"  figures of the night: {renew(database).seconds:.0f} s")
    settle(database, log)


def _statements(items: int, books: int) -> list[tuple[str, str]]:
    """(what, SQL) in order. Entries go through the queue's triggers; tables without triggers of their own go in with keys unchecked."""
    units = [u.code for u in default_gazetteer().communes_on(date(2025, 1, 1)) if u.province_code == "51"][:COMMUNES]
    communes = "array[" + ",".join(f"'{code}'" for code in units) + "]"
    values = " union all ".join(f"select '{kind}' as kind, '{code}' as code, {n} as at" for kind, codes in _FIELDS.items()
                                for n, code in enumerate(codes))
    text = "case " + " ".join(f"when v.kind = '{kind}' and v.at = {n} then {sql}" for kind, codes in _FIELDS.items()
                              for n, sql in enumerate(codes.values())) + " end"
    text = text.replace("name(", "pg_temp.name(").replace("day", "to_char(date '2017-01-01' + (n % 365)::integer, 'YYYY-MM-DD')")
    people = max(100, items // 5)
    return [
        ("books", f"""insert into batch (id, folder, content_hash, kind, form, year, book_number, registry_office, commune_code, declared,
          created_at, created_by) select kind || '.2017.' || book, '', md5(book::text), kind, kind || '2016', 2017, '01/2017', 'UBND xã',
          ({communes})[1 + book % {len(units)}], '{{}}', now() - (book % 90) * interval '1 day', 'bench'
          from (select book, {_KIND} as kind from generate_series(0, {books - 1}) book) b"""),
        ("pages", f"""insert into page (id, batch_id, file, frame, sha256, size, state, width, height, rotation, quality, updated_at)
          select n, {_KIND} || '.2017.' || book, 'trang.' || lpad((n % {A_BOOK})::text, 3, '0') || '.jpg', 0, md5(n::text), 1, 'read', 1654,
          2339, 0, '{{"verdict": "good", "reasons": []}}', now() from (select n, (n - 1) / {A_BOOK} as book
          from generate_series(1, {items}) n) p where book < {books}"""),
        ("people", f"""with s as (insert into population_snapshot (source, sha256, rows, rejected, state, version, came, changed,
          renumbered, went, links_rechecked, links_without_person, created_at) values ('bench', '', {people}, 0, 'current', 1, 0, 0,
          0, 0, 0, 0, now())
          returning id) insert into person (snapshot_id, key, personal_id, name, birth_date, sex, ethnicity, nationality, birth_place,
          home_place, residence, father_name, father_id, mother_name, mother_id, spouse_name, spouse_id, status)
          select s.id, n, '051' || lpad(n::text, 9, '0'), upper(pg_temp.name(n)), (1950 + n % 60)::text || '-03-04', 'Nữ', 'Kinh',
          'Việt Nam', '', 'Quảng Ngãi', 'Xã Nghĩa Kỳ', upper(pg_temp.name(n + 1)), '', upper(pg_temp.name(n + 2)), '', '', '', ''
          from s, generate_series(1, {people}) n"""),
        ("entries, through the triggers", f"""insert into entry (id, page_id, row, kind, form, status, risk, reasons, number, year,
          revision) select n, n, 1, kind, kind || '2016', case when n % 4 = 0 then 'draft' else 'review' end,
          round((random() * 3)::numeric, 4),
          case when n % 4 = 0 then '[]' when n % 200 = 1 then '[["unknown_form"]]' when n % 31 = 1 then '[["poor_image"]]'
              when n % 1000 = 3 then '[["link_changed", "me"]]'
              when n % 5 < 2 then jsonb_build_array(jsonb_build_array('low_confidence', case kind when 'KS' then 'nksHoTen' when 'KH' then
                'voHoTen' else 'nktHoTen' end), jsonb_build_array('link_review',
                case kind when 'KS' then 'me' when 'KH' then 'vo' else 'nkt' end))
              when n % 10 = 7 then '[["finding", "before-event"]]' else '[["low_confidence", "ngayDangKy"]]' end,
          (1 + (n - 1) % {A_BOOK})::text, 2017, 0 from (select p.id as n, b.kind from page p join batch b on b.id = p.batch_id) x"""),
        ("numbers go on", """select setval(pg_get_serial_sequence(t, 'id'), (select max(id) from entry))
          from unnest(array['entry', 'page']) t"""),
        ("from here without keys and triggers", "set local session_replication_role = replica"),
        ("fields", f"""insert into field (entry_id, code, value, raw, confidence, source, box, evidence)
          select e.id, v.code, x.value, x.value, case when v.at = 3 and e.id % 5 < 2 then 0.62 else 0.97 end, 'ocr', '[150, 120, 400, 150]',
          '["lattice"]' from entry e join ({values}) v on v.kind = e.kind cross join lateral (select {text} as value
          from (select e.id as n) d) x"""),
        ("links", f"""insert into link (entry_id, role, personal_id, probability, decision, candidates, linker_probability,
          joint_probability, reasons, excluded, blind, snapshot_id) select e.id, {_ROLE}, '051' || lpad((1 + e.id % {people})::text,
          9, '0'), 0.71, 'review',
          jsonb_build_array({", ".join(f'''jsonb_build_object('personal_id', '051' || lpad((1 + (e.id + {k}) % {people})::text, 9, '0'),
                'probability', {p}, 'linker', {p}, 'evidence', '[["name", "same", 3.0], ["birth", "near", -1.2]]'::jsonb)'''
                                         for k, p in ((0, 0.71), (7, 0.2), (13, 0.04)))}),
          0.71, 0.71, '[]', '[]', false, (select id from population_snapshot) from entry e where e.reasons @> '[["link_review"]]'"""),
        ("findings", """insert into finding (entry_id, rule, severity, fields, message_vi, message_en) select id, 'before-event', 'soft',
          '["ngayDangKy"]', 'Đăng ký trước khi việc xảy ra.', 'Registered before it happened.' from entry
          where reasons @> '[["finding"]]'"""),
        ("events", f"""insert into event (seq, at, actor, action, subject, detail, prev_hash, hash)
          select n, now() - ({items} - n) * interval '1 second', 'tp.' || (1 + n % {REVIEWERS}),
          (array['record.view', 'record.view', 'field.correct', 'link.decide', 'entry.verify'])[1 + n % 5], 'entry:' || (100000000 + n / 5),
          jsonb_build_object('revision', 1, 'change', md5(n::text)), md5((n - 1)::text), md5(n::text)
          from generate_series(1, {items}) n"""),
        ("changes kept", f"""insert into cursor (name, value, updated_at) select 'change:' || n, '{{"before": null, "after": "verified"}}',
          now() from generate_series(1, {items}, 5) n"""),
    ]
