"""Settings of what this installation is connected with: sign-in, hub, programs, the Ministry's software, the population database."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from sogoc.settings_section import Section


class SsoSettings(Section):
    issuer: str = Field("", description="address of the OpenID Connect provider; empty: local accounts only")
    client_id: str = Field("", description="this portal's id at the provider")
    client_secret: SecretStr = Field(SecretStr(""), description="this portal's secret there; only from the environment")
    client_secret_file: Path | None = Field(None, description="file holding that secret")
    title: str = Field("", description="what the sign-in button calls the provider; empty: its host name")
    scopes: list[str] = Field(["openid", "profile", "email"], description="scopes asked for")
    name_claim: str = Field("preferred_username", description="claim that becomes the login name")
    display_claim: str = Field("name", description="claim with the full name")
    groups_claim: str = Field("groups", description="claim with the person's groups")
    domains: list[str] = Field(default_factory=list, description="domains of e-mail addresses that may come in; empty: all")
    groups: dict[str, str] = Field(default_factory=dict, description='group -> grants: {xa-21139 = "commune_officer@21139:KS,KH"}')
    create: bool = Field(True, description="make an account without rights for a person who has none")


class HubSettings(Section):
    url: str = Field("", description="the province's hub this commune's node sends books to; empty: this is the hub itself")
    client: str = Field("", description="client id the hub gave (sogoc client add … --scope sync:CODE)")
    secret_file: Path | None = Field(None, description="file holding the client's secret")
    rate_kb: int = Field(0, ge=0, description="send no faster than this, in KB a second; 0: no limit")


class MinistrySettings(Section):
    url: str = Field("", description="address of the Ministry's software, or of the province's bus to it; empty: not connected")
    access: Literal["user", "secret", "lgsp"] = Field(
        "lgsp", description="how a token is had: user {userName, password}, secret {SecretId, SecretPass}, lgsp (lgspaccesstoken)"
    )
    token_path: str = Field("token", description="path of the token service behind the address")
    account: str = Field("", description="userName, SecretId or AccessKey")
    secret: SecretStr = Field(SecretStr(""), description="password, SecretPass or SecretKey; only from the environment")
    secret_file: Path | None = Field(None, description="file holding that secret")
    app_name: str = Field("", description="lgsp: AppName")
    partner_code: str = Field("", description="lgsp: PartnerCode")
    partner_code_cus: str = Field("", description="lgsp: PartnerCodeCus")
    agency: str = Field("", description="maDonVi of who sends; empty: archive.agency_code")
    province: str = Field("", pattern="^([0-9]{2})?$", description="maTinh, two digits")
    endpoints: Path | None = Field(None, description="file of endpoints of one's own, beside those that come with the program")
    tries: int = Field(12, ge=1, le=100, description="a dossier that could not be sent so often is set aside for a person")
    seconds: float = Field(60, ge=1, le=300, description="an answer is waited for that long")


class PopulationQuerySettings(Section):
    url: str = Field("", description="address of the national population database or its façade; empty: not connected")
    style: Literal["soap", "rest"] = Field("soap", description="soap, or rest (a province's façade)")
    integration: str = Field("037", description="MaTichHop")
    officers_file: Path | None = Field(None, description="TOML file with the accounts of officers there; keep it 0600 (docs/exchange.md)")
    tries: int = Field(20, ge=1, le=100, description="a question that could not be sent so often is given up")
    seconds: float = Field(20, ge=1, le=120, description="an answer is waited for that long")


class ApiSettings(Section):
    per_minute: int = Field(600, ge=10, description="requests a client may make in a minute, over all processes; a tenth of it at once")
    key_days: int = Field(30, ge=1, description="the key that signs API tokens is changed when it is that old")
    gateway: Literal["off", "accepted", "required"] = Field(
        "off", description="lgspaccesstoken header of the province's LGSP: off: not looked at; accepted: checked where sent; required"
    )
    services: list[str] = Field(
        default_factory=list, description='public-service codes that data is given for, besides those known: ["1.001193"]'
    )
    searches_per_day: int = Field(0, ge=0, description="searches a client may make in a day; 0: no limit. A client's own quota goes before")
    searches_per_month: int = Field(0, ge=0, description="searches in a month")
    records_per_day: int = Field(0, ge=0, description="records whose fields a client may read in a day")
    records_per_month: int = Field(0, ge=0, description="records in a month")
    copies_per_day: int = Field(0, ge=0, description="signed copies a client may fetch in a day")
    copies_per_month: int = Field(0, ge=0, description="copies in a month")
    suspend: list[Literal["walk", "misses", "dossier", "night"]] = Field(
        default_factory=list, description='alerts that switch the client off at once: ["walk"]'
    )
    certificates: Literal["off", "accepted", "required"] = Field(
        "off", description="TLS certificates of clients, told by the proxy, bind their tokens: off; accepted: where sent; required"
    )
    proxies: list[str] = Field(["127.0.0.1", "::1"], description="addresses of the proxy whose forwarded headers are believed")
