"""The one settings tree: defaults, then `sogoc.toml` in the home, then `SOGOC_…` in the environment. Unknown keys are refused."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sogoc.connection_settings import ApiSettings, HubSettings, MinistrySettings, PopulationQuerySettings, SsoSettings
from sogoc.errors import SogocError
from sogoc.log_settings import LogSettings, SocSettings, WatchSettings
from sogoc.report_settings import ReportSettings
from sogoc.settings_section import Section, WrongValue

FILE_NAME = "sogoc.toml"


class SettingsError(SogocError):
    """A setting is unknown, of the wrong kind, or a secret where none may stand."""

    code = "settings"


class DatabaseSettings(Section):
    url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the home. PostgreSQL: postgresql+psycopg://user@host/name")
    password_file: Path | None = Field(None, description="file holding the database password")


class ObjectSettings(Section):
    endpoint: str = Field("", description="host:port of the S3 server; empty: the embedded one")
    access_key: str = Field("", description="access key of the S3 server")
    secret_key: SecretStr = Field(SecretStr(""), description="secret key; only from the environment")
    secret_key_file: Path | None = Field(None, description="file holding the secret key")
    secure: bool = Field(True, description="TLS to the S3 server")
    archive_bucket: str = Field("sogoc-archive", description="versioned, object-locked bucket")
    work_bucket: str = Field("sogoc-work", description="bucket of what can be made again")
    region: str = Field("us-east-1", description="S3 region")


class IntakeSettings(Section):
    max_file_mb: int = Field(256, ge=1, description="largest page file taken")
    max_megapixels: int = Field(120, ge=1, description="largest page decoded")
    max_frames: int = Field(2000, ge=1, description="most pages in one PDF or TIFF")


class AntivirusSettings(Section):
    engine: Literal["none", "clamd", "clamscan"] = Field("none", description="none; clamd (a service, fast); clamscan (a program, slow)")
    address: str = Field("/run/clamav/clamd.ctl", description="clamd: its Unix socket, or host:port")
    program: str = Field("clamscan", description="clamscan: the program")
    signatures: str = Field("", description="clamscan: file or folder of signatures; empty: its own (/var/lib/clamav)")
    seconds: int = Field(120, ge=1, description="a scan that takes longer counts as not done")
    required: bool = Field(False, description="true: a file that no scanner called clean is set aside, not opened")


class ReadingSettings(Section):
    model: str = Field("", description="handwriting model; empty: the one chosen (`sogoc model use`), or the default")
    workers: int = Field(2, ge=1, le=64, description="processes that read pages")
    chunk_pages: int = Field(4, ge=1, le=64, description="pages handed to a process at a time")
    dpi: int = Field(200, ge=100, le=600, description="resolution PDF sheets are drawn at")
    worker_memory_mb: int = Field(1500, ge=300, description="a process above this is replaced")
    page_seconds: int = Field(300, ge=5, description="a page that takes longer is set aside")
    forms: str = Field("", description="folder of form files of one's own; empty: forms in the home (see docs/forms.md)")


class MatchingSettings(Section):
    link: bool = Field(True, description="link entries to the population snapshot")


class ArchiveSettings(Section):
    undo_seconds: int = Field(60, ge=0, description="a verified entry can be undone that long, then it is archived")
    retain_years: int = Field(1, ge=1, le=100, description="object lock on archived objects; civil-status books are kept for ever: renew")
    retention_mode: Literal["COMPLIANCE", "GOVERNANCE"] = Field(
        "COMPLIANCE", description="COMPLIANCE: nobody can lift the lock; GOVERNANCE: an administrator can",
    )
    agency_name: str = Field("", description="who archives, written into the manifest")
    agency_code: str = Field("", description="agency identifier (mã định danh), e.g. H21.129")
    fonds_code: str = Field("", pattern="^([A-Za-z0-9][A-Za-z0-9.-]{0,39})?$",
                            description="fonds code (mã phông) that the archive gave; nothing is archived without it")
    fixity_threads: int = Field(1, ge=1, le=32,
                                description="objects the fixity audit reads at once, and at most as many are read again after a kill")
    fixity_mb_per_second: float = Field(0, ge=0, description="the fixity audit reads no faster; 0: as fast as it goes")
    fixity_minutes: float = Field(240, ge=0, description="the nightly audit stops after that and goes on the next night; 0: to the end")
    tsa_url: str = Field("", description="time-stamp service; empty: none")


class SigningSettings(Section):
    key: Literal["pem", "pkcs12", "pkcs11"] = Field("pem", description="pem: secrets/signing in the home; pkcs12: a file; pkcs11: a token")
    file: Path | None = Field(None, description="pkcs12: the .p12 or .pfx file")
    passphrase: SecretStr = Field(SecretStr(""), description="pkcs12: its passphrase; only from the environment")
    passphrase_file: Path | None = Field(None, description="pkcs12: file holding the passphrase")
    module: Path | None = Field(None, description="pkcs11: library of the token's maker (.so)")
    token: str = Field("", description="pkcs11: label of the token")
    certificate: str = Field("", description="pkcs11: label of the certificate on it")
    key_label: str = Field("", description="pkcs11: label of the key; empty: the certificate's")
    pin: SecretStr = Field(SecretStr(""), description="pkcs11: PIN; only from the environment")
    pin_file: Path | None = Field(None, description="pkcs11: file holding the PIN")
    level: Literal["", "B-B", "B-T", "B-LT", "B-LTA"] = Field("", description="PAdES level; empty: B-T with archive.tsa_url, else B-B")
    when_unreachable: Literal["wait", "upgrade"] = Field(
        "wait", description="no time stamp or revocation answer to be had: wait, or sign B-B and upgrade later"
    )
    trust: list[Path] = Field(default_factory=list, description="PEM files of root authorities: of the signer, of the time-stamp service")
    renew_days: int = Field(90, ge=1, description="B-LTA: a time stamp is renewed that many days before its certificate ends")


class PortalSettings(Section):
    host: str = Field("127.0.0.1", description="address the portal listens on")
    port: int = Field(8080, ge=1, le=65535, description="port the portal listens on")
    public_url: str = Field("", description="address people and programs use; empty: http://host:port")
    session_minutes: int = Field(60, ge=1, description="an idle session ends after that")
    token_seconds: int = Field(3600, ge=60, description="life of an API token")
    lease_seconds: int = Field(300, ge=10, description="an entry is held that long for one reviewer")
    max_upload_mb: int = Field(512, ge=1, description="largest upload")
    secure_cookies: bool = Field(False, description="cookies only over TLS; set it when a proxy gives TLS")
    tile_cache_mb: int = Field(2048, ge=64, description="room in the home for pages cut into tiles; made again when needed")
    copy_links: Literal["portal", "store"] = Field(
        "portal", description="who serves short-lived addresses of copies; store: presigned by S3, if clients reach objects.endpoint"
    )
    copy_link_seconds: int = Field(300, ge=10, le=900, description="life of such an address")
    khmer: bool = Field(False, description="offer Khmer too; texts not translated yet are shown in Vietnamese")
    session_hours: int = Field(12, ge=1, le=168, description="any session ends after that")
    second_factor_roles: list[str] = Field(
        default_factory=list, description='who must use one-time passwords: ["administrator", "approver"]'
    )




class ExtractAgency(Section):
    """One entry of `extracts.agencies`."""

    code: str
    name: str
    parent: str = ""
    place: str = ""


class ExtractSigner(Section):
    """One entry of `extracts.signers`."""

    name: str
    capacity: list[str] = Field(min_length=1)
    file: Path | None = None
    passphrase_file: Path | None = None


class ExtractSettings(Section):
    cutoff: str = Field("15:00", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
                        description="extracts asked for later are due a working day later")
    parent: str = Field("", description="the agency above the one that issues extracts, first line of the page")
    place: str = Field("", description="place before the day on extracts: Quảng Ngãi")
    agencies: dict[str, ExtractAgency] = Field(
        default_factory=dict,
        description="commune code -> who issues extracts of its books (code, name, parent, place); else the archive's agency",
    )
    signers: dict[str, ExtractSigner] = Field(
        default_factory=dict, description="account -> who may sign extracts (name, capacity; file, passphrase_file: their own .p12)"
    )


class PopulationSettings(Section):
    columns: dict[str, str] = Field(default_factory=dict, description='agreed column -> header of your file: {ho_ten = "HO TEN"}')


class Settings(BaseSettings):
    """All settings of one home; `load` is the way to make one."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="SOGOC_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    home: Path = Field(Path("var"), description="everything is kept here (SOGOC_HOME)")
    lang: Literal["vi", "en"] = Field("vi", description="language of messages (SOGOC_LANG)")
    database: DatabaseSettings = DatabaseSettings()
    objects: ObjectSettings = ObjectSettings()
    intake: IntakeSettings = IntakeSettings()
    antivirus: AntivirusSettings = AntivirusSettings()
    reading: ReadingSettings = ReadingSettings()
    matching: MatchingSettings = MatchingSettings()
    archive: ArchiveSettings = ArchiveSettings()
    signing: SigningSettings = SigningSettings()
    portal: PortalSettings = PortalSettings()
    sso: SsoSettings = SsoSettings()
    hub: HubSettings = HubSettings()
    population: PopulationSettings = PopulationSettings()
    ministry: MinistrySettings = MinistrySettings()
    population_query: PopulationQuerySettings = PopulationQuerySettings()
    reports: ReportSettings = ReportSettings()
    extracts: ExtractSettings = ExtractSettings()
    api: ApiSettings = ApiSettings()
    log: LogSettings = LogSettings()
    soc: SocSettings = SocSettings()
    watch: WatchSettings = WatchSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # the environment wins over the file's values, which come through init


