"""What a proxy before the portal says of the asker: believed from the proxies of the settings alone, taken away from everybody else."""
from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

VERIFY, CERTIFICATE = "x-ssl-client-verify", "x-ssl-client-cert"
_OURS = b"x-ssl-client-"


class ForwardedHeaders:
    """ASGI middleware: `X-Forwarded-For`, `X-Forwarded-Proto` and `X-SSL-Client-…` count where the connection comes from one of
    `proxies`; the last of these are taken away where it does not."""

    def __init__(self, app: ASGIApp, proxies: Collection[str]) -> None:
        self._app, self._proxies = app, frozenset(proxies)
        self._forwarded = ProxyHeadersMiddleware(app, trusted_hosts=list(proxies))    # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            peer = (scope.get("client") or ("", 0))[0]
            if peer in self._proxies:
                await self._forwarded(scope, receive, send)     # type: ignore[arg-type]
                return
            if any(name.startswith(_OURS) for name, _ in scope["headers"]):
                scope = {**scope, "headers": [(n, v) for n, v in scope["headers"] if not n.startswith(_OURS)]}
        await self._app(scope, receive, send)


def client_certificate(headers: Headers) -> str:
    """The SHA-256 thumbprint (base64url, RFC 8705 §3.1) of the TLS certificate that the proxy verified; "" without one.

    nginx: `proxy_set_header X-SSL-Client-Verify $ssl_client_verify; proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;`
    """
    return _thumbprint(headers.get(CERTIFICATE, "")) if headers.get(VERIFY, "") == "SUCCESS" else ""


@lru_cache(maxsize=256)
def _thumbprint(escaped: str) -> str:
    try:
        der = x509.load_pem_x509_certificate(unquote(escaped).encode("ascii")).public_bytes(Encoding.DER)
    except ValueError:
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
