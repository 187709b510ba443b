"""The exchange of `sync` over HTTP, the same for browsers (/upload) and for programs (/api/v1/sync): only who asks differs."""
from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ocr.errors import Language
from ocr.images import Limits as PageLimits
from pipelines.services import Services
from portal.keys import portal_key
from portal.upload_target import Target, find_target, finish_target, named_target
from storage.book_making import commune_of_new_book
from storage.book_transfer import WORK_FILE, take_told
from storage.intake import add_files, conflict_name
from storage.models import Page
from storage.policy import Actor, kinds_of
from storage.review_errors import OtherKind
from storage.scan_folder import Source, escapes, safe_name, unique
from storage.set_aside import explain
from sync.errors import BadManifest, DiskFull, SyncError, TooManyUploads
from sync.held_originals import HeldOriginals
from sync.manifest import BIGGEST_CHUNK, MANIFEST_BYTES, Limits, Manifest, parse_manifest
from sync.receipt import ReceiptKey
from sync.receiver import Receiver, Standing

_STATUS = {"unknown_upload": 404, "unknown_chunk": 404, "too_many_files": 413, "upload_too_big": 413, "file_too_big": 413,
           TooManyUploads.code: 409, "incomplete": 409, "manifest_wrong": 409, DiskFull.code: 507}
Short = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class About(BaseModel):
    """What the sender says of the book; empty is not said."""

    model_config = ConfigDict(extra="forbid")
    loai: Annotated[str, StringConstraints(pattern=r"^(|KS|KH|KT|NCM|GH|CN|CC|HN|HS)$")] = ""
    nam: Annotated[int | None, Field(ge=1850, le=2200)] = None
    quyenSo: Short = ""
    noiDangKy: Short = ""
    mau: Annotated[str, StringConstraints(max_length=16)] = ""
    xa: Annotated[str, StringConstraints(pattern=r"^([0-9]{2,8})?$")] = ""     # commune of a new book, where a person works for several
    batch: Annotated[str, StringConstraints(max_length=120)] = ""       # an open book the files are added to
    replaces: Annotated[int | None, Field(ge=1)] = None                 # a page of it that the file is taken again for


@dataclass(frozen=True)
class SenderHere:
    """Who sends. owner is also the name in the log; commune: the program's, a person says it of each book; lang: of messages; actor: the
    person, None for a program."""

    owner: str
    commune: str | None
    lang: str
    services: Services
    max_upload_bytes: int
    start_reading: Callable[[str], None] | None = None
    actor: Actor | None = None

    @property
    def receiver(self) -> Receiver:
        s = self.services
        limits = Limits(file_bytes=s.intake.max_file_bytes, upload_bytes=self.max_upload_bytes)
        return Receiver(s.home / "uploads", receipt_key(s), limits, HeldOriginals(s.database, s.objects))

    def page_limits(self) -> PageLimits:
        intake = self.services.intake
        return PageLimits(bytes=intake.max_file_bytes, pixels=intake.max_pixels, frames=intake.max_frames)

    def take_in(self, manifest: Manifest, files: Sequence[Path]) -> Mapping[str, Any]:
        """The files as a scanned folder; safe to repeat, the same files are one batch."""
        s, claimed = self.services, set[str]()
        target = find_target(s.database, self.actor, manifest.about, files, self.page_limits()) if self.actor is not None else Target()
        old = self._file_of(target.replaces)
        sources = []
        told: Path | None = None
        for facts, path in zip(manifest.files, files, strict=True):
            if self.actor is None and facts.name == WORK_FILE:
                told = path
                continue
            bad = escapes(facts.name)
            name = conflict_name(old, facts.sha256) if old is not None else safe_name(facts.name)
            sources.append(Source(unique(name, claimed), None if bad else path, "unsafe_name" if bad else None))
        declared = {k: v for k, v in manifest.about.items() if v not in ("", None) and k not in ("batch", "replaces", "xa")}
        taken = add_files(s.database, s.ledger, safe_name(manifest.name)[:100], sources, limits=self.page_limits(), declared=declared,
                          commune=None if target.batch else self._commune(manifest.about), actor=self.owner, into=target.batch,
                          replaces=target.replaces, antivirus=s.antivirus)
        if self.actor is not None and target.batch is not None:
            with s.database.session() as session:
                finish_target(session, self.actor, target, [f.sha256 for f in manifest.files])
        elif told is not None:
            with s.database.session() as session:
                take_told(session, taken.batch_id, told.read_bytes(), self.owner)
        if (taken.added or taken.known) and self.start_reading is not None:       # also after a kill between the two
            self.start_reading(taken.batch_id)
        refused = [{"file": r.file, "code": r.reason, "detail": r.detail} for r in taken.set_aside]
        return {"batch": taken.batch_id, "added": taken.added, "known": taken.known, "refused": refused}

    def check(self, about: Mapping[str, Any]) -> None:
        """Refuse before anything travels what would be refused at the end: a book that is not there or not open, another's commune or
        kind."""
        if self.actor is None:
            if about.get("batch") or about.get("xa"):
                raise BadManifest(what="about")
            return
        with self.services.database.reading() as session:
            if named_target(session, self.actor, about).batch is not None:
                return
        kinds = kinds_of(self.actor, "batch.upload", self._commune(about))
        if kinds is not None and about.get("loai") not in kinds:
            raise OtherKind(kinds=", ".join(sorted(kinds)))

    def _commune(self, about: Mapping[str, Any]) -> str | None:
        return self.commune if self.actor is None else commune_of_new_book(self.actor, about.get("xa"))

    def _file_of(self, page_id: int | None) -> str | None:
        if page_id is None:
            return None
        with self.services.database.reading() as session:
            return session.get_one(Page, page_id).file

    def said(self, standing: Standing) -> dict[str, Any]:
        """The standing; what was refused is explained in the sender's language."""
        refused = standing.receipt["outcome"]["refused"] if standing.receipt else []
        lang: Language = "en" if self.lang == "en" else "vi"
        return standing.as_json() | {"refused": [{"file": r["file"], "message": explain(r["code"], r["detail"], lang)} for r in refused]}


