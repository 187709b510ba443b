"""The home: what is made at init, and how its parts are opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.services import (
    ApiOptions,
    ArchiveOptions,
    ExtractOptions,
    FixityOptions,
    HubOptions,
    IntakeOptions,
    LogOptions,
    MatchingOptions,
    PortalOptions,
    ReadingOptions,
    ReportOptions,
    Services,
    SocOptions,
    SsoOptions,
    WatchOptions,
)
from sogoc.errors import SogocError
from sogoc.settings import FILE_NAME, Settings, SettingsError
from storage.antivirus import Antivirus, Clamd, Clamscan
from storage.database import Database
from storage.embedded_store import EmbeddedStore
from storage.extracts.options import Agency, CompetentSigner
from storage.ministry_push.options import MinistryOptions
from storage.objects import ObjectStore, ObjectStoreConfig
from storage.outbox import ObjectLedger
from storage.population_query.options import PopulationQueryOptions, read_officers
from storage.review_errors import BadAccount
from storage.signing import Signer, create_demo_identity
from storage.signing_keys import Pkcs11Token, Pkcs12File, Secret, SigningKey
from storage.sso_accounts import parse_grants

FOLDERS = ("inbox", "logs", "tmp", "dagster", "secrets", "cache", "locks", "models")
_TOML = """# Thiết lập của Sổ Gốc. Mỗi mục có thể thay bằng biến môi trường, ví dụ SOGOC_READING__WORKERS=4.
# Settings of Sổ Gốc. Each can be given in the environment instead. `sogoc doctor --settings` shows them all.

# lang = "vi"                 # vi | en

# [database]
# url = "postgresql+psycopg://sogoc@db.example/sogoc"

# [objects]                   # máy chủ S3 có object lock; bỏ trống: dùng kho kèm theo / empty: the embedded store
# endpoint = "minio.example:9000"
# access_key = "…"
# secret_key_file = "/etc/sogoc/s3-secret"

# [archive]
# agency_name = "Sở Tư pháp …"
# agency_code = "H21.129"
# fonds_code = "PHONG-001"    # mã phông do cơ quan lưu trữ cấp; chưa có thì chưa lưu trữ / from the archive; nothing is archived without it
"""


class NoHome(SogocError):
    """The home has not been made."""

    code = "no-home"


@dataclass(frozen=True)
class Made:
    """What `create` did: folders and files that were not there before."""

    new: tuple[str, ...]
    revision: str


def create(settings: Settings, fonds_code: str = "") -> Made:
    """Make or upgrade the home: folders, settings file, database schema, object store with its buckets, demo identity. Idempotent.

    fonds_code: stands in a new settings file (else there is none in it).
    """
    home = settings.home
    new = []
    for folder in (home, *(home / f for f in FOLDERS)):
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
            new.append(str(folder))
    (home / "secrets").chmod(0o700)
    toml = f'{_TOML}\n[archive]\nfonds_code = "{fonds_code}"\n' if fonds_code else _TOML
    for path, text in ((home / FILE_NAME, toml), (home / "dagster" / "dagster.yaml", dagster_yaml())):
        if not path.exists():
            temporary = path.with_suffix(f".{os.getpid()}")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
            new.append(str(path))
    database = Database(database_url(settings))
    revision = database.upgrade()
    database.dispose()
    if not settings.database.url:
        (home / "sogoc.db").chmod(0o600)        # also where the home was there before, open to others
    ObjectStore(object_config(settings)).ensure_buckets()
    identity = home / "secrets" / "signing"
    if not identity.exists():
        new.append(str(identity))
    create_demo_identity(identity, settings.archive.agency_name)
    return Made(tuple(new), revision)


def dagster_yaml() -> str:
    """The Dagster settings of one machine, as they come with the program."""
    return (resources.files("dagster_home") / "dagster.yaml").read_text("utf-8")


def database_url(settings: Settings) -> str:
    """The database's URL, with the password of `database.password_file` in it."""
    if not settings.database.url:
        return f"sqlite:///{settings.home / 'sogoc.db'}"
    if settings.database.password_file is None:
        return settings.database.url
    from sqlalchemy.engine import make_url

    url = make_url(settings.database.url).set(password=secret(settings.database.password_file))
    return url.render_as_string(hide_password=False)


