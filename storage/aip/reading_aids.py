"""What a person reads who has nothing but a file browser: README.txt and index.html. No scripts, nothing from elsewhere."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from storage.aip.description import Description, folder_name, local_time

if TYPE_CHECKING:
    from storage.aip.build import Content

_STYLE = ("body{font:16px/1.5 'Times New Roman',serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c}h1{font-size:1.5rem}"
          "table{border-collapse:collapse;width:100%}td,th{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top}"
          "th{background:#f2efe6;font-weight:600;width:38%}.note{color:#555}")


def readme(d: Description, content: Content) -> bytes:
    """README.txt, for Windows' own editor too: with a byte order mark and its line ends."""
    lines = [
        d.title, "=" * len(d.title), "",
        f"Gói lưu trữ số {d.package_id}, phiên bản {d.version}, lập lúc {local_time(d.created)}.",
        f"Mã phông: {d.fonds}. Cơ quan: {d.agency or 'chưa ghi'}.", *_basis(d), "",
        "Mở tệp nào?", "",
        f"  {content.copy.path}", "      bản sao có chữ ký số: ảnh trang sổ, tìm được chữ bên trong",
        *(line for o in content.originals
          for line in (f"  {o.path}", f"      ảnh quét gốc, chưa hề sửa (tên khi quét: {o.original_name})")),
        f"  representations/rep1/data/{d.stem}.json, .xml", "      nội dung bản ghi dưới dạng dữ liệu",
        "  index.html", "      nội dung bản ghi để xem bằng trình duyệt", "",
        "METS.xml kê mọi tệp cùng mã băm SHA-256; metadata/preservation/PREMIS.xml kể mọi việc đã làm, ai làm, lúc nào.",
        "Kiểm tra một tệp: certutil -hashfile TỆP SHA256 (Windows) hoặc sha256sum TỆP, rồi so với METS.xml.",
        "Không sửa gói này. Cải chính, thay đổi, bổ sung lập thành phiên bản mới, gói cũ giữ nguyên.", "",
        "English: an archival package (E-ARK CSIP AIP) of one register entry. Open the PDF above; METS.xml lists every file with SHA-256.",
    ]
    return _text(lines)


def index(d: Description, content: Content) -> bytes:
    """index.html: the fields as written, who confirmed them, the files."""
    rows = []
    order = {code: n for n, code in enumerate(content.labels)}         # as the form prints them
    fields = content.record.get("fields") or {}
    for code, value in sorted(fields.items(), key=lambda f: order.get(f[0], len(order))):
        text = value.get("value", "") if isinstance(value, Mapping) else value
        rows.append(_row(content.labels.get(code, code), content.read(code, str(text))))
    verified = content.record.get("verified") or {}
    facts = [_row("Phiên bản", str(d.version)), _row("Gói thay thế", d.previous or ""), _row("Lập lúc", local_time(d.created)),
             _row("Mã phông", d.fonds), _row("Cơ quan", d.agency), _row("Người xác nhận", str(verified.get("by") or "")),
             _row("Xác nhận lúc", str(verified.get("at") or ""))]
    changes = "".join(
        f"<h2>{escape(c['title'])}, phiên bản {c['version']}</h2>"
        f"<p>Số {escape(c['number'])}, ngày {escape(c['date'])}, {escape(c['agency'])}</p>"
        "<table><tr><th>Mục</th><td>Trước</td><td>Sau</td></tr>"
        + "".join(f"<tr><th>{escape(content.labels.get(code, code))}</th><td>{escape(content.read(code, x['before']))}</td>"
                  f"<td>{escape(content.read(code, x['after']))}</td></tr>"
                  for code, x in c["fields"].items()) + "</table>" for c in content.record.get("corrections") or ())
    files = "".join(f'<li><a href="{quote(f.path)}">{escape(name)}</a></li>' for name, f in [
        ("Bản sao PDF có chữ ký số", content.copy), *((f"Ảnh quét gốc ({o.original_name})", o) for o in content.originals)])
    return _page(d.title, f"<ul>{files}</ul>{changes}<h2>Nội dung ghi trong sổ</h2><table>{''.join(rows)}</table>"
                          f"<h2>Về gói này</h2><table>{''.join(f for f in facts if f)}</table>")


def book_readme(d: Description, entries: int) -> bytes:
    lines = [d.title, "=" * len(d.title), "",
             f"Gói khép quyển, phiên bản {d.version}, lập lúc {local_time(d.created)}: {entries} gói bản ghi.",
             f"Mã phông: {d.fonds}. Cơ quan: {d.agency or 'chưa ghi'}.", "",
             "index.html và representations/rep1/data/danh-muc.json kê các gói bản ghi của quyển;",
             "mỗi gói là một thư mục bên cạnh thư mục này.",
             "Gói bản ghi không thay đổi khi quyển khép; có cải chính thì lập gói khép quyển phiên bản mới.", "",
             "English: the closing package of a register book; it lists the packages of its entries, folders beside this one."]
    return _text(lines)


def book_index(d: Description, entries: Sequence[Mapping[str, Any]]) -> bytes:
    rows = "".join(f'<tr><td><a href="../{quote(folder_name(str(e["objid"])))}/index.html">{escape(str(e["title"]))}</a></td>'
                   f'<td>{escape(str(e["version"]))}</td></tr>' for e in entries)
    return _page(d.title, f"<p>{len(entries)} bản ghi.</p><table><tr><th>Bản ghi</th><td>Phiên bản</td></tr>{rows}</table>")


def _basis(d: Description) -> list[str]:
    b = d.basis
    return [] if b is None else [f"Thay cho gói {d.previous}: {b.title}, số {b.number} ngày {b.date}, {b.agency}."]


def _row(name: str, value: str) -> str:
    return f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" if value else ""


def _page(title: str, body: str) -> bytes:
    return (f'<!doctype html>\n<html lang="vi"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style></head>'
            f"<body><h1>{escape(title)}</h1>{body}</body></html>\n").encode()


def _text(lines: Sequence[str]) -> bytes:
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()
