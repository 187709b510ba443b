"""One session with a PKCS#11 token for the whole process: opened when first needed, dropped when the token is gone, opened again later."""
from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from storage.signing_errors import TokenPinWrong, TokenUnavailable


@cache
def shared_session(module: Path, token: str, certificate: str, key: str) -> TokenSession:
    """The session of this process with that token."""
    return TokenSession(module, token, certificate, key)


class TokenSession:
    """turn(pin) lends pyhanko's signer to one thread at a time. A wrong PIN is tried once, never again: three tries lock a token."""

    def __init__(self, module: Path, token: str, certificate: str, key: str) -> None:
        self._module, self._token, self._certificate, self._key = module, token, certificate, key
        self._lock = threading.RLock()
        self._session: Any = None
        self._signer: Any = None
        self._refused: set[str] = set()

    @contextmanager
    def turn(self, pin: str) -> Iterator[Any]:
        """Raises TokenUnavailable (gone, no such token or key: may be back later), TokenPinWrong."""
        from pkcs11.exceptions import PKCS11Error

        with self._lock:
            if self._signer is None:
                self._signer = self._open(pin)
            try:
                yield self._signer
            except PKCS11Error as e:
                self._drop()
                raise TokenUnavailable(token=self._token, cause=type(e).__name__) from e

    def _open(self, pin: str) -> Any:
        import pkcs11
        from pkcs11 import exceptions as p11
        from pyhanko.sign.pkcs11 import PKCS11Signer

        seen = hashlib.sha256(pin.encode()).hexdigest()
        if seen in self._refused:
            raise TokenPinWrong(token=self._token)
        try:
            library = pkcs11.lib(str(self._module))
            library.reinitialize()          # else a token put in later is not seen; nothing of ours is open here
            token = library.get_token(token_label=self._token)
            self._session = token.open(user_pin=pin)
            signer = PKCS11Signer(self._session, cert_label=self._certificate, key_label=self._key or self._certificate,
                                  other_certs_to_pull=None)
            if signer.signing_cert is None:
                raise TokenUnavailable(token=self._token, cause=f"no certificate labelled {self._certificate}")
            return signer
        except (p11.PinIncorrect, p11.PinLocked, p11.PinInvalid, p11.PinLenRange) as e:
            self._refused.add(seen)
            self._drop()
            raise TokenPinWrong(token=self._token) from e
        except TokenUnavailable:
            self._drop()
            raise
        except Exception as e:              # the library's own errors, no such file, no such token or certificate
            self._drop()
            raise TokenUnavailable(token=self._token, cause=type(e).__name__) from e

    def _drop(self) -> None:
        session, self._session, self._signer = self._session, None, None
        if session is not None:
            from contextlib import suppress

            with suppress(Exception):       # a token that is gone cannot even be logged out of
                session.close()
