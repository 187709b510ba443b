"""Signing in at an OpenID Connect provider: authorization code with PKCE, state and nonce. Nothing but the provider is asked."""
from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from pipelines.services import SsoOptions

_TIMEOUT = 6                # seconds for one answer of the provider
_FRESH = 3600               # seconds its description and keys are kept
_LEEWAY = 120               # seconds its clock may be off
_NO = ("access_denied", "login_required", "consent_required", "interaction_required")
_SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


class SsoFailed(Exception):
    """code: away (no answer), refused (the person or the provider said no), wrong (its answer does not hold)."""

    def __init__(self, code: str, cause: str = "") -> None:
        super().__init__(f"{code}: {cause}")
        self.code, self.cause = code, cause


@dataclass(frozen=True)
class Started:
    """Where the browser is sent, and what has to come back with it; kept in a signed cookie meanwhile."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is. groups: as it names them."""

    subject: str
    name: str
    display_name: str
    email: str
    groups: tuple[str, ...]


class Provider:
    """The provider of the settings. Thread-safe; its description is fetched when first needed and kept an hour."""

    def __init__(self, options: SsoOptions, redirect_uri: str) -> None:
        self.options, self.redirect_uri = options, redirect_uri
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def start(self) -> Started:
        """Raises SsoFailed away or wrong."""
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        with self._client() as client:
            url, state = client.create_authorization_url(self._endpoint("authorization_endpoint"), nonce=nonce, code_verifier=verifier)
        return Started(url, state, nonce, verifier)

    def finish(self, answer: str, state: str, nonce: str, verifier: str) -> Identity:
        """Who it is, from the address the browser came back to. Raises SsoFailed."""
        error = parse_qs(urlsplit(answer).query).get("error", [""])[0]
        if error:
            raise SsoFailed("refused" if error in _NO else "wrong", error[:60])
        try:
            with self._client() as client:
                token = client.fetch_token(self._endpoint("token_endpoint"), authorization_response=answer, state=state,
                                           code_verifier=verifier, allow_redirects=False)
                claims = self._claims(token, nonce)
                more = self._user_info(client, claims)
        except requests.RequestException as e:
            raise SsoFailed("away", type(e).__name__) from e
        except (AuthlibBaseError, JoseError) as e:
            raise SsoFailed("wrong", getattr(e, "error", "") or type(e).__name__) from e
        except (ValueError, KeyError, TypeError) as e:
            raise SsoFailed("wrong", type(e).__name__) from e
        return self._identity({**more, **claims})

    def sign_out_address(self, back: str) -> str | None:
        """Where the browser ends its session at the provider (RP-initiated logout), if that is offered; it comes back to `back`."""
        try:
            if not self._description().get("end_session_endpoint"):
                return None
            end = self._endpoint("end_session_endpoint")
        except SsoFailed:
            return None
        said = urlencode({"client_id": self.options.client_id, "post_logout_redirect_uri": back})
        return f"{end}{'&' if '?' in end else '?'}{said}"

    def _client(self) -> OAuth2Session:
        o = self.options
        offered = self._description().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
        client = OAuth2Session(o.client_id, o.client_secret, token_endpoint_auth_method=method, scope=" ".join(o.scopes),
                               redirect_uri=self.redirect_uri, code_challenge_method="S256", default_timeout=_TIMEOUT)
        client.trust_env = False            # no proxy, no .netrc of this machine
        return client

    def _claims(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        offered = self._description().get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=[a for a in offered if a in _SIGNED], strict_check_header=False)
        written = token["id_token"]
        try:
            decoded = jwt.decode(written, KeySet.import_key_set(self._keys()), registry=registry)
        except (InvalidKeyIdError, ValueError):         # the provider changed its keys
            decoded = jwt.decode(written, KeySet.import_key_set(self._keys(fresh=True)), registry=registry)
        wanted: Any = {"iss": {"essential": True, "value": self._description()["issuer"]},
                       "aud": {"essential": True, "value": self.options.client_id}}
        claims = CodeIDToken(decoded.claims, decoded.header, wanted,
                             {"nonce": nonce, "client_id": self.options.client_id, "access_token": token.get("access_token")})
        claims.validate(leeway=_LEEWAY)
        return dict(claims)

    def _user_info(self, client: OAuth2Session, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the provider says beside the token; only of the same person (OpenID Connect Core §5.3.2)."""
        if not self._description().get("userinfo_endpoint"):
            return {}
        answer = client.get(self._endpoint("userinfo_endpoint"), allow_redirects=False)
        if answer.status_code != 200 or "json" not in answer.headers.get("content-type", ""):
            return {}
        said = answer.json()
        return said if isinstance(said, dict) and said.get("sub") == claims["sub"] else {}

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        o = self.options
        email = str(claims.get("email") or "")
        if o.domains and (email.rpartition("@")[2].casefold() not in o.domains or claims.get("email_verified") is False):
            raise SsoFailed("refused", "domain")
        groups = claims.get(o.groups_claim) or ()
        groups = (groups,) if isinstance(groups, str) else tuple(str(g) for g in groups)
        name = str(claims.get(o.name_claim) or "").partition("@")[0].casefold()
        return Identity(str(claims["sub"]), name, str(claims.get(o.display_claim) or ""), email, groups)

    def _endpoint(self, name: str) -> str:
        """An address of the description, which must be on the issuer's own host. Raises SsoFailed."""
        address = str(self._description().get(name) or "")
        ours, theirs = urlsplit(self.options.issuer), urlsplit(address)
        if (theirs.scheme, theirs.hostname, theirs.port) != (ours.scheme, ours.hostname, ours.port):
            raise SsoFailed("wrong", name)
        return address

    def _description(self) -> dict[str, Any]:
        found = self._get("description", f"{self.options.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.options.issuer:
            raise SsoFailed("wrong", "issuer")
        return found

    def _keys(self, fresh: bool = False) -> Any:
        return self._get("keys", self._endpoint("jwks_uri"), fresh)

    def _get(self, what: str, address: str, fresh: bool = False) -> dict[str, Any]:
        with self._lock:
            at, kept = self._kept.get(what, (0.0, {}))
        if kept and not fresh and time.monotonic() - at < _FRESH:
            return kept
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(address, timeout=_TIMEOUT, allow_redirects=False)
                answer.raise_for_status()
                found = answer.json()
        except (requests.RequestException, ValueError) as e:
            raise SsoFailed("away", type(e).__name__) from e
        if not isinstance(found, dict):
            raise SsoFailed("wrong", what)
        with self._lock:
            self._kept[what] = (time.monotonic(), found)
        return found