@dataclass(frozen=True)
class Shown:
    """One setting as `sogoc doctor --settings` shows it; a secret's value is only said to be set or not."""

    name: str
    value: str
    source: str
    description: str


def home_path(explicit: Path | None = None) -> Path:
    """The home: the argument, SOGOC_HOME, or ./var; absolute."""
    return (explicit or Path(os.environ.get("SOGOC_HOME") or "var")).expanduser().absolute()


def load(home: Path | None = None) -> Settings:
    """The settings of a home.

    Raises SettingsError naming the key and the file or variable for unknown keys, wrong values and secrets in the file.
    """
    place = home_path(home)
    data = read_file(place / FILE_NAME)
    check_names(data, place / FILE_NAME)
    check_environment(os.environ)
    data.pop("home", None)
    try:
        settings = Settings(**data)
    except ValidationError as e:
        first = e.errors()[0]
        name = ".".join(str(p) for p in first["loc"])
        variable = variable_of(name)
        where = variable if variable in os.environ else str(place / FILE_NAME)
        ours = first.get("ctx", {}).get("error")
        why_vi, why_en = (f": {ours.vi}", ours.en) if isinstance(ours, WrongValue) else ("", first["msg"])
        raise SettingsError(f"{name}: giá trị không hợp lệ{why_vi} ({where}).", f"{name}: {why_en} ({where}).") from e
    return settings.model_copy(update={"home": place})


