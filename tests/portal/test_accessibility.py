"""WCAG 2.1 AA with axe in a real Chromium: every page, both languages, an office screen and a telephone; every control by keyboard.

A new page is one line in PAGES: a name, its address ({entry}, {batch}, {dossier}, {second}, {differs}, {push} are filled in) and an account
that may see it.
"""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from portal_browser import serving
from portal_house import MOTHERS, House, session_cookie
from sqlalchemy import select

from portal.reports.catalogue import REPORTS
from portal.security import SESSION_COOKIE
from storage import accounts, check_policy, review, second_check
from storage.models import Base, Batch, Dossier, Entry, MinistryPush, Page
from storage.policy import Actor

sync_api = pytest.importorskip("playwright.sync_api")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

PAGES = (
    ("login", "/login", None), ("login-code", "/login/code", None),
    ("home", "/", "tp.lan"), ("home-admin", "/", "quan.tri"), ("books", "/books", "tp.lan"),
    ("book", "/books/{batch}", "tp.lan"), ("queue", "/review", "tp.lan"), ("review", "/review/{entry}", "tp.lan"),
    ("upload", "/upload", "xa.minh"), ("dossiers", "/dossiers", "tp.lan"), ("dossier", "/dossiers/{dossier}", "tp.lan"),
    ("log", "/log", "kiem.toan"), ("log-check", "/log/check", "kiem.toan"), ("alerts", "/log/alerts", "kiem.toan"),
    ("refused", "/khong-co", "tp.lan"),
    ("api-docs", "/api/v1/docs", None), ("new-book", "/books/new", "xa.minh"), ("desk", "/books/{batch}", "xa.minh"),
    ("second-checks", "/second-check", "tp.hai"), ("second-check", "/second-check/{second}", "tp.hai"),
    ("differences", "/differences", "tp.duyet"), ("difference", "/differences/{differs}", "tp.duyet"),
    ("check-policy", "/check-policy", "quan.tri"), ("reviewers", "/reports/reviewers", "tp.duyet"), ("reports", "/reports", "quan.tri"),
    *((f"report-{r.name}", f"/reports/{r.name}", "quan.tri") for r in REPORTS.values()), ("report-plan", "/reports/plan", "quan.tri"),
    ("accounts", "/accounts", "quan.tri"), ("account", "/accounts/tp.lan", "quan.tri"), ("clients", "/clients", "quan.tri"),
    ("me", "/me", "tp.lan"), ("who-saw", "/log/entry/{entry}", "kiem.toan"),
    ("extracts", "/extracts", "xa.minh"), ("person-log", "/log/person", "kiem.toan"),
    ("population", "/review/{entry}/population", "tp.lan"), ("pushes", "/pushes", "tp.duyet"), ("push", "/pushes/{push}", "tp.duyet"),
    ("push-find", "/pushes/find?kind=KS&number=999&year=2017", "tp.duyet"), ("push-new", "/pushes/new/{sent}", "tp.duyet"),
)
SCREENS = {"office": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
_NAMES = {"runOnly": {"type": "rule", "values": ["button-name", "link-name", "label", "select-name", "image-alt", "document-title"]},
          "resultTypes": ["violations"]}
_OPTIONS = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}


