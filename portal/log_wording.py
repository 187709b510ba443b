"""How a line of the log reads: who did what to what, with which particulars. The log itself keeps codes; each wording is a pair."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from portal import wording
from portal.desk_wording import MARKS, PARTS
from portal.notation import number
from portal.route_wording import route_words
from portal.wording import Pair
from storage.file_checks import ACTIVE
from storage.ministry_push import errors as push_errors
from storage.ministry_push.decision import HOLDS
from storage.population_query import errors as query_errors
from storage.promise_wording import WHY
from storage.review import REJECT_REASONS

ACTIONS: Mapping[str, Pair] = {
    "file.infected": ("Thấy vi-rút trong tệp", "Virus found in a file"),
    "file.stripped": ("Tệp có phần lạ, đã bỏ khi xem", "What acts in a file is left out"),
    "batch.add": ("Nhận quyển sổ", "Book taken in"), "page.read": ("Đọc trang", "Page read"),
    "book.settle": ("Đọc xong quyển sổ", "Book read"), "dossier.settle": ("Đọc xong hồ sơ", "Dossier read"),
    "field.correct": ("Sửa ô", "Field corrected"),
    "book.make": ("Tạo quyển sổ", "Book made"), "book.describe": ("Sửa thông tin quyển", "Book's facts corrected"),
    "book.explain": ("Ghi lý do chỗ thiếu", "Reason given for what lacks"),
    "book.total": ("Ghi tổng số khi khóa sổ", "Total at closing written"),
    "book.sent": ("Gửi quyển lên tỉnh", "Book sent to the province"), "book.pushed": ("Quyển đã đến máy chủ tỉnh", "Book reached the hub"),
    "book.received": ("Tỉnh nhận quyển", "Book received"), "book.returned": ("Tỉnh trả lại quyển", "Book returned"),
    "book.done": ("Quyển kiểm tra xong", "Book checked"), "book.told": ("Nhận việc xã đã làm trên trang", "Commune's page work taken over"),
    "cover.print": ("In tờ bìa", "Cover sheet printed"), "page.turn": ("Xoay trang", "Page turned"), "page.crop": ("Cắt trang", "Page cut"),
    "page.mark": ("Đánh dấu trang", "Page marked"), "page.part": ("Ghi loại trang", "Page's part named"),
    "page.move": ("Đổi thứ tự trang", "Page moved"), "page.replace": ("Chụp lại trang", "Page taken again"),
    "page.undo": ("Hoàn tác trên trang", "Page work undone"), "page.return": ("Trả lại trang cho xã", "Page returned to the commune"),
    "link.decide": ("Chọn người", "Person chosen"), "link.exclude": ("Loại một người", "Person ruled out"),
    "link.hear": ("Liên kết của mục khác đổi theo", "Links of other entries followed"),
    "policy.revise": ("Đổi ngưỡng tự nhận liên kết", "Acceptance thresholds changed"), "page.reject": ("Trả lại trang", "Page rejected"),
    "entry.unsure": ("Chưa chắc, để người khác", "Not sure, left to others"), "entry.comment": ("Ghi chú vào mục", "Note on an entry"),
    "record.fetch": ("Tải sẵn mục", "Entry fetched ahead"),
    "entry.verify": ("Xác nhận mục", "Entry verified"), "entry.archive": ("Lưu trữ mục", "Entry archived"),
    "check.answer": ("Kiểm tra lần hai", "Checked a second time"), "difference.settle": ("Quyết định chỗ khác nhau", "Differences settled"),
    "check_policy.set": ("Đổi quy định kiểm tra", "Check policy changed"),
    "signature.raise": ("Nâng mức chữ ký số", "Signature raised"), "signature.renew": ("Gia hạn dấu thời gian", "Time stamp renewed"),
    "dossier.archive": ("Lưu trữ hồ sơ", "Dossier archived"),
    "entry.correct": ("Lập phiên bản mới theo quyết định", "Later version by a decision"),
    "book.archive": ("Khép quyển", "Book closed"), "archive.hold": ("Đặt lệnh giữ", "Hold placed"),
    "archive.release": ("Gỡ lệnh giữ", "Hold lifted"),
    "archive.restore": ("Dựng lại danh mục từ kho", "Catalogue rebuilt from the store"),
    "dossier.verify": ("Xác nhận hồ sơ", "Dossier confirmed"),
    "dossier.undo": ("Hoàn tác xác nhận hồ sơ", "Confirmation of a dossier undone"),
    "decision.undo": ("Hoàn tác", "Undone"), "record.view": ("Xem mục", "Entry viewed"),
    "page.view": ("Xem ảnh trang", "Page picture viewed"), "records.export": ("Xuất bản ghi", "Records exported"),
    "records.import": ("Nhập bản ghi đã gõ", "Typed records taken in"),
    "records.bind": ("Gắn bản chụp vào bản ghi", "Images bound to records"),
    "record.search": ("Tra cứu", "Searched"), "changes.read": ("Nhận báo thay đổi", "Changes read"),
    "extract.request": ("Nhận yêu cầu trích lục", "Extract asked for"), "extract.sign": ("Ký trích lục", "Extract signed"),
    "extract.reserve": ("Giữ số trích lục", "Number kept for an extract"), "extract.number": ("Cấp số trích lục", "Extract numbered"),
    "extract.issue": ("Phát hành trích lục", "Extract issued"), "extract.deliver": ("Đã giao trích lục", "Extract handed over"),
    "extract.refuse": ("Từ chối cấp trích lục", "Extract refused"), "extract.cancel": ("Hủy trích lục", "Extract cancelled"),
    "extract.view": ("Xem trích lục", "Extract viewed"), "extract.fetch": ("Lấy trích lục", "Extract fetched"),
    "extract.state": ("Hỏi trạng thái trích lục", "Asked how far an extract is"),
    "extract.new_key": ("Đổi khóa mã trích lục", "New key of codes"),
    "record.metadata": ("Lấy dữ liệu", "Data fetched"), "copy.fetch": ("Lấy bản sao", "Copy fetched"),
    "copy.link": ("Cấp đường dẫn tới bản sao", "Address of a copy given"),
    "person.vault": ("Tra mọi hồ sơ của một người", "Everything of one person asked for"),
    "user.login": ("Đăng nhập", "Signed in"), "user.login_refused": ("Đăng nhập bị từ chối", "Sign-in refused"),
    "user.logout": ("Đăng xuất", "Signed out"), "user.add": ("Thêm tài khoản", "Account added"),
    "user.password": ("Đặt lại mật khẩu", "Password set"), "user.grant": ("Trao quyền", "Right given"),
    "user.revoke": ("Thu hồi quyền", "Right taken away"), "user.disable": ("Ngừng tài khoản", "Account switched off"),
    "user.enable": ("Dùng lại tài khoản", "Account switched on"), "user.sessions_end": ("Đăng xuất các máy", "Sessions ended"),
    "user.second_factor": ("Đổi mã xác thực", "One-time passwords changed"),
    "client.disable": ("Ngừng hệ thống kết nối", "Client switched off"),
    "client.enable": ("Dùng lại hệ thống kết nối", "Client switched on"),
    "access.refused": ("Bị từ chối", "Refused"), "log.export": ("Xuất nhật ký", "Log exported"),
    "log.who_saw": ("Xem ai đã xem mục", "Asked who saw an entry"), "record.print": ("In", "Printed"),
    "log.person": ("Lập báo cáo ai đã xem hồ sơ của một người", "Report of who looked at a person's records"),
    "log.seal": ("Niêm phong nhật ký cũ", "Old log sealed"),
    "push.decide": ("Quyết định gửi hồ sơ sang Bộ", "Dossier for the Ministry decided"),
    "push.retry": ("Cho gửi lại hồ sơ", "Dossier to be sent again"), "push.sent": ("Bộ đã tiếp nhận hồ sơ", "Ministry took the dossier"),
    "push.dead": ("Hồ sơ không gửi được", "Dossier could not be sent"), "push.done": ("Bộ đã có kết quả", "Ministry has a result"),
    "push.view": ("Xem hồ sơ gửi Bộ", "Dossier for the Ministry viewed"), "push.hold": ("Giữ lại hồ sơ gửi Bộ", "Dossier held back"),
    "push.state": ("Hỏi trạng thái hồ sơ gửi Bộ", "Asked how far a dossier is"),
    "population.ask": ("Hỏi CSDL dân cư", "Population database asked"),
    "population.answer": ("CSDL dân cư trả lời", "Population database answered"),
    "population.refused": ("CSDL dân cư không trả lời", "Population database refused"),
    "population.view": ("Xem trả lời của CSDL dân cư", "Population answer viewed"),
    "client.add": ("Thêm hệ thống kết nối", "Client added"),
    "client.token": ("Cấp mã truy cập", "Token issued"), "client.secret": ("Đổi khóa bí mật", "Secret changed"),
    "client.keys": ("Đổi khóa ký mã truy cập", "Token key changed"), "client.quota": ("Đặt hạn mức", "Quota set"),
    "client.scopes": ("Đổi phạm vi của hệ thống", "Client's scopes changed"),
    "client.gateway": ("Đổi khóa LGSP", "Gateway keys changed"),
    "access.alert": ("Cảnh báo tra cứu bất thường", "Alert about looks"), "access.alert_close": ("Xử lý xong cảnh báo", "Alert closed"),
    "report.export": ("Xuất báo cáo", "Report exported"), "report.plan": ("Đặt kế hoạch số hóa", "Plan set"),
    "model.adapt": ("Dạy thêm mô hình chữ viết tay", "Handwriting model adapted"),
    "model.use": ("Đổi mô hình chữ viết tay", "Handwriting model changed"),
}
SUBJECTS: Mapping[str, Pair] = {
    "entry": ("mục", "entry"), "page": ("trang", "page"), "batch": ("quyển", "book"), "user": ("tài khoản", "account"),
    "client": ("hệ thống", "client"), "dossier": ("hồ sơ", "dossier"), "model": ("mô hình", "model"),
    "report": ("báo cáo", "report"),
    "check_policy": ("quy định kiểm tra", "check policy"),
    "archive": ("kho lưu trữ", "archive"), "address": ("địa chỉ mạng", "network address"),
}
_ALL: Mapping[str, Pair] = {"records": ("các bản ghi", "records"), "log": ("nhật ký", "the log"), "portal": ("cổng web", "the portal")}
_ACTORS: Mapping[str, Pair] = {
    "cli": ("dòng lệnh", "command line"), "sso": ("đăng nhập một lần", "single sign-on"),
    "push": ("bộ phận gửi Bộ", "sender to the Ministry"), "population_query": ("bộ phận hỏi dân cư", "population queries"),
    "sogoc": ("chương trình", "the program"), "watch": ("theo dõi tra cứu", "the watch over looks"),
    "?": ("chưa rõ", "unknown"),
}
_KEYS: Mapping[str, Pair] = {
    "move": ("lần ghi", "move"), "record": ("SHA-256 bản lưu", "SHA-256 of the record kept"),
    "extract": ("trích lục", "extract"), "copies": ("số bản", "copies"), "number": ("số", "number"), "key": ("khóa", "key"),
    "files": ("tệp", "files"), "added": ("mới", "new"), "entries": ("số mục", "entries"), "role": ("vai trò", "role"),
    "commune": ("mã xã", "commune"), "reason": ("lý do", "reason"), "field": ("ô", "field"), "fields": ("ô", "fields"),
    "purpose": ("mục đích", "purpose"), "channel": ("qua", "by"), "page": ("trang", "page"), "revision": ("lần sửa", "revision"),
    "comment": ("ghi chú số", "note"),
    "acknowledged": ("mâu thuẫn đã chấp nhận", "contradictions accepted"), "undoes": ("hoàn tác dòng", "undoes line"),
    "action": ("việc", "action"), "package": ("gói", "package"), "until": ("khóa đến", "locked until"),
    "scope": ("quyền", "scope"), "scopes": ("quyền", "scopes"), "agency": ("cơ quan", "agency"), "dossier": ("mã hồ sơ", "dossier"),
    "service": ("thủ tục", "service"), "format": ("định dạng", "format"), "officer": ("cán bộ", "officer"),
    "from": ("từ ngày", "from"), "to": ("đến ngày", "to"), "step": ("theo", "by"), "kind": ("loại sổ", "kind"), "rows": ("số dòng", "rows"),
    "hold": ("giữ lại vì", "held because"), "why": ("vì", "because"), "accept": ("ngưỡng tự nhận", "accepted from"),
    "module": ("phân hệ", "module"), "endpoint": ("phiên bản kết nối", "endpoint"), "tries": ("số lần gửi", "tries"),
    "request": ("mã yêu cầu", "request"),
    "lines": ("số dòng", "lines"), "code": ("mã", "code"), "rule": ("dấu hiệu", "sign"), "of": ("trong số", "of"),
    "hours": ("số giờ", "hours"), "revoked": ("thu hồi mã đã cấp", "tokens revoked"),
    "found": ("tìm thấy", "found"), "answer": ("trả lời", "answer"),
    "hole": ("chỗ thiếu", "what lacks"), "pages": ("số trang", "pages"),
    "by": ("theo", "by"), "address": ("địa chỉ", "address"),
    "bytes": ("byte", "bytes"), "roles": ("vai trò", "roles"), "client": ("hệ thống", "client"), "decision": ("xét quyền", "decision"),
    "link": ("đường dẫn", "address"), "count": ("số lượng", "count"), "basis": ("căn cứ", "legal basis"), "method": ("cách gọi", "method"),
    "granted": ("quyền", "right"), "communes": ("các xã", "communes"), "kinds": ("loại sổ", "kinds"),
    "before": ("trước đó", "before"), "model": ("mô hình", "model"), "outcome": ("kết quả", "outcome"), "passes": ("số lượt học", "passes"),
    "held_out_cer": ("CER trên dòng chừa ra", "CER on held-out lines"),
    "held_out_cer_parent": ("CER của mô hình cũ", "CER of the model before"),
    "held_out_exact": ("đúng cả dòng", "whole lines right"),
    "held_out_exact_parent": ("đúng cả dòng, mô hình cũ", "whole lines right, before"),
    "gain_bound": ("CER giảm ít nhất", "CER less by at least"), "general_cer": ("CER chữ nói chung", "CER of hands in general"),
    "general_cer_parent": ("CER chữ nói chung, mô hình cũ", "CER of hands in general, before"),
    "held_out_lines": ("số dòng chừa ra", "held-out lines"), "held_out_groups": ("số quyển hoặc trang chừa ra", "held-out books or pages"),
    "general_lines": ("số dòng nói chung", "general lines"),
    "sha256": ("SHA-256", "SHA-256"), "virus": ("vi-rút", "virus"), "engine": ("máy quét", "scanner"), "active": ("đã bỏ", "left out"),
    "blind": ("không thấy bản trước", "without seeing the first"), "compared": ("số ô so sánh", "fields compared"),
    "differing": ("khác nhau", "differing"), "settled": ("đã quyết định", "settled"),
    "checks": ("số lần kiểm tra", "checks"), "sample": ("tỷ lệ mẫu", "sample"),
    "links": ("cả liên kết", "links too"), "second": ("người kiểm tra lần hai", "second checker"),
    "settle": ("người quyết định", "who settles"),
    "segments": ("số đoạn", "segments"), "pruned": ("số dòng đưa ra khỏi cơ sở dữ liệu", "lines moved out of the database"),
    "since": ("từ", "since"),
    "manifest_sha256": ("SHA-256 kê khai", "SHA-256 of the manifest"), "pdf_sha256": ("SHA-256 bản PDF", "SHA-256 of the PDF"),
}
_VALUES: Mapping[str, Pair] = {
    "ministry": ("gửi phần mềm hộ tịch của Bộ", "for the Ministry's software"), "population": ("đối chiếu dân cư", "population check"),
    **push_errors.PROBLEMS, **HOLDS, **query_errors.PROBLEMS,
    **MARKS, **PARTS, "none": ("bỏ", "none"), "missing": ("thiếu số", "number missing"), "repeated": ("trùng số", "number repeated"),
    "unnumbered": ("chưa đọc được số", "no number read"), "retake": ("ảnh không đạt", "poor picture"),
    "aside": ("trang để riêng", "page set aside"),
    "no_entry": ("trang không có mục", "page without entry"), "alike": ("hai ảnh giống nhau", "two pictures alike"),
    "no_opening": ("không có trang mở sổ", "no opening page"), "no_closing": ("không có trang khóa sổ", "no closing page"),
    "total": ("lệch tổng số", "total differs"), "lost": ("trang mất", "page lost"), "unused": ("số bỏ trống", "number unused"),
    "slip": ("ghi nhầm", "written wrong"), "unscannable": ("giấy hỏng", "damaged paper"),
    "review": ("rà soát", "review"), "export": ("xuất sổ ra tệp", "handing out a book as a file"),
    "person_report": ("trả lời người hỏi về hồ sơ của mình", "answering a person about their records"),
    "portal": ("cổng rà soát", "portal"), "api": ("API", "API"),
    "second_check": ("kiểm tra lần hai", "second check"), "settle": ("quyết định chỗ khác nhau", "settling differences"),
    "approve": ("phê duyệt", "approve"),
    "page image": ("ảnh trang", "page image"), "wrong": ("sai tên hoặc mật khẩu", "wrong name or password"),
    "adapt": ("dạy thêm mô hình chữ viết tay", "adapting the handwriting model"), "cli": ("dòng lệnh", "command line"),
    "better": ("đọc đúng hơn", "reads better"), "not_better": ("chưa chắc đúng hơn", "not surely better"),
    "nothing_learned": ("không học được gì", "nothing learned"),
    "copy": ("bản sao", "copy"), "head": ("chỉ tiêu đề", "headers alone"),
    "allowed": ("được", "allowed"), "refused": ("bị từ chối", "refused"), "code": ("sai mã xác thực", "wrong code"),
    "password": ("mật khẩu", "password"), "totp": ("mật khẩu và mã xác thực", "password and code"),
    "recovery": ("mật khẩu và mã dự phòng", "password and recovery code"), "sso": ("đăng nhập một lần", "single sign-on"),
    "self": ("chính người đó", "themselves"), "on": ("bắt đầu dùng", "on"), "off": ("thôi dùng", "off"),
    "new_codes": ("cấp mã dự phòng mới", "new recovery codes"), "spreadsheet": ("bảng tính", "spreadsheet"),
    "not_allowed": ("không có quyền", "no right"), "no_such_entry": ("không có, hoặc của nơi khác", "not there, or of another unit"),
    "no_such_dossier": ("không có, hoặc của nơi khác", "not there, or of another unit"),
    "program.extract": ("phần mềm xin trích lục", "program that asks for extracts"), "extract": ("cấp trích lục", "issuing extracts"),
    "no_such_extract": ("không có, hoặc của nơi khác", "not there, or of another unit"), "conflict": ("không khớp", "does not fit"),
    "program.read": ("phần mềm xem dữ liệu", "program that reads"), "program.copy": ("phần mềm lấy bản sao", "program that fetches copies"),
    "program.vault": ("phần mềm xem hồ sơ cá nhân", "program that reads a person's records"),
    "program.report": ("phần mềm hỏi ai đã xem", "program that asks who looked"),
    "program.push": ("phần mềm hỏi trạng thái hồ sơ gửi Bộ", "program that asks how far dossiers are"),
    "program.feed": ("phần mềm theo dõi thay đổi", "program that follows changes"),
    "walk": ("dò số liên tiếp", "numbers one after another"), "misses": ("phần lớn không tìm thấy", "mostly nothing found"),
    "night": ("tra cứu ban đêm", "looks at night"),
    "wrong_purpose": ("dịch vụ công không được cung cấp", "public service not served"),
    "gateway_refused": ("không đúng trục LGSP", "gateway header wrong"),
    "certificate_refused": ("sai chứng thư TLS", "TLS certificate wrong"),
    "quota_spent": ("hết hạn mức", "quota used up"), "searches": ("tra cứu", "searches"), "records": ("đọc dữ liệu", "records"),
    "copies": ("lấy bản sao", "copies"),
    "missing_context": ("thiếu mã hồ sơ, thủ tục hoặc cán bộ", "dossier, service or officer code lacking"),
    "not_permitted": ("thiếu phạm vi", "scope lacking"), "not_found": ("không có", "not there"),
    "link_invalid": ("đường dẫn tới bản sao đã bị sửa", "address of a copy altered"),
    "link_expired": ("đường dẫn tới bản sao đã hết hạn", "address of a copy expired"),
    "link_used_up": ("đường dẫn tới bản sao đã dùng hết số lần", "address of a copy used up"),
    "link_superseded": ("hồ sơ đã có phiên bản mới", "a later version is in force"),
    "link_client_off": ("hệ thống được cấp đường dẫn không còn quyền", "its client may no more"),
    "sso_away": ("máy chủ đăng nhập không trả lời", "provider does not answer"),
    "sso_refused": ("máy chủ đăng nhập từ chối", "provider refused"),
    "sso_wrong": ("trả lời của máy chủ không hợp lệ", "provider's answer invalid"),
    "account_not_bound": ("chưa có tài khoản đăng nhập một lần", "no single sign-on account"),
    "account_off": ("tài khoản đã ngừng", "account off"),
    "locked": ("đang khóa", "locked"), "disabled": ("đã ngừng", "disabled"),
    **{code: said for code, said in REJECT_REASONS.items()},
}
_STEPS: Mapping[str, Pair] = {
    "week": ("tuần", "week"), "month": ("tháng", "month"), "quarter": ("quý", "quarter"), "year": ("năm", "year"),
}
_PARTS: Mapping[str, Pair] = {
    "population": ("dữ liệu dân cư", "population data"), "personal_number": ("số định danh cá nhân", "personal number"),
}
_WORDED: Mapping[str, Callable[[str], Pair]] = {
    "field": wording.full_label,
    "fields": lambda code: _shown_field(code),
    "differing": lambda code: wording.ROLES.get(code) or wording.full_label(code),
    "settled": lambda code: wording.ROLES.get(code) or wording.full_label(code),
    "kind": lambda code: ("mọi loại", "every kind") if code == "*" else wording.kind(code),
    "role": lambda code: wording.USER_ROLES.get(code) or wording.ROLES.get(code, (code, code)),
    "acknowledged": lambda rule: wording.FINDINGS.get(rule, (rule, rule)),
    "action": lambda code: ACTIONS.get(code, (code, code)),
    "found": lambda code: subject(code), "roles": lambda code: wording.USER_ROLES.get(code) or _VALUES.get(code, (code, code)),
    "granted": lambda code: wording.USER_ROLES.get(code, (code, code)), "kinds": lambda code: wording.KINDS.get(code, (code, code)),
    "page": lambda value: route_words(value) if value.startswith("/") else (value, value),
    "step": lambda code: _STEPS.get(code, (code, code)),
    "method": lambda code: ("xem", "look") if code in ("GET", "HEAD") else ("làm", "act"),
    "why": lambda code: WHY.get(code, (code, code)),
    "active": lambda code: ACTIVE.get(code, (code, code)),
}
_UNSAID = frozenset({"change", "asked", "next", "promise"})     # kept for programs: what was before, digests of what was asked for
ALERT_RULES: Mapping[str, tuple[Pair, Pair]] = {      # rule of storage.watch -> its name, what was seen
    "walk": (("Dò số liên tiếp", "Numbers one after another"),
             ("{count} trong {of} số gần đây kề với số vừa hỏi trước đó.",
              "{count} of the last {of} numbers were next to one just asked for.")),
    "misses": (("Phần lớn không tìm thấy", "Mostly nothing found"),
               ("{count} trong {of} lần gần đây không có kết quả.", "{count} of the last {of} found nothing.")),
    "dossier": (("Một mã hồ sơ hỏi nhiều người", "Many people under one dossier"),
                ("Khoảng {count} người hoặc hồ sơ khác nhau dưới một mã hồ sơ trong ngày.",
                 "Some {count} different people or records under one dossier code in a day.")),
    "night": (("Tra cứu ban đêm", "Looks at night"), ("{count} lần trong một đêm.", "{count} looks in one night.")),
    "links": (("Thử nhiều đường dẫn hỏng", "Many dead addresses tried"),
              ("{count} đường dẫn tới bản sao bị từ chối trong ngày, cùng một địa chỉ mạng.",
               "{count} addresses of copies refused in a day to one network address.")),
}
ALERT_BOUNDS: Mapping[str, Pair] = {      # rule -> from where on it is told, with the names of storage.watch_options
    "walk": ("từ {walk} trong {walk_of} số gần nhất kề với số vừa hỏi", "{walk} of the last {walk_of} numbers next to one just asked for"),
    "misses": ("từ {misses} trong {misses_of} lần gần nhất không có kết quả", "{misses} of the last {misses_of} found nothing"),
    "dossier": ("hơn {dossier} người hoặc hồ sơ khác nhau dưới một mã hồ sơ trong ngày",
                "more than {dossier} different people or records under one dossier code in a day"),
    "night": ("hơn {night} lần (cán bộ: {night_people}) từ {night_from} giờ đến {night_to} giờ",
              "more than {night} looks (of people {night_people}) between {night_from}:00 and {night_to}:00"),
    "links": ("hơn {links} đường dẫn bị từ chối trong ngày từ một địa chỉ mạng",
              "more than {links} refused in a day to one network address"),
}
_SHOWN = 3                  # of a list's items; the rest is counted, all stand in the title


def _shown_field(code: str) -> Pair:
    """A field, the page's picture, or something else of a person (`me:population`)."""
    role, _, part = code.partition(":")
    if role in wording.ROLES and part in _PARTS:
        return f"{wording.ROLES[role][0]}: {_PARTS[part][0]}", f"{wording.ROLES[role][1]}: {_PARTS[part][1]}"
    return _VALUES.get(code) or wording.full_label(code)


