"""What a page of the portal or an address of the API is for, in words: the log keeps its pattern, `/pages/{page_id}/{size}.jpg`."""
from __future__ import annotations

from collections.abc import Mapping

from portal.wording import Pair

_PARTS: Mapping[str, Pair] = {      # beginning of a pattern -> what is there; the longest that fits says it
    "/accounts": ("tài khoản", "accounts"), "/books": ("quyển sổ", "books"), "/books/new": ("quyển mới", "new book"),
    "/books/{batch_id}/cover.pdf": ("tờ bìa", "cover sheet"), "/books/{batch_id}/records.xlsx": ("xuất quyển sổ", "book as a file"),
    "/changes": ("các thay đổi", "changes"), "/check-policy": ("quy định kiểm tra", "check policy"),
    "/clients": ("hệ thống kết nối", "connected systems"), "/copies": ("bản sao", "copies"),
    "/differences": ("chỗ khác nhau", "differences"), "/dossiers": ("hồ sơ", "dossiers"), "/extracts": ("trích lục", "extracts"),
    "/log": ("nhật ký", "log"), "/log/alerts": ("cảnh báo tra cứu", "alerts about looks"),
    "/log/entry": ("ai đã xem mục", "who saw an entry"),
    "/log/person": ("ai đã xem hồ sơ của một người", "who looked at a person's records"), "/login": ("đăng nhập", "sign-in"),
    "/me": ("tài khoản của tôi", "my account"), "/oauth": ("cấp mã truy cập", "tokens"), "/pages": ("ảnh trang sổ", "page picture"),
    "/persons": ("hồ sơ của một người", "records of one person"), "/pushes": ("hồ sơ gửi Bộ", "dossiers for the Ministry"),
    "/records": ("bản ghi", "records"), "/records/{record_id}/copy": ("bản sao", "copy"),
    "/records/{record_id}/copy-link": ("đường dẫn tới bản sao", "address of a copy"), "/reports": ("báo cáo", "reports"),
    "/reports/plan": ("kế hoạch số hóa", "plan"), "/reports/reviewers": ("thống kê người rà soát", "reviewers' figures"),
    "/review": ("rà soát", "review"), "/review/{entry_id}/population": ("hỏi CSDL dân cư", "population query"),
    "/second-check": ("kiểm tra lần hai", "second check"), "/sync": ("nhận sổ từ xã", "books from communes"),
    "/upload": ("tải lên", "upload"),
}


def route_words(pattern: str) -> Pair:
    """A pattern that nobody has words for as it is."""
    if pattern == "/":
        return "trang chính", "home page"
    fits = [start for start in _PARTS if pattern == start or pattern.startswith(f"{start}/")]
    return _PARTS[max(fits, key=len)] if fits else (pattern, pattern)
