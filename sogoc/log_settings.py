"""How long the log is kept, and where it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from sogoc.settings_section import Section


class LogSettings(Section):
    keep_months: int = Field(0, ge=0, le=1200, description="looks older than that many whole months leave the database for sealed segments "
                             "in the archive store; 0: never. Cấp độ 3 asks at least 3")
    show_officers: bool = Field(False, description="a person's report of who looked names officers by their code; else by a number")

    @field_validator("keep_months")
    @classmethod
    def _three_at_least(cls, months: int) -> int:
        if 0 < months < 3:
            raise ValueError("0, or at least 3 (TCVN 11930:2017)")
        return months


class SocSettings(Section):
    host: str = Field("", description="collector that the log is sent to as it is written (syslog, CEF); empty: none")
    port: int = Field(6514, ge=1, le=65535, description="its port")
    protocol: Literal["tls", "tcp", "udp"] = Field("tls", description="tls (RFC 5425), tcp (RFC 6587) or udp (RFC 5426: may lose lines)")
    ca_file: Path | None = Field(None, description="tls: PEM file of the authority of its certificate; empty: the system's authorities")
    certificate_file: Path | None = Field(None, description="tls: PEM file of our certificate and key, where it asks for one")
    seconds: float = Field(5, gt=0, le=3600, description="how often new lines are sent")
    from_beginning: bool = Field(False, description="send the whole log the first time; else from then on")
