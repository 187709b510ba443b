"""How long the log is kept, where it is sent, and from where on asking counts as unusual."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sogoc.settings_section import Section, WrongValue
from storage.watch_options import WatchOptions

_OURS = WatchOptions()


class LogSettings(Section):
    keep_months: int = Field(0, ge=0, le=1200, description="looks older than that many whole months leave the database for sealed segments "
                             "in the archive store; 0: never. Cấp độ 3 asks at least 3")
    show_officers: bool = Field(False, description="a person's report of who looked names officers by their code; else by a number")

    @field_validator("keep_months")
    @classmethod
    def _three_at_least(cls, months: int) -> int:
        if 0 < months < 3:
            raise WrongValue("0, hoặc ít nhất 3 (TCVN 11930:2017)", "0, or at least 3 (TCVN 11930:2017)")
        return months


class SocSettings(Section):
    host: str = Field("", description="collector that the log is sent to as it is written (syslog, CEF); empty: none")
    port: int = Field(6514, ge=1, le=65535, description="its port")
    protocol: Literal["tls", "tcp", "udp"] = Field("tls", description="tls (RFC 5425), tcp (RFC 6587) or udp (RFC 5426: may lose lines)")
    ca_file: Path | None = Field(None, description="tls: PEM file of the authority of its certificate; empty: the system's authorities")
    certificate_file: Path | None = Field(None, description="tls: PEM file of our certificate and key, where it asks for one")
    seconds: float = Field(5, gt=0, le=3600, description="how often new lines are sent")
    from_beginning: bool = Field(False, description="send the whole log the first time; else from then on")


class WatchSettings(Section):
    """Bounds keep a rule from being switched off by a slip, or from crying at every counter."""

    walk: int = Field(_OURS.walk, ge=5, le=500,
                      description="alert walk: so many of the last watch.walk_of numbers next to one just asked for")
    walk_of: int = Field(_OURS.walk_of, ge=5, le=500, description="how many of a client's last numbers are looked at")
    misses: int = Field(_OURS.misses, ge=10, le=500, description="alert misses: so many of the last watch.misses_of found nothing")
    misses_of: int = Field(_OURS.misses_of, ge=10, le=500, description="how many of a client's last searches are looked at")
    dossier: int = Field(_OURS.dossier, ge=5, le=200, description="alert dossier: more different people or records under one code in a day")
    night: int = Field(_OURS.night, ge=5, le=100_000, description="alert night: more looks of a program in one night")
    night_people: int = Field(_OURS.night_people, ge=5, le=100_000, description="the same of a person, who may well work at night")
    night_from: int = Field(_OURS.night_from, ge=18, le=23, description="hour at which the night begins, Vietnam")
    night_to: int = Field(_OURS.night_to, ge=0, le=9, description="hour at which it ends")
    links: int = Field(_OURS.links, ge=3, le=1000,
                       description="alert links: more addresses of copies refused to one network address in a day")

    @field_validator("walk_of", "misses_of")
    @classmethod
    def _not_less(cls, of: int, known: ValidationInfo) -> int:
        name = str(known.field_name).removesuffix("_of")
        least = known.data.get(name, 0)
        if of < least:
            raise WrongValue(f"không được nhỏ hơn watch.{name} ({least})", f"must not be less than watch.{name} ({least})")
        return of
