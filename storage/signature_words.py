"""A signature report in plain words, for a person at a counter: Vietnamese and English."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone

from storage.signature_appearance import AGENCY_FIELD, PERSON_FIELD
from storage.signature_facts import Change, OneSignature, SignatureReport

VIETNAM = timezone(timedelta(hours=7))
Words = tuple[str, str]

PROBLEMS: dict[str, Words] = {
    "not_pdf": ("Đây không phải tệp PDF.", "This is not a PDF file."),
    "not_readable": ("Tệp PDF hỏng, không đọc được: hãy lấy lại bản khác.", "The PDF is damaged and cannot be read: get another copy."),
    "encrypted": ("Tệp PDF bị đặt mật khẩu, không kiểm tra được.", "The PDF is locked by a password and cannot be checked."),
    "not_signed": ("Tệp chưa được ký số (hoặc chữ ký đã bị gỡ hết): không chứng minh được gốc của bản này.",
                   "The file is not signed (or its signature was taken off entirely): its origin cannot be proven."),
    "signature_removed": ("Trong tệp có một chữ ký số đã bị gỡ bỏ: đừng dùng bản này.",
                          "A signature in this file was removed: do not use this copy."),
    "signature_damaged": ("Chữ ký số hỏng, không kiểm tra được: đừng dùng bản này.",
                          "The signature is damaged and cannot be checked: do not use this copy."),
    "content_changed": ("Nội dung đã ký bị sửa trong tệp: đừng dùng bản này.",
                        "The signed content itself was altered: do not use this copy."),
    "changed_after_signing": ("Tài liệu đã bị sửa sau khi ký: đừng dùng bản này.",
                              "The document was changed after signing: do not use this copy."),
    "added_after_signing": ("Tệp đã bị thêm dữ liệu sau khi ký: chỉ phần đã ký là đáng tin.",
                            "Something was added after signing: only the signed part can be relied on."),
    "revoked": ("Chứng thư người ký đã bị thu hồi: đừng dùng bản này.", "The signer's certificate is revoked: do not use this copy."),
    "expired": ("Chứng thư người ký đã hết hạn và không có dấu thời gian kèm bằng chứng: không chứng minh được đã ký khi còn hạn.",
                "The signer's certificate has run out, and no time stamp with proofs shows that it was signed before."),
    "not_trusted": ("Chứng thư người ký không dẫn đến cơ quan tin cậy đã khai báo.",
                    "The signer's certificate does not lead to an authority that is trusted here."),
}
_WHOSE: dict[str, Words] = {
    PERSON_FIELD: ("của người có thẩm quyền ký trích lục", "the competent person's, on the extract"),
    AGENCY_FIELD: ("của cơ quan, khi cấp số và ngày", "the agency's, with number and day"),
}
_CHANGES: dict[str, Words] = {
    "page_content": ("nội dung trang {page} bị thay", "the content of page {page} was replaced"),
    "page_marks": ("trang {page} có ghi chú, hình hoặc ô nhập bị thêm hay sửa",
                   "notes, drawings or boxes on page {page} were added or changed"),
    "page_added": ("trang {page} được thêm vào", "page {page} was added"), "page_removed": ("trang {page} bị bỏ",
                   "page {page} was removed"),
    "metadata": ("thông tin mô tả tệp bị sửa", "the description of the file was changed"),
    "attachment": ("tệp đính kèm bị thêm hoặc sửa", "attached files were added or changed"),
    "form": ("ô biểu mẫu bị thêm hoặc sửa", "form fields were added or changed"),
    "structure": ("cấu trúc tệp bị sửa", "the structure of the file was changed"),
}
_LEVELS: dict[str, Words] = {
    "B-B": ("mức B-B: chỉ có chữ ký", "level B-B: the signature alone"),
    "B-T": ("mức B-T: có dấu thời gian", "level B-T: with a time stamp"),
    "B-LT": ("mức B-LT: có dấu thời gian và bằng chứng chứng thư còn hiệu lực",
             "level B-LT: with a time stamp and proof that certificates were good"),
    "B-LTA": ("mức B-LTA: bằng chứng được niêm bằng dấu thời gian để lưu lâu dài",
              "level B-LTA: proofs sealed by a time stamp, for long keeping"),
}


def lines(report: SignatureReport, lang: str = "vi") -> tuple[str, ...]:
    """The verdict first, then each signature: who, when, whole or changed, the certificate."""
    n = 0 if lang == "vi" else 1
    out = [PROBLEMS[code][n] for code in report.problems]
    for number, signature in enumerate(report.signatures, start=1):
        if len(report.signatures) > 1:
            whose = f", {_WHOSE[signature.field][n]}" if signature.field in _WHOSE else ""
            of = len(report.signatures)
            out.append((f"Chữ ký {number} trên {of}{whose}:", f"Signature {number} of {of}{whose}:")[n])
        out += [pair[n] for pair in _of(signature)]
    return tuple(out)


def _of(s: OneSignature) -> list[Words]:
    when = _moment(s.when)
    clock = (f"theo dấu thời gian của {s.time_by}", f"by the time stamp of {s.time_by}") if s.time_by else (
        "theo đồng hồ của người ký", "by the signer's own clock")
    out = [(f"Người ký: {s.signer} ({s.organisation}), lúc {when}, {clock[0]}.",
            f"Signed by {s.signer} ({s.organisation}) at {_iso(s.when)}, {clock[1]}.")]
    out += [(f"Dấu thời gian của cả tài liệu: {name}, lúc {_moment(at)}.", f"Time stamp over the whole document: {name}, at {_iso(at)}.")
            for name, at in s.stamps]
    if s.changes:
        told = [_change(c) for c in s.changes]
        out.append((f"Sau khi ký: {'; '.join(vi for vi, _ in told)}.", f"After signing: {'; '.join(en for _, en in told)}."))
    if s.intact and s.whole:
        out.append(("Chữ ký bao trùm toàn bộ tài liệu; từ khi ký đến nay không có gì thay đổi.",
                    "The signature covers the whole document; nothing has changed since it was signed."))
    if s.chain and s.valid_from and s.valid_to:
        over = (" (nay đã hết hạn)", " (over now)") if s.over else ("", "")
        span = f"{s.valid_from.astimezone(VIETNAM):%d.%m.%Y} – {s.valid_to.astimezone(VIETNAM):%d.%m.%Y}"
        out.append((f"Chứng thư: {' ← '.join(s.chain)}; hạn {span}{over[0]}.",
                f"Certificate: {' ← '.join(s.chain)}; valid {span}{over[1]}."))
        out.append(_revocation(s))
        until = (f"; dấu thời gian cần gia hạn trước {s.stamped_until.astimezone(VIETNAM):%d.%m.%Y}",
                 f"; the time stamp is to be renewed before {s.stamped_until.astimezone(VIETNAM):%d.%m.%Y}") if s.stamped_until else ("",
                                                                                                                                      "")
        vi, en = _LEVELS[s.level]
        out.append((f"Đạt {vi}{until[0]}.", f"Reached: {en}{until[1]}."))
    if s.demo:
        out.append(("Chứng thư thử nghiệm: không có giá trị pháp lý.", "Demo certificate: without legal value."))
    return out


def _revocation(s: OneSignature) -> Words:
    if s.revocation == "good":
        return ("Thu hồi: trong tệp có bằng chứng chứng thư không bị thu hồi.",
                "Revocation: the file holds proof that the certificate was not revoked.")
    if s.revocation == "revoked":
        return (f"Thu hồi: chứng thư bị thu hồi lúc {_moment(s.revoked_at)}.",
                f"Revocation: the certificate was revoked at {_iso(s.revoked_at)}.")
    return ("Thu hồi: trong tệp không đủ bằng chứng, chưa biết chứng thư có bị thu hồi hay không.",
            "Revocation: the file holds no sufficient proof; it is not known whether the certificate was revoked.")


def _change(change: Change) -> Words:
    vi, en = _CHANGES[change.kind]
    return vi.format(page=change.page), en.format(page=change.page)


def _moment(when: datetime | None) -> str:
    return f"{when.astimezone(VIETNAM):%d/%m/%Y %H:%M}" if when else "?"


def _iso(when: datetime | None) -> str:
    return when.astimezone(VIETNAM).isoformat(timespec="seconds") if when else "?"