def read_file(path: Path) -> dict[str, Any]:
    """The file's tables; {} when there is none."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise SettingsError(f"{path} không đúng dạng TOML: {e}", f"{path} is not valid TOML: {e}") from e


def leaves() -> Iterator[tuple[str, Any]]:
    """(dotted name, field) of every setting, in order."""
    for name, info in Settings.model_fields.items():
        section = info.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key, leaf in section.model_fields.items():
                yield f"{name}.{key}", leaf
        else:
            yield name, info


def variable_of(name: str) -> str:
    """`reading.workers` -> SOGOC_READING__WORKERS."""
    return "SOGOC_" + name.upper().replace(".", "__")


def check_names(data: Mapping[str, Any], path: Path) -> None:
    known = {name for name, _ in leaves()}
    sections = {name.split(".")[0] for name in known if "." in name}
    for key, value in data.items():
        if key == "home" or (key in sections and not isinstance(value, Mapping)) or (key not in sections and key not in known):
            raise SettingsError(f"{path}: không có thiết lập «{key}».", f"{path}: there is no setting “{key}”.")
        for inner in value if isinstance(value, Mapping) else ():
            if f"{key}.{inner}" not in known:
                raise SettingsError(f"{path}: không có thiết lập «{key}.{inner}».", f"{path}: there is no setting “{key}.{inner}”.")
    url = data.get("database", {}).get("url", "")
    written = "secret_key" in data.get("objects", {}) or "client_secret" in data.get("sso", {})
    written = written or not {"pin", "passphrase"}.isdisjoint(data.get("signing", {})) or "secret" in data.get("ministry", {})
    if written or (isinstance(url, str) and urlsplit(url).password):
        raise SettingsError(
            f"{path}: không ghi mật khẩu vào tệp này; dùng biến môi trường SOGOC_… hoặc objects.secret_key_file, "
            "database.password_file, sso.client_secret_file, signing.pin_file, signing.passphrase_file, ministry.secret_file.",
            f"{path}: no secrets in this file; use SOGOC_… in the environment, or objects.secret_key_file, database.password_file, "
            "sso.client_secret_file, signing.pin_file, signing.passphrase_file, ministry.secret_file.",
        )


def check_environment(environment: Mapping[str, str]) -> None:
    known = {variable_of(name) for name, _ in leaves()} | {"SOGOC_POPULATION__COLUMNS", "SOGOC_SSO__GROUPS"}
    for name in environment:
        if name.startswith("SOGOC_") and name not in known:
            raise SettingsError(f"Biến môi trường {name} không phải là thiết lập nào.", f"The environment variable {name} is no setting.")


def show(settings: Settings) -> list[Shown]:
    """Every value and where it came from: `default`, the file, or the variable."""
    data = read_file(settings.home / FILE_NAME)
    out = []
    for name, leaf in leaves():
        value: Any = settings
        written: Any = data
        for part in name.split("."):
            value = getattr(value, part)
            written = written.get(part) if isinstance(written, Mapping) else None
        variable = variable_of(name)
        source = variable if variable in os.environ else FILE_NAME if written is not None else "default"
        if isinstance(value, SecretStr):
            text = "********" if value.get_secret_value() else ""
        elif name == "database.url" and urlsplit(str(value)).password:
            text = str(value).replace(urlsplit(str(value)).password or "", "********")
        else:
            text = str(value) if value is not None else ""
        out.append(Shown(name, text, source, leaf.description or ""))
    return out
