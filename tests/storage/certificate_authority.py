"""A public key infrastructure on loopback: authority, signer, revocation lists (CRL), OCSP and time stamps over real HTTP (certomancer)."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server

KEYS = ("root", "intermediate", "signer", "person", "old-signer", "revoked", "ocsp", "tsa", "tsa-next", "tsa-root")
PASSPHRASE = "bí mật 12"


@dataclass
class Authority:
    """url: of its services. up: false, and every request is answered 503. asked: paths of requests."""

    folder: Path
    url: str
    architecture: Any
    up: bool = True
    asked: list[str] | None = None

    def tsa(self, label: str = "tsa") -> str:
        return f"{self.url}/ca/tsa/{label}"

    def pkcs12(self, label: str = "signer") -> Path:
        path = self.folder / f"{label}.p12"
        path.write_bytes(self.architecture.package_pkcs12(label, password=PASSPHRASE.encode()))
        return path

    def pem(self, label: str) -> Path:
        from asn1crypto import pem

        path = self.folder / f"{label}.cert.pem"
        path.write_bytes(pem.armor("CERTIFICATE", self.architecture.get_cert(label).dump()))
        return path

    @property
    def roots(self) -> list[Path]:
        return [self.pem("root"), self.pem("tsa-root")]


@contextmanager
def authority(folder: Path, now: datetime | None = None, tsa_days: int = 3000) -> Iterator[Authority]:
    """tsa_days: how long the certificate of the service `tsa` is good; `tsa-next` is good for 6000 days."""
    from certomancer.integrations.animator import Animator, AnimatorArchStore
    from certomancer.registry import CertomancerConfig

    for name in KEYS:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        (folder / f"{name}.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    found = Authority(folder, "", None, asked=[])
    app: list[Any] = []

    def answer(environ: dict[str, Any], start: Any) -> Any:
        found.asked.append(environ["PATH_INFO"])
        if not found.up:
            start("503 Service Unavailable", [])
            return [b""]
        return app[0](environ, start)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    server.log = lambda *_: None        # type: ignore[method-assign]
    found.url = f"http://127.0.0.1:{server.server_port}"
    config = CertomancerConfig(_config(now or datetime.now(UTC), tsa_days), key_search_dir=str(folder), external_url_prefix=found.url)
    found.architecture = config.get_pki_arch("ca")
    app.append(Animator(AnimatorArchStore(config.pki_archs), with_web_ui=False))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def _config(now: datetime, tsa_days: int) -> dict[str, Any]:
    def certificate(name: str, issuer: str, days: int, profiles: list[Any], since: int = 1, **more: Any) -> dict[str, Any]:
        start, end = (now + timedelta(days=d) for d in (-since, days))
        validity = {"valid-from": start.replace(microsecond=0).isoformat(), "valid-to": end.replace(microsecond=0).isoformat()}
        return {"subject": name, "issuer": issuer, "subject-key": name, "authority-key": issuer, "profiles": profiles, "validity": validity,
                **more}

    stamping = [{"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]},
                {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": ["digital_signature"]}}]
    ca = {"id": "simple-ca", "params": {"crl-repo": "root"}}
    return {
        "keysets": {"keys": {"keys": {name: {"path": f"{name}.pem"} for name in KEYS}}},
        "pki-architectures": {"ca": {
            "keyset": "keys", "entity-defaults": {"country-name": "VN", "organization-name": "UBND xã Mẫu"},
            "entities": {name: {"common-name": f"Thử nghiệm {name}"} for name in KEYS},
            "certs": {
                "root": certificate("root", "root", 8000, [ca]),
                "intermediate": certificate("intermediate", "root", 7900, [
                    {"id": "simple-ca", "params": {"crl-repo": "intermediate", "ocsp-service": "intermediate", "max-path-len": 0}}]),
                "signer": certificate("signer", "intermediate", 365, ["digsig-commitment"]),
                "person": certificate("person", "intermediate", 365, ["digsig-commitment"]),
                "old-signer": certificate("old-signer", "intermediate", -1, ["digsig-commitment"], since=100),
                "revoked": certificate("revoked", "intermediate", 365, ["digsig-commitment"], revocation={
                    "revoked-since": (now - timedelta(hours=2)).replace(microsecond=0).isoformat(), "reason": "key_compromise"}),
                "ocsp": certificate("ocsp", "intermediate", 365, ["ocsp-responder"]),
                "tsa-root": certificate("tsa-root", "tsa-root", 8000, [{"id": "simple-ca", "params": {"crl-repo": "tsa-root"}}]),
                "tsa": certificate("tsa", "tsa-root", tsa_days, [], extensions=stamping),
                "tsa-next": certificate("tsa-next", "tsa-root", 6000, [], extensions=stamping),
            },
            "services": {
                "ocsp": {"intermediate": {"for-issuer": "intermediate", "responder-cert": "ocsp", "signing-key": "ocsp"}},
                "crl-repo": {name: {"for-issuer": name, "signing-key": name, "simulated-update-schedule": "P30D"}
                             for name in ("root", "intermediate", "tsa-root")},
                "time-stamping": {name: {"signing-key": name, "signing-cert": name} for name in ("tsa", "tsa-next")},
            },
        }},
    }
