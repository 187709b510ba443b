"""What asking the national population database can run into: a stable code, the evidence, and what the person can do."""
from __future__ import annotations

from collections.abc import Mapping

from storage.errors import StorageError


class QueryError(StorageError):
    """Base of this page."""


class QueryIncomplete(QueryError):
    code = "query_incomplete"
    vi = "Chưa hỏi được CSDL dân cư: thiếu {what}. Mỗi lần hỏi phải nêu dịch vụ công, cán bộ, hồ sơ và đủ thông tin về một người."
    en = "The population database is not asked: {what} is missing. A question names service, officer, dossier, and one person well enough."


class OfficerUnknown(QueryError):
    code = "officer_unknown"
    vi = "Cán bộ {officer} chưa có tài khoản CSDL dân cư trong tệp population_query.officers_file."
    en = "Officer {officer} has no account for the population database in the file population_query.officers_file."


class BadOfficers(QueryError):
    code = "bad_officers"
    vi = "Tệp tài khoản cán bộ {file} không đúng: {cause}."
    en = "The file of officers' accounts {file} is not right: {cause}."


class QueryNotConnected(QueryError):
    code = "population_not_connected"
    vi = "Chưa khai báo kết nối CSDL quốc gia về dân cư (population_query.url)."
    en = "The national population database is not connected (population_query.url)."


class QueryUnreachable(QueryError):
    code = "population_unreachable"
    vi = "CSDL dân cư chưa trả lời ({cause}). Câu hỏi được giữ lại và sẽ tự gửi khi có mạng."
    en = "The population database does not answer ({cause}). The question is kept and sent by itself when it can be."


class QueryRefused(QueryError):
    code = "population_refused"
    vi = "CSDL dân cư không trả lời câu hỏi: {said}"
    en = "The population database refuses the question: {said}"


class AnswerUnreadable(QueryError):
    code = "population_answer_unreadable"
    vi = "Không đọc được trả lời của CSDL dân cư ({cause}). Báo cho người quản trị."
    en = "The answer of the population database cannot be read ({cause}). Tell the administrator."


# What a row's `problem` says, short, without the evidence: Vietnamese, English.
PROBLEMS: Mapping[str, tuple[str, str]] = {
    QueryUnreachable.code: ("chưa kết nối được CSDL dân cư, sẽ tự hỏi lại", "unreachable; asked again by itself"),
    QueryRefused.code: ("CSDL dân cư từ chối", "the population database refused"),
    OfficerUnknown.code: ("cán bộ chưa có tài khoản CSDL dân cư", "officer without an account there"),
    AnswerUnreadable.code: ("trả lời không đọc được", "answer unreadable"),
}
