"""Where the signing key lives: PEM files in a folder, a PKCS#12 file, or a PKCS#11 token (USB token, HSM). Secrets are read when needed."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from storage.errors import SigningFailed
from storage.signing_token import TokenSession, shared_session


@dataclass(frozen=True)
class Secret:
    """A PIN or passphrase: the text itself (from the environment) or the file that holds it; never shown."""

    text: str = field(default="", repr=False)
    file: Path | None = None

    def read(self) -> str:
        """Raises SigningFailed when the file cannot be read."""
        if self.text or self.file is None:
            return self.text
        try:
            return self.file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as e:
            raise SigningFailed(cause=f"{self.file.name}: {type(e).__name__}") from e


class SigningKey(Protocol):
    """kind: `pem`, `pkcs12` or `pkcs11`. in_use() gives pyhanko's signer for the length of one signature."""

    kind: ClassVar[str]

    def in_use(self) -> Any: ...
    def certificate(self) -> Any:
        """The signer's certificate, of `cryptography`."""
    def root_files(self) -> list[Path]:
        """Roots that come with the key."""


@dataclass(frozen=True)
class PemFolder:
    """signer.pem, signer-key.pem, passphrase.txt and, if there is one, root.pem (see storage.identity)."""

    folder: Path
    kind: ClassVar[str] = "pem"

    @contextmanager
    def in_use(self) -> Iterator[Any]:
        yield self._signer

    @cached_property
    def _signer(self) -> Any:
        from pyhanko.sign import signers

        passphrase = (self.folder / "passphrase.txt").read_bytes().strip()
        found = signers.SimpleSigner.load(str(self.folder / "signer-key.pem"), str(self.folder / "signer.pem"),
                                          ca_chain_files=[str(p) for p in self.root_files()] or None, key_passphrase=passphrase)
        if found is None:
            raise SigningFailed(cause="key, certificate and passphrase do not go together")
        return found

    def certificate(self) -> Any:
        from cryptography import x509

        try:
            return x509.load_pem_x509_certificate((self.folder / "signer.pem").read_bytes())
        except (OSError, ValueError) as e:
            raise SigningFailed(cause=f"signer.pem: {type(e).__name__}") from e

    def root_files(self) -> list[Path]:
        return [self.folder / "root.pem"] if (self.folder / "root.pem").exists() else []


@dataclass(frozen=True)
class Pkcs12File:
    """A .p12/.pfx file with key, certificate and chain."""

    file: Path
    passphrase: Secret
    kind: ClassVar[str] = "pkcs12"

    @contextmanager
    def in_use(self) -> Iterator[Any]:
        yield self._signer

    @cached_property
    def _signer(self) -> Any:
        from pyhanko.sign import signers

        found = signers.SimpleSigner.load_pkcs12(str(self.file), passphrase=self.passphrase.read().encode() or None)
        if found is None:
            raise SigningFailed(cause=f"{self.file.name} and its passphrase do not go together, or the file cannot be read")
        return found

    def certificate(self) -> Any:
        return _of_asn1(self._signer.signing_cert)

    def root_files(self) -> list[Path]:
        return []


@dataclass(frozen=True)
class Pkcs11Token:
    """module: the maker's library (.so); token: its label; certificate, key: labels on it (key: empty, as the certificate's).

    One session is shared by everything in the process that signs with this token, one signature at a time: tokens allow few sessions.
    """

    module: Path
    token: str
    certificate_label: str
    pin: Secret
    key_label: str = ""
    kind: ClassVar[str] = "pkcs11"

    @contextmanager
    def in_use(self) -> Iterator[Any]:
        with self._session.turn(self.pin.read()) as signer:
            yield signer

    def certificate(self) -> Any:
        with self.in_use() as signer:
            return _of_asn1(signer.signing_cert)

    def root_files(self) -> list[Path]:
        return []

    @property
    def _session(self) -> TokenSession:
        return shared_session(self.module, self.token, self.certificate_label, self.key_label)


def _of_asn1(certificate: Any) -> Any:
    from cryptography import x509

    return x509.load_der_x509_certificate(certificate.dump())
