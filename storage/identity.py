"""The demo signing identity: an own root certificate and a signer under it, made at `sogoc init`. A hub puts its agency's own in its place.

Files in the folder: root.pem, root-key.pem, signer.pem, signer-key.pem, passphrase.txt; the keys are encrypted with the passphrase,
keys and passphrase are 0600.
"""
from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DEMO_NAME = "Chứng thư thử nghiệm Sổ Gốc – không có giá trị pháp lý"
_ROOT_DAYS, _SIGNER_DAYS = 3650, 1825


def create_demo_identity(folder: Path, agency: str = "", now: datetime | None = None) -> Path:
    """Make the identity if it is not there; returns the folder. What is there is never replaced. agency: the signer's organisation."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if (folder / "signer.pem").exists():        # written last
        return folder
    start = (now or datetime.now(UTC)).replace(microsecond=0) - timedelta(minutes=5)
    passphrase = secrets.token_urlsafe(24)
    root_key, signer_key = _new_key(), _new_key()
    root_name = _name("Sổ Gốc – CA thử nghiệm / demo root CA", agency)
    root = _certificate(root_name, root_name, root_key.public_key(), root_key, start, _ROOT_DAYS, authority=True, issuer_key=root_key)
    signer = _certificate(_name("Sổ Gốc – chữ ký thử nghiệm", agency), root_name, signer_key.public_key(), root_key, start, _SIGNER_DAYS,
                          authority=False, issuer_key=root_key)
    _write(folder / "passphrase.txt", passphrase.encode() + b"\n")
    _write(folder / "root-key.pem", _pem_key(root_key, passphrase))
    _write(folder / "signer-key.pem", _pem_key(signer_key, passphrase))
    _write(folder / "root.pem", root.public_bytes(serialization.Encoding.PEM), 0o644)
    _write(folder / "signer.pem", signer.public_bytes(serialization.Encoding.PEM), 0o644)
    return folder


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def _name(common: str, agency: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, (agency or "Sổ Gốc")[:64]),
             x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEMO_NAME), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    return x509.Name(parts)


def _certificate(subject: x509.Name, issuer: x509.Name, public: rsa.RSAPublicKey, signing: rsa.RSAPrivateKey, start: datetime, days: int,
                 *, authority: bool, issuer_key: rsa.RSAPrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(digital_signature=not authority, content_commitment=not authority, key_cert_sign=authority, crl_sign=authority,
                          key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
               .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
               .add_extension(usage, critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False))
    return builder.sign(signing, hashes.SHA256())


def _pem_key(key: rsa.RSAPrivateKey, passphrase: str) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.BestAvailableEncryption(passphrase.encode()))


def _write(path: Path, data: bytes, mode: int = 0o600) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)
