"""What every pipeline, page and command works with: the opened parts of one installation, and their options as frozen values.

`sogoc.home.open_services` builds a `Services` from the settings; rooms to the left of `sogoc` only ever see this.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from storage.antivirus import Antivirus
from storage.archive_package import ArchiveOptions
from storage.extracts.options import ExtractOptions
from storage.fixity_options import FixityOptions
from storage.log_options import LogOptions
from storage.report_overdue import ReportOptions
from storage.watch_options import WatchOptions

__all__ = [
    "ApiOptions", "ArchiveOptions", "ExtractOptions", "FixityOptions", "IntakeOptions", "LogOptions", "MatchingOptions", "PortalOptions",
    "ReadingOptions", "ReportOptions", "Services", "SocOptions", "SsoOptions", "WatchOptions",
]

if TYPE_CHECKING:
    from storage.database import Database
    from storage.extracts.office import Office
    from storage.ministry_push.options import MinistryOptions
    from storage.objects import ObjectStore
    from storage.outbox import ObjectLedger
    from storage.population_query.options import PopulationQueryOptions
    from storage.signing import Signer


@dataclass(frozen=True)
class IntakeOptions:
    """What a page file may be. max_file_bytes: a whole file; max_pixels: one page decoded; max_frames: pages of one PDF or TIFF."""

    max_file_bytes: int = 256 * 1024 * 1024
    max_pixels: int = 120_000_000
    max_frames: int = 2000


@dataclass(frozen=True)
class ReadingOptions:
    """How pages are read. workers: processes; chunk_pages: pages handed to a worker at a time; dpi: resolution PDF sheets are drawn at.

    worker_memory_bytes: a worker over this after a chunk is replaced by a fresh one. page_seconds: a page that takes longer is set aside.
    """

    model_id: str | None = None
    workers: int = 2
    chunk_pages: int = 4
    dpi: int = 200
    worker_memory_bytes: int = 1_500_000_000
    page_seconds: int = 300


@dataclass(frozen=True)
class MatchingOptions:
    """cache_dir: where the population index is kept; link: False leaves entries unlinked (no population at hand)."""

    cache_dir: Path
    link: bool = True


@dataclass(frozen=True)
class SsoOptions:
    """Signing in at an OpenID Connect provider.

    name_claim, display_claim, groups_claim: where the provider says login name, full name and groups; domains: of e-mail addresses that
    may come in, empty: all; groups: group -> grants given at each sign-in, `role@commune,commune:kind,kind`; create: a person nobody has
    an account for gets one without rights.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False, default="")
    title: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    name_claim: str = "preferred_username"
    display_claim: str = "name"
    groups_claim: str = "groups"
    domains: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    create: bool = True


@dataclass(frozen=True)
class PortalOptions:
    """public_url: what people and programs type; session_minutes: an idle session ends after that, session_hours: any session;
    token_seconds: life of an API token; second_factor_roles: whoever has one of them must use one-time passwords; sso: None without;
    tile_cache_bytes: room for pages cut into tiles."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    session_minutes: int = 60
    token_seconds: int = 3600
    lease_seconds: int = 300
    max_upload_bytes: int = 512 * 1024 * 1024
    secure_cookies: bool = False
    session_hours: int = 12
    second_factor_roles: tuple[str, ...] = ()
    sso: SsoOptions | None = None
    khmer: bool = False                     # offered beside Vietnamese and English; what it lacks is shown in Vietnamese
    tile_cache_bytes: int = 2 * 1024**3
    copy_links: str = "portal"              # who serves short-lived addresses of copies: portal, or store (S3 presigned)
    copy_link_seconds: int = 300


@dataclass(frozen=True)
class ApiOptions:
    """How programs are let in.

    per_minute: requests a client may make; key_days: age at which the key that signs tokens is changed; gateway: whether the header of the
    province's LGSP is ignored, checked where it is sent, or required; services: public-service codes that data is given for, besides those
    in portal/api/disclosure.toml; quotas: measure -> span -> most, for clients that have none of their own; suspend: rules of storage.watch
    that switch a client off; certificates: whether a client's TLS certificate, told by one of the `proxies`, binds its token (RFC 8705).
    """

    per_minute: float = 600.0
    key_days: int = 30
    gateway: Literal["off", "accepted", "required"] = "off"
    services: tuple[str, ...] = ()
    quotas: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    suspend: tuple[str, ...] = ()
    certificates: Literal["off", "accepted", "required"] = "off"
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class HubOptions:
    """The hub that this commune's node sends its books to. secret_file: holds the client's secret."""

    url: str
    client: str
    secret_file: Path
    kilobytes_per_second: int | None = None


@dataclass(frozen=True)
class SocOptions:
    """Where the log is sent as it is written. protocol: tls, tcp or udp; seconds: between looks for new lines."""

    host: str
    port: int = 6514
    protocol: Literal["tls", "tcp", "udp"] = "tls"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    seconds: float = 5.0
    from_beginning: bool = False


@dataclass(frozen=True)
class Services:
    """One opened installation. Nothing here is global: two of them may live side by side in one process."""

    home: Path
    database: Database
    objects: ObjectStore
    ledger: ObjectLedger
    signer: Signer
    intake: IntakeOptions
    reading: ReadingOptions
    matching: MatchingOptions
    archive: ArchiveOptions
    portal: PortalOptions = field(default_factory=PortalOptions)
    reports: ReportOptions = field(default_factory=ReportOptions)
    fixity: FixityOptions = field(default_factory=FixityOptions)
    population_columns: Mapping[str, str] = field(default_factory=dict)
    lang: str = "vi"
    antivirus: Antivirus = field(default_factory=Antivirus)
    hub: HubOptions | None = None
    log: LogOptions = field(default_factory=LogOptions)
    soc: SocOptions | None = None
    ministry: MinistryOptions | None = None                     # None: not connected
    population_query: PopulationQueryOptions | None = None      # the same
    extracts: ExtractOptions = field(default_factory=ExtractOptions)
    api: ApiOptions = field(default_factory=ApiOptions)
    watch: WatchOptions = field(default_factory=WatchOptions)

    @property
    def extract_office(self) -> Office:
        """What issues copies of extracts."""
        from storage.extracts.keys import CodeKeys
        from storage.extracts.office import Office

        return Office(self.database, self.ledger, self.signer, self.extracts, self.archive, CodeKeys(self.secrets / "extract-keys"))

    @property
    def inbox(self) -> Path:
        """Folders put here are taken in by the inbox sensor; the portal puts uploads here too."""
        return self.home / "inbox"

    @property
    def scratch(self) -> Path:
        """Temporary files of running work; may be emptied whenever nothing runs."""
        return self.home / "tmp"

    @property
    def secrets(self) -> Path:
        """Keys made at init (session key, demo signing identity); files are 0600."""
        return self.home / "secrets"
