"""What a check of a code and its document found, in plain words: Vietnamese and English."""
from __future__ import annotations

from storage.extracts.checking import CodeReport, Standing
from storage.extracts.deadline import VIETNAM
from storage.extracts.form import extract_forms
from storage.extracts.proof import Statement
from storage.signature_words import PROBLEMS as SIGNATURE_PROBLEMS
from storage.signature_words import lines as signature_lines

Words = tuple[str, str]

PROBLEMS: dict[str, Words] = {
    "no_code": ("Không thấy mã của trích lục trong tệp này. Chụp lại mã rõ, thẳng, đủ viền trắng.",
                "There is no code of an extract in this file. Take the picture again: sharp, straight, with the white margin."),
    "not_our_code": ("Đây không phải mã của trích lục, hoặc mã bị hỏng.", "This is no code of an extract, or a damaged one."),
    "unknown_key": ("KHÔNG XÁC NHẬN ĐƯỢC: mã ký bằng khóa không có trong tệp khóa (hoặc khóa không dùng vào ngày đó). Lấy tệp khóa mới.",
                    "CANNOT BE CONFIRMED: signed with a key that is not in the key file, or not in use that day. Get the newest key file."),
    "forged": ("GIẢ: chữ ký trong mã không đúng. Không nhận giấy này.", "FORGED: the signature in the code is wrong. Do not accept it."),
    "not_an_extract": ("Tệp PDF không phải trích lục do chương trình này lập: không so được nội dung.",
                       "The PDF is no extract made by this program: what it prints cannot be compared."),
    "not_both_signatures": ("Tệp không có đủ hai chữ ký (người có thẩm quyền và cơ quan cấp số).",
                            "The file lacks one of the two signatures (the competent person's and the agency's)."),
    "values_differ": ("KHÔNG KHỚP: nội dung in trên giấy khác với nội dung khi cấp, hoặc mã là của giấy khác.",
                      "DOES NOT AGREE: what is printed differs from what was issued, or the code is another paper's."),
    "extract_cancelled": ("ĐÃ HỦY: mã thật, nhưng nơi cấp đã hủy trích lục này. Không nhận giấy.",
                          "CANCELLED: the code is genuine, but the issuer cancelled this extract. Do not accept it."),
    "record_changed_since": ("KHÔNG CÒN HIỆN HÀNH: sau khi cấp, bản ghi đã được cải chính, thay đổi hoặc thu hồi. Yêu cầu trích lục mới.",
                             "NO LONGER CURRENT: the record was corrected, changed or annulled since. Ask for a new extract."),
    "number_differs": ("KHÔNG KHỚP: số hoặc ngày cấp in trên giấy khác với mã.",
                       "DOES NOT AGREE: number or day on the paper differ from the code."),
}


def lines(report: CodeReport, lang: str) -> tuple[str, ...]:
    """The verdict, what the code says, then the document and its signatures."""
    n = 0 if lang == "vi" else 1
    out = [(PROBLEMS.get(code) or SIGNATURE_PROBLEMS[code])[n] for code in report.problems]
    if report.said is not None:
        if not report.problems:
            out.append(_verdict(report)[n])
        out += [pair[n] for pair in _said(report.said)]
        if report.standing is not None:
            out.append(_standing(report.standing, bool(report.problems))[n])
        if report.signatures is None:
            out.append(("Hãy so chữ cái đầu và năm sinh này với giấy. Có tệp PDF thì thêm --pdf để so toàn bộ nội dung.",
                        "Compare these initials and years with the paper. With the PDF at hand add --pdf to compare all of it.")[n])
        else:
            out += signature_lines(report.signatures, lang)[len(report.signatures.problems):]
    return tuple(out)


def _verdict(report: CodeReport) -> Words:
    if report.signatures is None:
        return "MÃ THẬT: do cơ quan cấp trích lục ký.", "THE CODE IS GENUINE: signed by the agency that issues extracts."
    return ("THẬT: mã và hai chữ ký đều đúng, nội dung in đúng như khi cấp.",
            "GENUINE: code and both signatures are good, and what is printed is what was issued.")


def _standing(s: Standing, problems: bool) -> Words:
    made = (f"lập lúc {s.made_at.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}", f"made at {s.made_at.astimezone(VIETNAM):%Y-%m-%d %H:%M}"
            ) if s.made_at is not None else ("", "")
    if s.state == "fresh":
        if problems:
            return f"Danh sách hủy còn mới: {made[0]}.", f"The list of revoked extracts is fresh: {made[1]}."
        return (f"CHƯA BỊ HỦY: không có trong danh sách hủy còn mới của nơi cấp, {made[0]}.",
                f"NOT REVOKED: not in the issuer's list, which is fresh: {made[1]}.")
    why = {
        "none": ("không có danh sách hủy của nơi cấp", "there is no list of revoked extracts"),
        "unusable": ("tệp danh sách hủy hỏng hoặc không do nơi cấp này ký", "the list is damaged, or not signed by this issuer"),
        "elsewhere": (f"danh sách hủy ({made[0]}) là của cơ quan khác", f"the list ({made[1]}) is of other agencies"),
        "ahead": (f"danh sách hủy {made[0]}, sau giờ của máy này: xem lại đồng hồ", f"the list was {made[1]}, after this machine's now: "
                                                                                       "look at its clock"),
        "before": (f"danh sách hủy {made[0]}, trước ngày cấp", f"the list was {made[1]}, before the day of issue"),
        "old": (f"danh sách hủy đã cũ, {made[0]}", f"the list is old, {made[1]}"),
    }[s.state]
    return (f"CHƯA RÕ CÒN GIÁ TRỊ KHÔNG: {why[0]}. Không có danh sách mới trong {s.days} ngày thì mã chỉ chứng minh nơi cấp, không chứng "
            "minh trích lục chưa bị hủy. Tải danh sách mới (--revoked) hoặc hỏi nơi cấp.",
            f"NOT KNOWN WHETHER IT IS IN FORCE: {why[1]}. Without a list of the last {s.days} days the code proves who issued it, not that "
            "it was not cancelled. Fetch a new list (--revoked), or ask the issuer.")


def _said(said: Statement) -> list[Words]:
    title = next((f.title for f in extract_forms() if f.kind == said.kind and said.number.endswith(f"/{f.suffix}")), said.kind)
    return [(f"{title} (BẢN SAO) số {said.number}, cấp ngày {said.day:%d/%m/%Y}, cơ quan mã {said.agency}.",
             f"{title} (copy) number {said.number}, issued on {said.day.isoformat()} by agency {said.agency}."),
            (f"Của: {said.hint or '?'} (chữ cái đầu và năm sinh). Bản ghi {said.record}.",
             f"Of: {said.hint or '?'} (initials and year of birth). Record {said.record}.")]