@pytest.fixture
def site(book: House) -> Iterator[SimpleNamespace]:
    """The portal over the small book with a dossier, a Chromium, and the values of the addresses."""
    with book.database.session() as s:
        accounts.add_user(s, "quan.tri", "cầu-vồng-7-sắc", "administrator")
        batch = Batch(id="HS.2001", kind="HS", content_hash="x", folder="", commune_code="21139")
        s.add(batch)
        page = s.scalars(select(Page).where(Page.state == "read")).first()
        s.add(Page(batch_id="HS.2001", file="hs.jpg", sha256=page.sha256, size=page.size, media_type=page.media_type, state="read",
                   original_key=page.original_key, width=page.width, height=page.height))
        value = {"value": "Về việc cấp lại", "raw": "Về việc", "confidence": 0.5, "box": [60, 40, 300, 90], "page": 0, "source": "ocr"}
        dossier = Dossier(batch_id="HS.2001", fields={"trichYeu": value})
        s.add(dossier)
        s.flush()
        values = {"batch": "KS.2017.01", "dossier": dossier.id}
        first = s.scalars(select(Entry.id).order_by(Entry.id)).first()
        refused = MinistryPush(module="LTKS", dossier="H21-1", entry_id=first, state="dead", problem="dossier_refused",
                               said=["nksDanToc không tồn tại trong danh mục"], decided_by="tp.duyet",
                               content={"values": {"nksHoTen": "Lê Thị Loan", "nksDanToc": "Kinh"}})
        s.add(refused)
        s.flush()
        values["push"] = refused.id
    values["entry"], values["second"], values["differs"] = book.entries()
    _second_checks(book, values["second"], values["differs"])
    with book.database.session() as s:
        born = s.scalars(select(Page).where(Page.batch_id == "KS.2017.01")).first()
        s.add(sent := Entry(page_id=born.id, row=9, kind="KS", form="KS2016", number="9", year=2017, status="archived"))
        s.flush()
        values["sent"] = sent.id
    app = book.app()
    with serving(app) as address, sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield SimpleNamespace(browser=browser, values=values, app=app, address=address)
        browser.close()


def _second_checks(book: House, second: int, differs: int) -> None:
    """One entry waits for a second person, in the other two people wrote different things."""
    lan, hai = Actor("tp.lan", "reviewer"), Actor("tp.hai", "reviewer")
    with book.database.session() as s:
        for name, role in (("tp.hai", "reviewer"), ("tp.duyet", "approver")):
            accounts.add_user(s, name, None, role)
        check_policy.set_policy(s, Actor("quan.tri", "administrator"), "KS", check_policy.KindPolicy(checks=2))
    for step, *arguments in ((review.decide_link, lan, second, "me", MOTHERS[0][0]),
                             (review.correct_field, lan, differs, "nksHoTen", "Lê Thị Loan Bích")):
        with book.database.session() as s:
            step(s, *arguments)
    for entry in (second, differs):
        with book.database.session() as s:
            review.verify_entry(s, lan, entry, acknowledge=True)
    with book.database.session() as s:
        second_check.take(s, hai, differs)
    with book.database.session() as s:
        assert second_check.answer(s, hai, differs).state == "differs"


def opened(site: SimpleNamespace, screen: str, lang: str, account: str | None):
    """A page as that account on that screen; the policy is set aside for axe's own script alone (another test holds the policy)."""
    context = site.browser.new_context(viewport=SCREENS[screen], base_url=site.address, bypass_csp=True, reduced_motion="reduce")
    step = site.app.state.portal.sessions.seal("step", ["tp.lan"])
    cookies = [{"name": "sogoc_lang", "value": lang, "url": site.address}, {"name": "sogoc_step", "value": step, "url": site.address}]
    if account:
        cookies.append({"name": SESSION_COOKIE, "value": session_cookie(site.app, account), "url": site.address})
    context.add_cookies(cookies)
    return context.new_page()


def told(violation) -> str:
    nodes = "; ".join(f"{n['target']} {n.get('failureSummary', '')[:160]}" for n in violation["nodes"][:3])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {nodes}"


@pytest.mark.parametrize(("lang", "screen"), [("vi", "office"), ("vi", "phone"), ("en", "office")])
def test_no_page_has_a_serious_violation(site: SimpleNamespace, screen: str, lang: str) -> None:
    """In English only what other words can change: the width, and what controls are called."""
    axe, bad, tabs = axe_api.Axe(), {}, {}
    for name, address, account in PAGES:
        if account not in tabs:
            tabs[account] = opened(site, screen, lang, account)
        page = tabs[account]
        page.goto(address.format(**site.values) + ("?lang=en" if lang == "en" and account is None else ""))
        page.wait_for_load_state("load")
        found = axe.run(page, options=_OPTIONS if lang == "vi" else _NAMES).response["violations"]
        serious = [told(v) for v in found if v["impact"] in ("serious", "critical")]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
            serious.append("the page scrolls sideways")
        if page.evaluate("document.documentElement.lang") != lang:
            serious.append("lang of the document")
        if serious:
            bad[name] = serious
    assert not bad, "\n".join(f"{name}: {line}" for name, lines in bad.items() for line in lines)


