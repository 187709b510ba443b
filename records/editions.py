"""Editions: a form issued anew with the same page has an id, a legal basis and dates of its own, and is told by the code it prints."""
from __future__ import annotations

from dataclasses import replace
from datetime import date

from records.forms import Form, Label, load_forms

_CODE_AT = 42.0, 9.0, 8.0       # where the composer prints an edition's code: mm from the right edge, from the top; points


def editions_of(form: Form) -> tuple[Form, ...]:
    """The form whose layout this one has, and its later editions, oldest first."""
    layout = form.layout or form.id
    return tuple(sorted((f for f in load_forms().values() if layout in (f.id, f.layout)), key=lambda f: (f.valid_from, f.id)))


def layout_of(form_id: str | None) -> str | None:
    """The id of the layout of a form; what is no form's id comes back as it is."""
    form = load_forms().get(form_id or "")
    return form.layout or form.id if form is not None else form_id


def with_editions(form: Form, data: dict) -> list[Form]:
    """The form of a file with the later editions that the file names. KeyError or TypeError name what is missing or unknown."""
    return [form, *(_edition(form, **e) for e in data.get("edition", []))]


def _edition(form: Form, id: str, generation: str, legal_basis: str, valid_from: date, printed_code: str,
             valid_to: date | None = None, source: str = "") -> Form:
    code = Label(printed_code, form.width - _CODE_AT[0], _CODE_AT[1], size=_CODE_AT[2], region="header")
    return replace(form, id=id, generation=generation, legal_basis=legal_basis, valid_from=valid_from, valid_to=valid_to, layout=form.id,
                   printed_code=printed_code, labels=(*form.labels, code), source=" ".join((source or form.source).split()))
