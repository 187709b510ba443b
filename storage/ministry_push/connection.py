"""HTTP to the Ministry's software: tokens of three styles, one call, one answer. Nothing of it is kept but the token, in memory."""
from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from storage.ministry_push.adapters import Answer, Parcel, State, answer_of, body_of, poll_body, states_of
from storage.ministry_push.endpoints import Endpoint
from storage.ministry_push.errors import AccessRefused, Unreachable
from storage.ministry_push.options import MinistryOptions

_AGAIN = {408, 425, 429, 500, 502, 503, 504, 507}
_TOKEN_NAMES = ("access_token", "accessToken", "token")
_TOKEN_SECONDS = 300.0          # for answers that do not say how long


class Connection:
    """To one installation of the Ministry's software, directly or over the province's bus. Use `with`, or close it."""

    def __init__(self, options: MinistryOptions, transport: httpx.BaseTransport | None = None) -> None:
        self.options = options
        timeout = httpx.Timeout(options.seconds, connect=min(10.0, options.seconds))
        self._http = httpx.Client(timeout=timeout, transport=transport, follow_redirects=False)
        self._tokens: dict[str, tuple[str, float]] = {}      # by address: the token, and until when (monotonic seconds)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def send(self, endpoint: Endpoint, parcel: Parcel) -> Answer:
        """Hand the dossier over. Raises Unreachable (it may have arrived all the same), AccessRefused."""
        return answer_of(self._ask(endpoint, endpoint.path, body_of(endpoint, parcel)))

    def probe(self, endpoint: Endpoint) -> None:
        """Ask for a token and nothing else. Raises Unreachable, AccessRefused."""
        self._bearer(endpoint)

    def states(self, endpoint: Endpoint, module: str, dossiers: Sequence[str]) -> list[State]:
        """What became of dossiers; [] where the endpoint has no poll. Raises Unreachable, AccessRefused."""
        if not endpoint.poll:
            return []
        return states_of(self._ask(endpoint, endpoint.poll, poll_body(dossiers, module, self.options.province)))

    def _ask(self, endpoint: Endpoint, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._post(self._address(endpoint, path), json=body, headers=self._headers(endpoint))
        if answer.status_code == 401:
            self._tokens.clear()                    # it ran out before its time: a fresh one, once
            answer = self._post(self._address(endpoint, path), json=body, headers=self._headers(endpoint))
        if answer.status_code in (401, 403):
            raise AccessRefused(cause=f"HTTP {answer.status_code}")
        return _read(answer)

    def _address(self, endpoint: Endpoint, path: str) -> str:
        return f"{(endpoint.url or self.options.url).rstrip('/')}/{path.lstrip('/')}"

    def _headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._bearer(endpoint)}"}
        return headers | ({"lgspaccesstoken": self._lgsp()} if self.options.access == "lgsp" else {})

    def _lgsp(self) -> str:
        o = self.options
        said = {"AccessKey": o.account, "SecretKey": o.secret, "AppName": o.app_name, "PartnerCode": o.partner_code,
                "PartnerCodeCus": o.partner_code_cus}
        return base64.b64encode(json.dumps(said).encode()).decode()

    def _bearer(self, endpoint: Endpoint) -> str:
        o, address = self.options, self._address(endpoint, self.options.token_path)
        kept, until = self._tokens.get(address, ("", 0.0))
        if kept and time.monotonic() < until:
            return kept
        if o.access == "lgsp":
            answer = self._post(address, data={"grant_type": "client_credentials"}, headers={"lgspaccesstoken": self._lgsp()})
        elif o.access == "secret":
            answer = self._post(address, json={"SecretId": o.account, "SecretPass": o.secret})
        else:
            answer = self._post(address, json={"userName": o.account, "password": o.secret})
        if answer.status_code in (400, 401, 403):
            raise AccessRefused(cause=f"HTTP {answer.status_code}")
        said = _read(answer)
        inner = said["data"] if isinstance(said.get("data"), dict) else said
        token = next((str(inner[n]) for n in _TOKEN_NAMES if inner.get(n)), "")
        if not token:
            raise AccessRefused(cause="no token")
        seconds = inner.get("expires_in")
        lasts = float(seconds) if isinstance(seconds, int | float) else _TOKEN_SECONDS
        self._tokens[address] = (token, time.monotonic() + 0.8 * lasts)
        return token

    def _post(self, address: str, **rest: Any) -> httpx.Response:
        try:
            return self._http.post(address, **rest)
        except httpx.HTTPError as e:
            raise Unreachable(cause=type(e).__name__) from None       # its text may hold what was sent


def _read(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer. One of a client's error (4xx) that explains itself is an answer too."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.status_code in _AGAIN or not isinstance(said, dict):       # what is not JSON comes from something between us
        raise Unreachable(cause=f"HTTP {answer.status_code}")
    return said