def action(code: str) -> Pair:
    return ACTIONS.get(code, (code, code))


def actor(name: str) -> Pair:
    """An account's own name; the program's own doings by what did them; `client:x` is a connected system, `address:x` nobody known."""
    return subject(name) if name.startswith(("client:", "address:")) else _ACTORS.get(name, (name, name))


def actor_code(typed: str) -> str:
    """Who is meant by what stands in the log: `dòng lệnh` -> cli, `hệ thống x` -> client:x; an account's name is left as it is."""
    said, code = typed.strip().casefold(), subject_code(typed)
    if code.startswith(("client:", "address:")):
        return code
    return next((name for name, pair in _ACTORS.items() if said in (pair[0].casefold(), pair[1].casefold())), typed.strip())


def subject(code: str) -> Pair:
    """`entry:12` -> mục 12."""
    kind, colon, name = code.partition(":")
    if code in _ALL:
        return _ALL[code]
    if not colon or kind not in SUBJECTS:
        return code, code
    name_vi, name_en = _ACTORS["?"] if name == "?" else (name, name)
    return f"{SUBJECTS[kind][0]} {name_vi}", f"{SUBJECTS[kind][1]} {name_en}"


def subject_code(typed: str) -> str:
    """What someone who looks for `mục 12` (or `entry 12`) means: `entry:12`; a code is left as it is."""
    for kind, words in SUBJECTS.items():
        found = re.fullmatch(rf"(?:{words[0]}|{words[1]})\s+(\S.*)", typed.strip(), re.IGNORECASE)
        if found:
            return f"{kind}:{found[1]}"
    return typed.strip()


