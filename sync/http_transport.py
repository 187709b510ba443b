"""The exchange with a hub over HTTPS, as a program with OAuth2 client credentials (docs/sync.md)."""
from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx

from sync.errors import Refused, Unreachable
from sync.manifest import Manifest
from sync.pace import Pace

API = "/api/v1"
_AGAIN = {408, 425, 429, 500, 502, 503, 504, 507}       # answers of a server or proxy in trouble: the same may go well later
_TIMEOUT = httpx.Timeout(30.0, read=120.0)


class HttpTransport:
    """`sender.Transport` to one hub. url: as `https://hub.example`; scope: `sync:<commune>`; close it, or use `with`."""

    def __init__(self, url: str, client_id: str, secret: str, scope: str = "", pace: Pace | None = None,
                 transport: httpx.BaseTransport | None = None) -> None:
        self.url, self._credentials, self._scope, self._pace = url.rstrip("/"), (client_id, secret), scope, pace or Pace()
        self._http = httpx.Client(base_url=self.url + API, timeout=_TIMEOUT, transport=transport, follow_redirects=False)
        self._token, self._until = "", 0.0

    def __enter__(self) -> HttpTransport:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def key(self) -> str:
        """The hub's public key for receipts."""
        return str(self._ask("GET", "/sync/key")["public_key"])

    def agree(self, manifest: Manifest) -> Mapping[str, Any]:
        return self._ask("POST", "/sync", content=manifest.canonical, headers={"Content-Type": "application/json"})

    def standing(self, upload: str) -> Mapping[str, Any]:
        return self._ask("GET", f"/sync/{upload}")

    def put(self, upload: str, sha256: str, data: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(data))}
        self._ask("PUT", f"/sync/{upload}/chunks/{sha256}", content=self._pace.slices(data), headers=headers)

    def finish(self, upload: str) -> Mapping[str, Any]:
        return self._ask("POST", f"/sync/{upload}/finish")

    def ask(self, path: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """A question beside the exchange, JSON there and back. Raises SyncError."""
        return self._ask("POST", path, json=dict(question))

    def _ask(self, method: str, path: str, **body: Any) -> Mapping[str, Any]:
        fresh = not self._token
        headers = {**body.pop("headers", {}), "Authorization": f"Bearer {self._bearer()}"}
        answer = self._send(method, path, headers=headers, **body)
        if answer.status_code == 401:
            self._token = ""
            if not fresh:
                raise Unreachable(url=self.url, cause="401")        # the token ended: the next try asks for a new one
        return self._read(answer)

    def _bearer(self) -> str:
        if not self._token or time.monotonic() > self._until:
            form = {"grant_type": "client_credentials", **({"scope": self._scope} if self._scope else {})}
            answer = self._send("POST", "/oauth/token", data=form, auth=self._credentials)
            said = self._read(answer)
            self._token, self._until = said["access_token"], time.monotonic() + said["expires_in"] * 0.8
        return self._token

    def _send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **rest)
        except httpx.HTTPError as e:
            raise Unreachable(url=self.url, cause=type(e).__name__) from e

    def _read(self, answer: httpx.Response) -> Mapping[str, Any]:
        try:
            said = answer.json()
        except ValueError:
            said = None
        if answer.is_success and isinstance(said, dict):
            return said
        if answer.status_code in _AGAIN or said is None:        # what is not JSON comes from something between us and the hub
            raise Unreachable(url=self.url, cause=f"HTTP {answer.status_code}")
        code = said.get("code") or said.get("error") or answer.status_code
        raise Refused(other=str(code), said=str(said.get("message") or said.get("detail_vi") or said.get("error_description") or ""))