def object_config(settings: Settings) -> ObjectStoreConfig:
    """Where objects are kept; without an endpoint the embedded store is started."""
    o = settings.objects
    if not o.endpoint:
        return EmbeddedStore(settings.home).ensure()
    key = secret(o.secret_key_file) if o.secret_key_file is not None else o.secret_key.get_secret_value()
    return ObjectStoreConfig(
        endpoint=o.endpoint,
        access_key=o.access_key,
        secret_key=key,
        secure=o.secure,
        archive_bucket=o.archive_bucket,
        work_bucket=o.work_bucket,
        region=o.region,
    )


def sso_options(settings: Settings) -> SsoOptions | None:
    """Where people sign in with single sign-on; None without an issuer. Raises SogocError for what could not work."""
    s = settings.sso
    if not s.issuer:
        return None
    local = urlsplit(s.issuer).hostname in ("127.0.0.1", "localhost", "::1")
    if not s.client_id or not s.issuer.startswith("http://" if local and s.issuer.startswith("http://") else "https://"):
        raise SogocError("sso: cần issuer là địa chỉ https:// và client_id.", "sso: an issuer with https:// and a client_id are needed.")
    key = secret(s.client_secret_file) if s.client_secret_file is not None else s.client_secret.get_secret_value()
    for group, written in s.groups.items():
        try:
            parse_grants(written)
        except BadAccount as e:
            raise SogocError(f"sso.groups.{group}: {e.message('vi')}", f"sso.groups.{group}: {e.message('en')}") from e
    return SsoOptions(s.issuer.rstrip("/"), s.client_id, key, s.title or urlsplit(s.issuer).hostname or "", tuple(s.scopes), s.name_claim,
                      s.display_claim, s.groups_claim, tuple(d.casefold() for d in s.domains), dict(s.groups), s.create)


def ministry_options(settings: Settings) -> MinistryOptions | None:
    """The Ministry's software as the settings name it; None without an address. Raises SogocError for what could not work."""
    m, home = settings.ministry, settings.home
    if not m.url:
        return None
    key = secret(home / m.secret_file) if m.secret_file is not None else m.secret.get_secret_value()
    agency = m.agency or settings.archive.agency_code
    for name, value in (("account", m.account), ("secret_file", key), ("agency", agency)):
        if not value:
            raise SettingsError(f"Thiếu ministry.{name}.", f"ministry.{name} is missing.")
    return MinistryOptions(m.url, m.access, m.account, key, m.token_path, m.app_name, m.partner_code, m.partner_code_cus, agency,
                           m.province, home / m.endpoints if m.endpoints is not None else None, m.tries, m.seconds)


def population_query_options(settings: Settings) -> PopulationQueryOptions | None:
    """The population database as the settings name it; None without an address. Raises BadOfficers, SogocError."""
    q = settings.population_query
    if not q.url:
        return None
    if q.officers_file is None:
        raise SettingsError("Thiếu population_query.officers_file.", "population_query.officers_file is missing.")
    return PopulationQueryOptions(q.url, q.style, q.integration, read_officers(settings.home / q.officers_file), q.seconds, q.tries)


def secret(path: Path) -> str:
    """The first line of a secret's file."""
    try:
        return path.read_text("utf-8").strip()
    except OSError as e:
        raise SogocError(f"Không đọc được tệp mật khẩu {path}: {e.strerror}.", f"Cannot read the secret file {path}: {e.strerror}.") from e


def soc_options(settings: Settings) -> SocOptions | None:
    """Where the log is sent; None without a collector. Paths are relative to the home."""
    s, home = settings.soc, settings.home
    if not s.host:
        return None
    return SocOptions(s.host, s.port, s.protocol, home / s.ca_file if s.ca_file else None,
                      home / s.certificate_file if s.certificate_file else None, s.seconds, s.from_beginning)