def test_every_control_is_reached_by_keyboard(site: SimpleNamespace) -> None:
    """Tab from the top reaches each visible link, button and field once around, and each shows where the focus is."""
    bad, tabs = {}, {}
    for name, address, account in PAGES:
        if account not in tabs:
            tabs[account] = opened(site, "office", "vi", account)
        page = tabs[account]
        page.goto(address.format(**site.values))
        page.evaluate("""() => { document.activeElement.blur(); let n = 0;
          for (const e of document.querySelectorAll('a[href],button,input,select,textarea,summary,[tabindex]'))
            if (e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.type !== 'hidden' && !e.closest('dialog:not([open])')
                && e.tabIndex >= 0 && !(e.type === 'radio' && !e.checked)) e.dataset.control = ++n; }""")
        wanted = page.evaluate("document.querySelectorAll('[data-control]').length")
        reached, dim = set(), []
        for _ in range(wanted + 8):
            page.keyboard.press("Tab")
            at = page.evaluate("""() => { const e = document.activeElement, s = getComputedStyle(e);
              const around = getComputedStyle(e.closest('label') || e);
              const seen = s.outlineStyle !== 'none' || s.boxShadow !== 'none' || around.outlineStyle !== 'none';
              return [e.dataset.control || '', seen, e.outerHTML.slice(0, 80)]; }""")
            reached.add(at[0])
            if at[0] and not at[1]:
                dim.append(at[2])
        missing = page.evaluate("""r => [...document.querySelectorAll('[data-control]')].filter(e => !r.includes(e.dataset.control))
          .map(e => e.outerHTML.slice(0, 90))""", list(reached))
        if missing or dim:
            bad[name] = (missing[:4], dim[:3])
    assert not bad, bad


def test_every_page_of_people_is_in_the_list(book: House) -> None:
    """A page that answers HTML and takes no parameter but ids belongs here."""
    from routes import API, known_routes
    assert Base.metadata.tables
    listed = {address.split("?")[0].format(entry="{entry_id}", batch="{batch_id}", dossier="{dossier_id}", second="{entry_id}",
                                           differs="{entry_id}", push="{push_id}", sent="{entry_id}") for _, address, _ in PAGES}
    pages = {r.path for r in known_routes(book.app()) if r.method == "GET" and not r.path.startswith(API)}
    others = {"/books/{batch_id}/progress", "/pages/{page_id}/{size}.jpg", "/review/next", "/dossiers/next", "/upload/shell",
              "/upload/session", "/second-check/next", "/differences/next", "/review/ahead", "/review/{entry_id}/fragment",
              "/books/{batch_id}/desk", "/books/{batch_id}/cover.pdf", "/books/{batch_id}/records.xlsx", "/reports/{name}",
              "/reports/{name}/xlsx", "/accounts/{name}", "/accounts/communes", "/me/code.svg", "/login/sso", "/login/sso/back",
              "/pages/{page_id}/tiles.json", "/pages/{page_id}/tiles/{ticket}/{level:int}/{column}_{line}.jpg",
              "/pages/{page_id}/tiles/{ticket}/region/{x}_{y}_{width}_{height}.jpg",
              "/upload/app.webmanifest", "/upload/service-worker.js", "/upload/{upload}", "/upload/{upload}/files/{number}", "/health",
              "/.well-known/oauth-authorization-server/api/v1",
              # looked at in test_extract_pages
              "/extracts/{extract_id}", "/extracts/{extract_id}/page.jpg", "/extracts/{extract_id}/document"}
    assert pages - listed - others == set()
