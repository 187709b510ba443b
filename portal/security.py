"""What protects the pages: headers on every answer, the signed session cookie, tokens against forged requests."""
from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION_COOKIE = "sogoc_session"
LANG_COOKIE = "sogoc_lang"
CSRF_HEADER = "X-CSRF-Token"
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self' blob:", "connect-src 'self'",
    "worker-src 'self'", "manifest-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
))
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """ASGI middleware: the headers above on every answer; nothing is kept by the browser unless the answer says otherwise."""

    def __init__(self, app: ASGIApp, https: bool = False) -> None:
        self.app, self.https = app, https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if "location" in headers:
                    headers["location"] = _on_this_site(headers["location"], scope)
                if self.https:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _on_this_site(location: str, scope: Scope) -> str:
    """A redirection to the host the request named, as a path alone: that name is the asker's word."""
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    parts = urlsplit(location)
    if host and parts.netloc == host:
        return "/" + urlunsplit(("", "", parts.path.lstrip("/\\"), parts.query, parts.fragment))
    return location


class BodyLimit:
    """ASGI middleware: bodies over `most` bytes are refused (413) before anything reads them, signed in or not.

    free: paths that bring files and count their bytes themselves.
    """

    def __init__(self, app: ASGIApp, most: int = 256 * 1024, free: str = r"(/upload|/api/v1/sync)(/[^/]+/chunks/[^/]+)?") -> None:
        self.app, self.most, self._free = app, most, re.compile(free)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._free.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"")
        body, more = b"", True
        too_long = said.isdigit() and int(said) > self.most
        while more and not too_long:
            message = await receive()
            if message["type"] != "http.request":       # gone
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
            too_long = len(body) > self.most
        if too_long:
            await PlainTextResponse("Yêu cầu quá dài. / The request is too long.", 413, {"Connection": "close"})(scope, receive, send)
            return
        given = False

        async def whole() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, whole, send)


@dataclass(frozen=True)
class OpenSession:
    """What the session cookie holds: the secret that opens the session's row (storage.user_sessions) and makes its csrf tokens."""

    nonce: str


class SessionSigner:
    """Signs and reads the session cookie; idle_seconds after its last renewal it is no longer good, whatever the session's row says."""

    def __init__(self, key: bytes, idle_seconds: int) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="sogoc.session", signer_kwargs={"digest_method": sha256})
        self._key, self.idle_seconds = key, idle_seconds

    def renew(self, opened: OpenSession) -> str:
        return self._serializer.dumps([opened.nonce])

    def read(self, cookie: str | None) -> OpenSession | None:
        """The session, or None if there is no cookie, it is forged, or too old."""
        try:
            nonce, = self._serializer.loads(cookie or "", max_age=self.idle_seconds)
        except (BadSignature, ValueError, TypeError):
            return None
        return OpenSession(str(nonce))

    def seal(self, what: str, value: object) -> str:
        """A signed value for another cookie of this portal, told apart by what it is for."""
        return self._serializer.dumps([what, value])

    def unseal(self, what: str, cookie: str | None, seconds: int) -> object:
        """What was sealed for the same use within that time, or None."""
        try:
            said, value = self._serializer.loads(cookie or "", max_age=seconds)
        except (BadSignature, ValueError, TypeError):
            return None
        return value if said == what else None

    def csrf(self, nonce: str) -> str:
        """The token that forms and scripts of this session send back."""
        return hmac.new(self._key, b"csrf:" + nonce.encode(), sha256).hexdigest()

    def ticket(self, nonce: str, what: str) -> str:
        """Shows that this session was let in to `what`; for addresses of parts of it, which are not asked and logged one by one."""
        return hmac.new(self._key, f"ticket:{nonce}:{what}".encode(), sha256).hexdigest()[:40]

    def ticket_holds(self, nonce: str, what: str, ticket: str) -> bool:
        return hmac.compare_digest(self.ticket(nonce, what).encode(), ticket.encode())

    def csrf_holds(self, nonce: str, token: str | None) -> bool:
        return token is not None and hmac.compare_digest(self.csrf(nonce).encode(), token.encode())