class StandingAnswer(BaseModel):
    """How far an upload is. missing: runs of chunk numbers; receipt: once it is finished."""

    model_config = ConfigDict(extra="allow")
    id: str
    state: str
    missing: list[list[int]]
    receipt: dict[str, Any] | None = None
    refused: list[dict[str, str]] = []


class ExchangeRefusal(BaseModel):
    """code: stable (sync/errors.py); message: in the language of the hub."""

    code: str
    message: str


_BYTES = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}


def _manifest_body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": {
        "type": "object", "required": ["format", "name", "about", "chunk_size", "files"], "properties": {
            "format": {"const": "sogoc-manifest/1"}, "name": {"type": "string"}, "about": {"type": "object"},
            "chunk_size": {"type": "integer"}, "files": {"type": "array", "items": {"type": "object"}}}}}}}}


def _documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {s: {"model": ExchangeRefusal, "description": "What is wrong and what to do / Sai gì và cần làm gì"} for s in statuses}


def receipt_key(services: Services) -> ReceiptKey:
    """The key receipts of this home are signed with."""
    return ReceiptKey(portal_key(services.secrets, "receipts")[:32])


def exchange_route(language: Callable[[Request], str]) -> type[APIRoute]:
    """Routes that answer a SyncError as {code, message} in the language of the request."""

    class ExchangeRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    return await inner(request)
                except ClientDisconnect:                # the line dropped; nobody is there to read this
                    return Response(status_code=400)
                except SyncError as e:
                    return JSONResponse({"code": e.code, "message": e.message(language(request))}, _STATUS.get(e.code, 422))

            return handle

    return ExchangeRoute


def add_exchange(router: APIRouter, sender: Callable[..., Any], path: str = "") -> None:
    """The five requests of the protocol under `path` of the router; `sender` is the dependency that says who asks."""
    asker: Any = Depends(sender)

    async def agree(request: Request, who: SenderHere = asker) -> dict[str, Any]:
        """The manifest as the body; answers what is lacking. The same manifest again is the same upload."""
        data = await _body(request, MANIFEST_BYTES)
        return await run_in_threadpool(_agree, who, data)

    def standing(upload: Hash, who: SenderHere = asker) -> dict[str, Any]:
        """How far the upload is."""
        return who.said(who.receiver.standing(who.owner, upload))

    async def put(upload: Hash, sha256: Hash, request: Request, who: SenderHere = asker) -> dict[str, bool]:
        """One chunk as the body; it is on the disk when this answers."""
        data = await _body(request, BIGGEST_CHUNK)
        return {"new": await run_in_threadpool(who.receiver.put, who.owner, upload, sha256, data)}

    def finish(upload: Hash, who: SenderHere = asker) -> dict[str, Any]:
        """Take the files in, once; answers the signed receipt. state `finishing`: ask again in a while."""
        return who.said(who.receiver.finish(who.owner, upload, who.take_in))

    def cancel(upload: Hash, who: SenderHere = asker) -> dict[str, bool]:
        """Drop an unfinished upload."""
        who.receiver.cancel(who.owner, upload)
        return {"cancelled": True}

    told: dict[int | str, dict[str, Any]] = {200: {"model": StandingAnswer}}
    router.post(path, responses={**_documented(422, 409, 413, 507), **told}, openapi_extra=_manifest_body(),
                summary="Thỏa thuận các tệp sẽ gửi / Agree on what will be sent")(agree)
    router.get(path + "/{upload}", responses={**_documented(404, 422), **told}, summary="Đã nhận đến đâu / How far it is")(standing)
    router.put(path + "/{upload}/chunks/{sha256}", responses=_documented(404, 409, 413, 422, 507), openapi_extra=_BYTES,
               summary="Gửi một phần / Send a chunk")(put)
    router.post(path + "/{upload}/finish", responses={**_documented(404, 409, 413, 422, 507), **told},
                summary="Gửi xong, nhận biên nhận / Finish, receive the receipt")(finish)
    router.delete(path + "/{upload}", responses=_documented(404, 409, 422), summary="Bỏ lần gửi / Give an upload up")(cancel)


def _agree(who: SenderHere, data: bytes) -> dict[str, Any]:
    receiver = who.receiver
    try:
        manifest = parse_manifest(json.loads(data), receiver.limits)
        About.model_validate(dict(manifest.about))
    except (ValueError, RecursionError) as e:       # not JSON, not UTF-8, or not what may be said of a book
        raise BadManifest(what="about" if isinstance(e, ValidationError) else "JSON") from None
    who.check(manifest.about)
    return who.said(receiver.agree(who.owner, manifest))


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise BadManifest(what=f"> {most}")
    return bytes(body)
