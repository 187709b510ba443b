"""What a page offers, it lets one do: for each role, no link, picture or form on the home and book pages is answered with a refusal."""
from __future__ import annotations

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from portal_house import PASSWORD, House, sign_in
from sqlalchemy import select

from storage import accounts
from storage.models import Event
from storage.policy import ROLES, Grant

BOOK = "/books/KS.2017.01"
_GRANTS = {**{role: (Grant(role),) for role in ROLES},
           "two places": (Grant("auditor"), Grant("reviewer", frozenset({"00001"})))}


@pytest.fixture
def staffed(archived: House) -> House:
    with archived.database.session() as s:
        for name, grants in _GRANTS.items():
            accounts.add_user(s, _account(name), PASSWORD, None, display_name=name)
            for grant in grants:
                accounts.give(s, _account(name), grant)
    return archived


def _account(name: str) -> str:
    return f"la.{name.replace(' ', '.').replace('_', '.')}"


def offered(html: str) -> set[str]:
    """Addresses of links, pictures and forms; signing out and files that never change are not followed."""
    found = {address for tag in re.findall(r"<(?:a|img|form|li)\b[^>]*>", html)
             for address in re.findall(r'\s(?:href|src|action|data-picture|data-whole)="(/[^"]*)"', tag)}
    return {unescape(a) for a in found if not a.startswith(("/static/", "/logout"))}


@pytest.mark.parametrize("name", _GRANTS)
def test_nothing_on_the_home_and_book_pages_is_refused(staffed, name):
    with TestClient(staffed.app()) as c:
        sign_in(c, _account(name))
        seen: dict[str, str] = {}
        for start in ("/", "/books", BOOK):
            html = c.get(start).text
            for address in offered(html) - set(seen):
                seen[address] = start
        answers = {address: c.get(address).status_code for address in sorted(seen)}
    assert BOOK in answers and [a for a in answers if a.startswith("/pages/")], "the pages have links and pictures"
    assert {f"{seen[a]} -> {a}": status for a, status in answers.items() if status in (403, 404)} == {}
    with staffed.database.reading() as s:
        assert s.scalars(select(Event).where(Event.action == "access.refused")).all() == [], "nothing against their name in the log"


def test_who_only_looks_is_shown_no_fields_to_fill_in(staffed):
    with TestClient(staffed.app()) as c:
        sign_in(c, _account("auditor"))
        html = c.get(BOOK).text
        assert "<input" not in re.sub(r"<dialog.*?</dialog>|<form method=\"post\" action=\"/logout\">.*?</form>", "", html, flags=re.S)
        assert "Khóa sổ ghi –" in html and "không xem ảnh trang lớn" in html and "data-picture" not in html
        sign_in(c, _account("administrator"))
        html = c.get(BOOK).text
        assert 'id="total"' in html and "data-picture" in html
