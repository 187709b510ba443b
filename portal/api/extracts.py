"""Copies of extracts (bản sao trích lục) for the one-stop system: ask for one, see how far it is, fetch it, say that it was handed over."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from portal.api.context import Desk, Inquiry, desk_of, inquiry
from portal.api.problems import Problem, responses
from portal.notation import VIETNAM
from storage.access_log import Purpose
from storage.errors import ObjectMissing, ObjectStoreUnavailable, StorageError
from storage.extracts import requests, steps
from storage.extracts.deadline import today
from storage.extracts.errors import NoAgency, NoFormInForce, NoSuchExtract, NoSuchRecord, RequestDiffers, WrongState
from storage.extracts.keeping import keep
from storage.extracts.listing import is_late, printed_codes, visible_extract
from storage.extracts.requests import Registration
from storage.extracts.revocation import FILE_NAME, MEDIA_TYPE
from storage.models import Extract, StoredObject
from storage.review_errors import NotAllowed
from storage.signature_upkeep import current_extract

router = APIRouter(prefix="/extracts", tags=["extracts"])
Short = Annotated[str, StringConstraints(max_length=80, strip_whitespace=True)]
_PROBLEMS: dict[type[StorageError], str] = {
    NoSuchExtract: "not_found", NoSuchRecord: "not_found", NotAllowed: "not_permitted", RequestDiffers: "conflict", WrongState: "conflict",
    NoFormInForce: "invalid", NoAgency: "unavailable", ObjectMissing: "unavailable", ObjectStoreUnavailable: "unavailable",
}
_REFUSED = responses("missing_context", "not_authenticated", "not_permitted", "not_found", "invalid", "too_many", "unavailable")
_KEY = r"^[\x21-\x7e]{1,120}$"


class Name(BaseModel):
    Ho: Short = ""
    ChuDem: Short = ""
    Ten: Short = ""


class BirthDate(BaseModel):
    """The month and day may lack."""

    namSinh: Annotated[int, Field(ge=1850, le=2200)]
    thangSinh: Annotated[int, Field(ge=1, le=12)] | None = None
    ngaySinh: Annotated[int, Field(ge=1, le=31)] | None = None


class ExtractRequest(BaseModel):
    """Which record: its `record_id` as a search gave it, or the registration in the field names of the Ministry's module BS. Name and
    birth date are compared with the record. Other fields of that module (cbs…, nyc…) may be sent; they are neither used nor kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"loaiBanSao": "KS", "soDangKyTruocDay": "1", "quyenSoDangKyTruocDay": "01/2017", "ngayDangKyTruocDay": "18/03/2017",
         "noiDangKyTruocDay": "21139", "cbsHoTen": {"Ho": "Lê", "ChuDem": "Thị", "Ten": "Loan"},
         "cbsNgaySinh": {"namSinh": 2017, "thangSinh": 3, "ngaySinh": 1}, "soLuong": 1}]})
    record_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    loaiBanSao: Literal["KS", "KH", "KT", "NCM"] | None = None
    soDangKyTruocDay: Annotated[str, StringConstraints(pattern=r"^\s*\d{1,5}[A-Za-z]?(/\d{4})?\s*$")] | None = None
    quyenSoDangKyTruocDay: Annotated[str, StringConstraints(max_length=32)] = ""
    ngayDangKyTruocDay: Annotated[str, StringConstraints(pattern=r"^\d{2}/\d{2}/\d{4}$")] | None = None
    noiDangKyTruocDay: Annotated[str, StringConstraints(max_length=200)] = ""
    cbsHoTen: Name | None = None
    cbsNgaySinh: BirthDate | None = None
    soLuong: Annotated[int, Field(ge=1, le=50, description="How many copies the citizen asked for")] = 1

    @field_validator("ngayDangKyTruocDay")
    @classmethod
    def _a_day(cls, value: str | None) -> str | None:
        if value is not None:
            datetime.strptime(value, "%d/%m/%Y")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> ExtractRequest:
        named = (self.loaiBanSao, self.soDangKyTruocDay, self.ngayDangKyTruocDay)
        if (self.record_id is None) == (None in named):
            raise ValueError("give record_id, or loaiBanSao, soDangKyTruocDay and ngayDangKyTruocDay")
        return self

    def registration(self) -> Registration:
        """What the module BS names; only where record_id is not given."""
        assert self.loaiBanSao and self.soDangKyTruocDay and self.ngayDangKyTruocDay
        n, b = self.cbsHoTen, self.cbsNgaySinh
        born = "-".join([f"{b.namSinh:04d}", *(f"{p:02d}" for p in (b.thangSinh, b.ngaySinh if b.thangSinh else None) if p)]) if b else ""
        return Registration(self.loaiBanSao, self.soDangKyTruocDay, datetime.strptime(self.ngayDangKyTruocDay, "%d/%m/%Y").date(),
                            self.quyenSoDangKyTruocDay.strip(), self.noiDangKyTruocDay.strip(),
                            " ".join(p for p in (n.Ho, n.ChuDem, n.Ten) if p) if n else "", born)


class ExtractState(BaseModel):
    """How far an extract is. number, issue_day: once it has them. due_on: the last day in time; late: not issued by then. reason: why it
    was refused or cancelled. document: whether it can be fetched, with its SHA-256."""

    id: str
    state: Literal["requested", "signed", "numbered", "issued", "delivered", "refused", "cancelled"]
    kind: Literal["KS", "KH", "KT", "NCM"]
    dossier: str
    copies: int
    received_at: str
    due_on: date
    late: bool
    number: str | None = None
    issue_day: date | None = None
    reason: str | None = None
    document: bool = False
    document_sha256: str | None = None


