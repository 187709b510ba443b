"""A software token (SoftHSM) with a key and certificate on it, in a folder of its own."""
from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
           "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so")
PIN = "4711"


def module() -> Path | None:
    """The library, if SoftHSM is installed."""
    return next((Path(m) for m in MODULES if Path(m).exists()), None) if shutil.which("softhsm2-util") else None


@dataclass(frozen=True)
class Token:
    folder: Path
    module: Path
    label: str = "sogoc"

    def take_out(self) -> None:
        self.folder.rename(self.folder.with_name("out"))
        self.folder.mkdir()

    def put_in(self) -> None:
        self.folder.rmdir()
        self.folder.with_name("out").rename(self.folder)


@contextmanager
def token(folder: Path, key: Path, certificate: bytes) -> Iterator[Token]:
    """key: PEM, PKCS#8, not encrypted; certificate: DER. Both get the label `ky`. SOFTHSM2_CONF is this process's while it lasts."""
    import pkcs11
    from pkcs11 import Attribute, ObjectClass

    found = module()
    assert found is not None
    tokens = folder / "tokens"
    tokens.mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    try:
        for arguments in (["--init-token", "--free", "--label", "sogoc", "--so-pin", "0815", "--pin", PIN],
                          ["--import", str(key), "--token", "sogoc", "--label", "ky", "--id", "01", "--pin", PIN]):
            subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True, timeout=60)
        library = pkcs11.lib(str(found))
        library.reinitialize()
        with library.get_token(token_label="sogoc").open(user_pin=PIN, rw=True) as session:
            from asn1crypto import x509

            subject = x509.Certificate.load(certificate).subject.dump()
            session.create_object({Attribute.CLASS: ObjectClass.CERTIFICATE,
                                   Attribute.CERTIFICATE_TYPE: pkcs11.constants.CertificateType.X_509,
                                   Attribute.TOKEN: True, Attribute.LABEL: "ky", Attribute.ID: b"\x01", Attribute.SUBJECT: subject,
                                   Attribute.VALUE: certificate})
        yield Token(tokens, found)
    finally:
        if before is None:
            os.environ.pop("SOFTHSM2_CONF", None)
        else:
            os.environ["SOFTHSM2_CONF"] = before
