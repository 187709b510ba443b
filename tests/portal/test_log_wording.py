"""The log and the reasons of review in words: every code this program writes has its words, in both languages."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from routes import API, known_routes

from portal import log_wording, wording
from portal.route_wording import route_words

ROOT = Path(__file__).resolve().parents[2]


def written_in(folders: tuple[str, ...], pattern: str) -> set[str]:
    return {code for folder in folders for file in (ROOT / folder).rglob("*.py") for code in re.findall(pattern, file.read_text("utf-8"))}


def test_every_rule_has_a_short_name() -> None:
    rules = written_in(("records",), r"Finding\(\s*\"([a-z-]+)\"")
    assert len(rules) > 20 and not rules - set(wording.FINDINGS)
    for rule in rules:
        vietnamese, _ = wording.reason(["finding", rule])
        assert rule not in vietnamese and vietnamese.startswith("Có mâu thuẫn: ")


def test_every_action_of_the_log_is_named() -> None:
    inside = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*?"        # of a call's parentheses, two deep
    call = rf"(?:append|log_access|access_line|changing|\.log|\.record|_log)\({inside}\"([a-z]+\.[a-z_]+)\""
    actions = written_in(("storage", "pipelines", "portal", "sogoc"), call)
    assert {"batch.add", "book.settle", "entry.verify", "record.search", "user.password", "user.login", "access.refused"} <= actions
    assert not actions - set(log_wording.ACTIONS)


@pytest.mark.parametrize(("code", "words"), [
    ("entry:12", "mục 12"), ("batch:KS.2017.01", "quyển KS.2017.01"), ("user:?", "tài khoản chưa rõ"), ("records", "các bản ghi"),
    ("khác", "khác")])
def test_subjects(code: str, words: str) -> None:
    assert log_wording.subject(code)[0] == words


@pytest.mark.parametrize(("typed", "code"), [
    ("mục 12", "entry:12"), ("Mục  12", "entry:12"), ("entry 12", "entry:12"), ("entry:12", "entry:12"),
    (" quyển KS.2017.01 ", "batch:KS.2017.01"),
    ("", ""), ("mục", "mục")])
def test_what_someone_looks_for(typed: str, code: str) -> None:
    assert log_wording.subject_code(typed) == code


def test_particulars_are_words_and_say_nothing_of_what_is_empty() -> None:
    detail = {"fields": ["meHoTen", "me:population", "page image", "so", "quyenSo"], "purpose": "review", "channel": "portal",
              "commune": None, "change": {"before": "kept out"}, "role": "me"}
    said = log_wording.particulars(detail, "vi")
    assert ("mục đích", "rà soát", "") in said and ("vai trò", "Mẹ", "") in said
    name, short, whole = said[0]
    assert name == "ô" and short.endswith("(+2)") and whole.endswith("Quyển số") and "Mẹ: dữ liệu dân cư" in short
    assert len(said) == 4 and "kept out" not in str(said)
    assert log_wording.particulars({"reason": "cut_off"}, "en") == [("reason", "Writing is cut off", "")]


@pytest.mark.parametrize(("typed", "code"), [
    ("dòng lệnh", "cli"), ("Command line", "cli"), ("hệ thống mot-cua", "client:mot-cua"),
    (" xa.minh ", "xa.minh"), ("demo", "demo"), ("", "")])
def test_who_someone_looks_for(typed: str, code: str) -> None:
    assert log_wording.actor_code(typed) == code
    assert not typed or log_wording.actor_code(log_wording.actor(code)[0]) == code, "what the log shows finds its lines"


def test_an_account_is_called_by_its_name() -> None:
    assert log_wording.actor("demo") == ("demo", "demo")


def test_a_policy_is_told_in_words() -> None:
    detail = {"why": "calibrated", "accept": {"nks": 0.9912, "me": 0.997}, "promise": {"kept": True, "basis": "model"}}
    assert log_wording.particulars(detail, "vi") == [
        ("vì", "đã hiệu chỉnh xác suất theo những liên kết người đã quyết định", ""),
        ("ngưỡng tự nhận", "Người được khai sinh 0,991, Mẹ 0,997", "")]


def test_particulars_name_pages_and_steps() -> None:
    detail = {"page": "/pages/{page_id}/{size}.jpg", "method": "GET", "step": "month"}
    assert log_wording.particulars(detail, "vi") == [("trang", "ảnh trang sổ", ""), ("cách gọi", "xem", ""), ("theo", "tháng", "")]
    assert log_wording.told("page", 3) == ("3", "3")


def test_every_address_that_can_refuse_is_named(house) -> None:
    patterns = {r.path.removeprefix(API) for r in known_routes(house.app())}
    assert len(patterns) > 60
    unnamed = {p for p in patterns if route_words(p) == (p, p)}
    assert {p for p in unnamed if not p.startswith("/.well-known/")} <= {"/docs", "/health", "/logout", "/openapi.json"}