def use_forms(settings: Settings) -> None:
    """Have this process, and the reading processes it starts, know the home's own forms. Raises records.form_file.FormFileError."""
    from records.forms import load_forms, use_folder

    folder = Path(settings.reading.forms).expanduser() if settings.reading.forms else settings.home / "forms"
    if settings.reading.forms and not folder.is_dir():
        raise SogocError(f"Không có thư mục mẫu sổ {folder} (reading.forms).", f"There is no folder of forms {folder} (reading.forms).")
    use_folder(folder if folder.is_dir() else None)
    load_forms()


def model_that_reads(settings: Settings, database: Database | None = None) -> str | None:
    """Id of the handwriting model that reads: `reading.model` of the settings, else the one chosen with `sogoc model use` or by adapting;
    None: the program's preferred one. The home's own models are known to `ocr.recogniser` from now on."""
    from ocr.recogniser import use_models
    from storage.model_choice import chosen_model

    use_models(settings.home / "models")
    if settings.reading.model or not (settings.home / FILE_NAME).exists():
        return settings.reading.model or None
    opened = database or Database(database_url(settings))
    try:
        if not opened.probe()["up_to_date"]:
            return None
        with opened.reading() as session:
            return chosen_model(session)
    finally:
        if database is None:
            opened.dispose()


def model_to_load(settings: Settings, database: Database) -> str | None:
    """What reading processes are told to load: the folder of a model of the home's own, else an id, None for the preferred one."""
    model = model_that_reads(settings, database)
    own = settings.home.absolute() / "models" / (model or "")
    return str(own) if model and (own / "card.json").is_file() else model


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database of an existing home, upgraded; raises NoHome before `sogoc init`."""
    home = settings.home
    if not (home / FILE_NAME).exists():
        raise NoHome(
            f"Chưa có dữ liệu ở {home}. Chạy `sogoc init` trước, hoặc đặt SOGOC_HOME.",
            f"There is no home at {home}. Run `sogoc init`, or set SOGOC_HOME.",
        )
    use_forms(settings)
    database = Database(database_url(settings))
    try:
        if not database.probe()["up_to_date"]:
            database.upgrade()
        yield database
    finally:
        database.dispose()


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """The opened parts of an existing home; raises NoHome before `sogoc init`."""
    with open_database(settings) as database:
        yield build_services(settings, database, ObjectStore(object_config(settings)))


def open_signer(settings: Settings) -> Signer:
    """The signer the settings name; no key is opened yet."""
    s = settings.signing
    return Signer(settings.home / "secrets" / "signing", agency=settings.archive.agency_name, tsa_url=settings.archive.tsa_url or None,
                  key=signing_key(settings), level=s.level or None, roots=[settings.home / p for p in s.trust],
                  when_unreachable=s.when_unreachable)


def signing_key(settings: Settings) -> SigningKey | None:
    """The key outside the home's PEM folder, if the settings name one; paths are relative to the home. Raises SettingsError."""
    s, home = settings.signing, settings.home
    if s.key == "pem":
        return None
    needed = {"file": s.file} if s.key == "pkcs12" else {"module": s.module, "token": s.token, "certificate": s.certificate}
    for name, value in needed.items():
        if not value:
            raise SettingsError(f"Thiếu signing.{name} (signing.key = {s.key}).", f"signing.{name} is missing (signing.key = {s.key}).")
    if s.key == "pkcs12" and s.file is not None:
        return Pkcs12File(home / s.file, Secret(s.passphrase.get_secret_value(), home / s.passphrase_file if s.passphrase_file else None))
    assert s.module is not None
    return Pkcs11Token(s.module, s.token, s.certificate, Secret(s.pin.get_secret_value(), home / s.pin_file if s.pin_file else None),
                       s.key_label)


def extract_options(settings: Settings) -> ExtractOptions:
    """Who issues extracts, who signs them; key files are relative to the home."""
    x, home = settings.extracts, settings.home
    agencies = {code: Agency(a.code, a.name, a.parent or x.parent, a.place or x.place) for code, a in x.agencies.items()}
    signers = {account: CompetentSigner(s.name, tuple(s.capacity), Pkcs12File(home / s.file, Secret(
        "", home / s.passphrase_file if s.passphrase_file else None)) if s.file else None) for account, s in x.signers.items()}
    return ExtractOptions(Agency(settings.archive.agency_code, settings.archive.agency_name, x.parent, x.place), agencies, signers,
                          time.fromisoformat(x.cutoff))


