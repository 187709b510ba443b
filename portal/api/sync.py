"""The exchange between a commune's node and this hub: the protocol of `sync`, for clients with a scope sync:<commune>."""
from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from portal.api.context import Desk, desk_of, known_client
from portal.api.entrance import let_in
from portal.api.pace import slow_down
from portal.api.problems import Problem
from portal.exchange import SenderHere, add_exchange, exchange_route, receipt_key
from storage.book_news import MOST_BOOKS, BookId, BookNews, news_of
from storage.clients import client_actor
from storage.policy import communes_of


def _language(request: Request) -> str:
    desk: Desk = request.app.state.desk
    return desk.services.lang


def node(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> SenderHere:
    """The client, for the commune of its scope. Raises Problem not_authenticated, gateway_refused, too_many, not_permitted."""
    client, _ = known_client(request, desk)
    slow_down(request, desk.exchange_pace, f"sync:{client.id}")
    let_in(request, desk.services, client, desk.gateway_key)
    communes = communes_of(client_actor(client.id, client.scopes), "batch.upload") or frozenset()
    if len(communes) != 1:
        raise Problem("not_permitted", f"The token must have one scope sync:<commune>, it has {len(communes)}.",
                      f"Mã truy cập phải có đúng một phạm vi sync:<mã xã>, đang có {len(communes)}.")
    return SenderHere(f"client:{client.id}", min(communes), desk.services.lang, desk.services, desk.services.portal.max_upload_bytes,
                      desk.start_reading)


router = APIRouter(tags=["sync"], route_class=exchange_route(_language))


@router.get("/sync/key", summary="Khóa kiểm tra biên nhận / Key that receipts are checked with")
def key(desk: Annotated[Desk, Depends(desk_of)]) -> dict[str, str]:
    """The public key (Ed25519, base64) that receipts of this hub are checked with."""
    return {"public_key": receipt_key(desk.services).public}


class Books(BaseModel):
    """As the hub called them in its receipts."""

    books: Annotated[list[BookId], Len(1, MOST_BOOKS)]


class BooksNews(BaseModel):
    books: list[BookNews]


@router.post("/sync/books", summary="Tỉnh đã làm gì với các quyển đã gửi / What became of the books that were sent")
def books(asked: Books, who: Annotated[SenderHere, Depends(node)]) -> BooksNews:
    """State of each book of the client's commune, why it went back, and the pages to be taken again. Others' books are left out."""
    with who.services.database.reading() as session:
        return BooksNews(books=news_of(session, asked.books, who.commune or ""))


add_exchange(router, node, "/sync")
