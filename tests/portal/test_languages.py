"""Vietnamese pages are Vietnamese, English is complete in templates, code and scripts, Khmer falls back text by text."""
from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

from fastapi.testclient import TestClient
from portal_house import sign_in
from routes import API, known_routes

from portal.context import STATIC
from portal.language import PREPARED, Words, catalogue, texts_in_use
from storage import review_errors
from storage.errors import ALL_ERRORS, StorageError
from storage.set_aside import REASONS

ENGLISH = re.compile(
    r"\b(the|and|of|is|are|was|not|with|from|this|that|please|page|pages|file|files|book|books|error|failed|next|back|save|delete|"
    r"search|record|records|entry|entries|user|password|upload|review|loading|none|true|false|null|undefined)\b", re.I)
COMMAND = re.compile(r"sogoc(?: [a-z]+)+|\{\w+\}|'[^']*'|`[^`]*`|\([^)]*\)|(?<!\w)/[\w/{}.-]+")     # typed so in every language
VIETNAMESE = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")


class Seen(HTMLParser):
    """The texts a person meets: between tags and in title, alt, aria-label, placeholder; code, values and names of data are left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._skip: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        foreign = given.get("lang") not in (None, "vi") and tag != "html"
        if tag in ("script", "code", "pre", "kbd", "h3") or foreign or "name" in (given.get("class") or "").split():
            self._skip.append(tag)
        self.texts += [given[a] for a in ("title", "alt", "aria-label") if given.get(a)]

    def handle_endtag(self, tag):
        if self._skip and self._skip[-1] == tag:
            self._skip.pop()

    def handle_data(self, data):
        if not self._skip and data.strip():
            self.texts.append(data.strip())


def pages(client: TestClient) -> dict[str, str]:
    known = {"batch_id": "KS.2017.01", "entry_id": 1, "page_id": 1, "dossier_id": 1}
    found = {}
    for route in known_routes(client.app):
        if route.method == "GET" and not route.path.startswith(API) and set(route.parameters) <= set(known) and "lang" not in route.query:
            answer = client.get(route.filled(known))
            if answer.headers.get("content-type", "").startswith("text/html"):
                found[route.path] = answer.text
    assert len(found) > 7
    return found


def test_no_english_leaks_into_vietnamese_pages(client):
    for name in ("tp.lan", "kiem.toan"):
        sign_in(client, name)
        leaks = {(path, text) for path, html in pages(client).items() for text in Seen(html).texts if ENGLISH.search(COMMAND.sub("", text))}
        assert not leaks, leaks
    refused = client.get("/khong-co").text
    assert not [t for t in Seen(refused).texts if ENGLISH.search(t)]


def test_no_text_of_an_english_page_is_left_untranslated(client):
    """Data stays as it is written; what the interface says is none of the Vietnamese texts it knows."""
    known = {t for t in texts_in_use() if VIETNAMESE.search(t) and "{" not in t}
    client.cookies.set("sogoc_lang", "en")
    for name in ("tp.lan", "kiem.toan"):
        sign_in(client, name)
        left = {(path, text) for path, html in pages(client).items() for text in Seen(html).texts if text in known}
        assert not left, left


def test_english_is_complete_for_every_text_the_code_translates():
    assert sorted(texts_in_use() - set(catalogue("en"))) == []
    for lang in ("en", *PREPARED):
        for vietnamese, said in catalogue(lang).items():
            assert set(re.findall(r"\{\w+\}", vietnamese)) == set(re.findall(r"\{\w+\}", said)), vietnamese


def test_every_error_and_reason_is_said_in_both_languages():
    errors = {*ALL_ERRORS, *(e for e in vars(review_errors).values() if isinstance(e, type) and issubclass(e, StorageError))}
    for error in errors:
        assert VIETNAMESE.search(error.vi) and not VIETNAMESE.search(error.en.replace("Sổ Gốc", "")), error.code
        assert not ENGLISH.search(COMMAND.sub("", error.vi)), error.code
    for code, said in REASONS.items():
        assert not VIETNAMESE.search(said.what_en + said.do_en), code
        assert VIETNAMESE.search(said.what_vi + said.do_vi), code


def test_scripts_hold_no_words_of_their_own():
    """Scripts take their words from the page (#words), so that the catalogue is the one place."""
    for path in STATIC.glob("*.js"):
        code = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", path.read_text("utf-8"), flags=re.S)
        said = [m for m in re.findall(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`", code)]
        texts = ["".join(m) for m in said]
        assert not [t for t in texts if VIETNAMESE.search(t)], path
        assert not [t for t in texts if re.search(r"\b[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+\b", t) and ENGLISH.search(t)], path


def test_khmer_is_offered_only_where_it_is_turned_on_and_falls_back(book):
    options = dataclasses.replace(book.services.portal, khmer=True)
    for turned_on in (False, True):
        with TestClient(book.app(options=options) if turned_on else book.app()) as client:
            html = client.get("/login?lang=km").text
            assert ('lang="km"' in html) == turned_on and ("ចូល" in html) == turned_on
            assert "Tên đăng nhập" in html                     # not translated yet: Vietnamese, never a key or nothing
    assert Words("km").pick(("Năm", "Year")) == "ឆ្នាំ" and Words("km").pick(("Chưa dịch", "Untranslated")) == "Chưa dịch"