def open_antivirus(settings: Settings) -> Antivirus:
    """The virus scanner the settings name; nothing is started or asked yet."""
    a = settings.antivirus
    if a.engine == "none":
        return Antivirus(None, a.required)
    if a.engine == "clamd":
        return Antivirus(Clamd(a.address, a.seconds), a.required)
    return Antivirus(Clamscan(a.program, Path(a.signatures) if a.signatures else None, a.seconds), a.required)


def api_options(settings: Settings) -> ApiOptions:
    """How programs are let in."""
    a = settings.api
    quotas = {"searches": {"day": a.searches_per_day, "month": a.searches_per_month},
              "records": {"day": a.records_per_day, "month": a.records_per_month},
              "copies": {"day": a.copies_per_day, "month": a.copies_per_month}}
    return ApiOptions(a.per_minute, a.key_days, a.gateway, tuple(a.services), quotas, tuple(a.suspend), a.certificates, tuple(a.proxies))


def build_services(settings: Settings, database: Database, objects: ObjectStore) -> Services:
    """The settings as the options the other rooms know."""
    s, mb = settings, 1024 * 1024
    return Services(
        home=s.home,
        database=database,
        objects=objects,
        ledger=ObjectLedger(database, objects),
        signer=open_signer(s),
        intake=IntakeOptions(s.intake.max_file_mb * mb, s.intake.max_megapixels * 1_000_000, s.intake.max_frames),
        reading=ReadingOptions(
            model_to_load(s, database),
            s.reading.workers,
            s.reading.chunk_pages,
            s.reading.dpi,
            s.reading.worker_memory_mb * mb,
            s.reading.page_seconds,
        ),
        matching=MatchingOptions(s.home / "cache", s.matching.link),
        archive=ArchiveOptions(
            undo_seconds=s.archive.undo_seconds,
            retain_years=s.archive.retain_years,
            agency_name=s.archive.agency_name,
            agency_code=s.archive.agency_code,
            tsa_url=s.archive.tsa_url or None,
            retention_mode=s.archive.retention_mode,
            fonds_code=s.archive.fonds_code,
            renew_days=s.signing.renew_days,
        ),
        reports=ReportOptions(
            s.reports.read_days,
            s.reports.rescan_days,
            s.reports.verify_days,
            s.reports.archive_days,
            s.reports.parent_agency,
            s.reports.agency or s.archive.agency_name,
            s.reports.place,
        ),
        fixity=FixityOptions(s.archive.fixity_threads, s.archive.fixity_mb_per_second, s.archive.fixity_minutes),
        portal=PortalOptions(
            s.portal.host,
            s.portal.port,
            s.portal.public_url or f"http://{s.portal.host}:{s.portal.port}",
            s.portal.session_minutes,
            s.portal.token_seconds,
            s.portal.lease_seconds,
            s.portal.max_upload_mb * mb,
            s.portal.secure_cookies,
            s.portal.session_hours,
            tuple(s.portal.second_factor_roles),
            sso_options(s),
            s.portal.khmer,
            tile_cache_bytes=s.portal.tile_cache_mb * mb,
            copy_links=s.portal.copy_links,
            copy_link_seconds=s.portal.copy_link_seconds,
        ),
        extracts=extract_options(s),
        api=api_options(s),
        watch=WatchOptions(**s.watch.model_dump()),
        population_columns=dict(s.population.columns),
        lang=s.lang,
        antivirus=open_antivirus(s),
        ministry=ministry_options(s),
        population_query=population_query_options(s),
        hub=HubOptions(s.hub.url, s.hub.client, s.hub.secret_file, s.hub.rate_kb or None) if s.hub.url and s.hub.secret_file else None,
        log=LogOptions(s.log.keep_months, s.log.show_officers),
        soc=soc_options(s),
    )
