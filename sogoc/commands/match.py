"""sogoc match."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from sogoc.commands.shared import Bars, services
from sogoc.errors import SogocError
from sogoc.language import example, t


def register(app: Any) -> None:
    app.command(
        "match",
        help=t(
            "Đối chiếu bản ghi đã gõ sẵn (CSV) với dữ liệu dân cư; ghi mỗi người một dòng kết quả.",
            "Link entries that were typed (CSV) to the population; one result row a person.",
        ),
        epilog=example("sogoc match ban-ghi.csv ket-qua.csv"),
    )(match)


_REASONS = {    # matching.typed_entries.EntriesUnreadable.code
    "not_utf8": ("tệp không phải UTF-8; lưu lại dạng CSV UTF-8", "it is not UTF-8; save it as CSV UTF-8"),
    "not_gzip": ("tệp nén bị hỏng", "the compressed file is damaged"),
    "no_rows": ("không có dòng nào", "it has no rows"),
    "no_known_columns": ("không thấy cột họ tên nào", "there is no column of a name"),
    "no_entry_column": ("thiếu cột entry hoặc một dòng để trống cột ấy", "the column entry is missing or empty in a row"),
    "entry_twice": ("một giá trị của cột entry có hai lần", "a value of the column entry stands twice"),
}


def match(
    entries: Annotated[
        Path,
        typer.Argument(
            metavar="ENTRIES.csv",
            exists=True,
            dir_okay=False,
            help=t(
                "Bản ghi đã gõ: cột entry và mã trường của Bộ (nksHoTen, nksNgaySinh, meHoTen…; voHoTen…; nktHoTen…).",
                "The typed entries: entry and the Ministry's field codes (nksHoTen, nksNgaySinh, meHoTen…; voHoTen…; nktHoTen…).",
            ),
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.csv",
            help=t("Kết quả: entry,role,personal_id,probability,decision.", "The result: entry,role,personal_id,probability,decision."),
        ),
    ],
) -> None:
    from matching.typed_entries import EntriesUnreadable, link_file
    from storage.link_policy import current_policy
    from storage.population import load_index
    from storage.readings import current_snapshot

    with services() as s, Bars() as bars:
        with s.database.reading() as session:
            snapshot, policy = current_snapshot(session), current_policy(session)
        if snapshot is None:
            raise SogocError(
                "Chưa có dữ liệu dân cư. Chạy `sogoc population import` trước.",
                "There is no population. Run `sogoc population import` first.",
            )
        index = load_index(s.database, s.matching.cache_dir)
        try:
            bar = bars.callback(("Đối chiếu", "Linking"))
            report = link_file(entries, out, index, bar, len(os.sched_getaffinity(0)), policy)
        except EntriesUnreadable as e:
            vi, en = _REASONS[e.code]
            raise SogocError(f"Không đọc được {entries}: {vi} ({e.evidence}).", f"Cannot read {entries}: {en} ({e.evidence}).") from e
    r = report
    vi = f"{r.entries} bản ghi, {r.roles} người: {r.accepted} chắc chắn, {r.review} cần xem, {r.none} không có. Kết quả: {out}"
    en = f"{r.entries} entries, {r.roles} people: {r.accepted} accepted, {r.review} to review, {r.none} none. Written: {out}"
    typer.echo(t(vi, en))