def particulars(detail: Mapping[str, Any], lang: str) -> list[tuple[str, str, str]]:
    """(name, value, the whole value where it was shortened) of each particular that says something."""
    at = 0 if lang == "vi" else 1
    lines = []
    for key, value in detail.items():
        if key in _UNSAID or value == "allowed" or value is None or value == [] or value == "":
            continue
        if isinstance(value, Mapping) and all(isinstance(x, int | float) for x in value.values()):          # thresholds by role
            value = [f"{wording.ROLES.get(role, (role, role))[at]} {number(x, 3, lang)}" for role, x in value.items()]
        items = [told(key, v)[at] for v in (value if isinstance(value, list) else [value])]
        whole = ", ".join(items)
        rest = len(items) - _SHOWN
        short = ", ".join(items[:_SHOWN]) + (f" … (+{rest})" if rest > 0 else "")
        lines.append((_KEYS.get(key, (key, key))[at], short, whole if rest > 0 else ""))
    return lines


def told(key: str, value: Any) -> Pair:
    """One particular's value in words; a code nobody has words for as it is."""
    if isinstance(value, str):
        return _WORDED[key](value) if key in _WORDED else _VALUES.get(value, (value, value))
    if isinstance(value, bool):
        return ("có", "yes") if value else ("không", "no")
    return str(value), str(value)