@router.post("", status_code=201, responses={200: {"model": ExtractState, "description": "The same request came before: its extract"},
                                             **_REFUSED, **responses("conflict")},
             summary="Yêu cầu bản sao trích lục / Ask for an extract")
def ask(body: ExtractRequest, asked: Annotated[Inquiry, Depends(inquiry)], response: Response,
        idempotency_key: Annotated[str | None, Header(pattern=_KEY, description="Mã của yêu cầu, gửi lại cùng mã khi thử lại / the "
                                                      "request's own key: send the same when trying again")] = None) -> ExtractState:
    """Sent again with the same key, or for the same dossier and record, it is the same extract: 200 instead of 201."""
    services = asked.desk.services
    kinds = asked.client.kinds("extract")
    if body.record_id is None:
        asked.must(str(body.loaiBanSao), "extract")
    elif not kinds:
        raise Problem("not_permitted", "The token has no extract scope.", "Mã truy cập không có phạm vi cấp trích lục nào.")
    with _problems():
        with services.database.reading() as session:
            entry_id = (requests.entry_of_package(session, body.record_id, kinds) if body.record_id is not None
                        else requests.find_entry(session, body.registration()))
        request = requests.Request(entry_id, asked.dossier, body.soLuong, idempotency_key or "")
        extract, new = requests.take(services.extract_office, asked.actor, request, _purpose(asked))
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/api/v1/extracts/{extract.id}"
    return _state(extract, None)


@router.get("/revoked", response_class=Response, summary="Danh sách trích lục đã hủy, đã ký / Signed list of extracts that no longer hold",
            responses={200: {"content": {MEDIA_TYPE: {}}, "description": "COSE_Sign1; docs/extracts.md tells what is in it"},
                       **responses("unavailable")})
def revoked(desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    """For everybody who checks codes offline: fetch it daily, carry it along (`sogoc verify --revoked`). Numbers, nothing of persons."""
    return Response(desk.revoked.current(), 200, {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}, MEDIA_TYPE)


@router.get("/{extract_id}", responses=_REFUSED, summary="Trạng thái, số, hạn trả / State, number, deadline")
def state(extract_id: str, asked: Annotated[Inquiry, Depends(inquiry)]) -> ExtractState:
    with _problems(), asked.desk.services.database.session() as session:
        extract = visible_extract(session, asked.actor, extract_id)
        asked.must(extract.kind, "extract")
        asked.log(session, "extract.state", f"entry:{extract.entry_id}", extract=extract.id, fields=[])
        return _state(extract, current_extract(session, extract))


@router.get("/{extract_id}/document", response_class=Response, summary="Tệp trích lục có hai chữ ký số / The signed document",
            responses={200: {"content": {"application/pdf": {}}, "description": "PDF/A with both signatures"},
                       304: {"description": "Not changed: it is only when a signature is renewed"}, **_REFUSED, **responses("conflict")})
def document(extract_id: str, request: Request, asked: Annotated[Inquiry, Depends(inquiry)]) -> Response:
    """From the moment it is issued, with the newest time stamps. ETag is its SHA-256; If-None-Match is honoured."""
    services = asked.desk.services
    with _problems(), services.database.session() as session:
        extract = visible_extract(session, asked.actor, extract_id)
        asked.must(extract.kind, "extract")
        stored = current_extract(session, extract)
        if extract.state not in ("issued", "delivered") or stored is None:
            raise WrongState(state=extract.state)
        headers = {"ETag": f'"{stored.sha256}"', "Cache-Control": "private, no-cache",
                   "Content-Disposition": f'attachment; filename="{extract.kind}.{extract.number_year}.{extract.number}.pdf"'}
        same = headers["ETag"] in (request.headers.get("if-none-match") or "")
        asked.log(session, "extract.fetch", f"entry:{extract.entry_id}", extract=extract.id, fields=[] if same else printed_codes(extract))
    if same:
        return Response(status_code=304, headers=headers)
    with _problems():
        keep(services.extract_office, extract_id)           # nobody has a document of which the store does not know that it was issued
        return Response(services.ledger.get(stored.key), 200, headers, "application/pdf")


@router.post("/{extract_id}/delivered", responses={**_REFUSED, **responses("conflict")},
             summary="Xác nhận đã trả kết quả / Say that it was handed over")
def delivered(extract_id: str, asked: Annotated[Inquiry, Depends(inquiry)]) -> ExtractState:
    """Said again, nothing changes."""
    services = asked.desk.services
    with _problems():
        return _state(steps.deliver(services.extract_office, asked.actor, extract_id, _purpose(asked)), None)


def _purpose(asked: Inquiry) -> Purpose:
    return Purpose(asked.purpose, asked.dossier, asked.service, asked.officer)


def _state(extract: Extract, stored: StoredObject | None) -> ExtractState:
    facts: dict[str, Any] = {name: getattr(extract, name) for name in ("id", "state", "kind", "dossier", "copies", "due_on", "issue_day")}
    ready = extract.state in ("issued", "delivered")
    return ExtractState(**facts, received_at=extract.received_at.astimezone(VIETNAM).isoformat(), number=steps.number_text(extract) or None,
                        late=is_late(extract, today(datetime.now(VIETNAM))), reason=extract.reason or None, document=ready,
                        document_sha256=stored.sha256 if stored is not None and ready else None)


@contextmanager
def _problems() -> Iterator[None]:
    """What storage refuses, as a problem of the API."""
    try:
        yield
    except StorageError as e:
        code = next((code for kind, code in _PROBLEMS.items() if isinstance(e, kind)), None)
        if code is None:
            raise
        raise Problem(code, e.message("en"), e.message("vi")) from e
