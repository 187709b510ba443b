"""How programs come in: their secrets, the keys that sign their tokens, gateway pairs, and how much each has asked."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, Key, UtcDateTime, utc_now


class ClientSecret(Base):
    """One secret of a program, as a hash. ends_at None: in force until another takes its place."""

    __tablename__ = "api_client_secret"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("api_client.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class TokenKey(Base):
    """A key that signs access tokens, or did. private: PKCS#8 sealed with the home's secret, None once it signs no more."""

    __tablename__ = "api_token_key"
    kid: Mapped[str] = mapped_column(String(43), primary_key=True)          # RFC 7638 thumbprint of the public key
    public: Mapped[dict[str, Any]] = mapped_column(Json)                    # JWK
    private: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), index=True)     # tokens it signed are read until then; None: it signs


class GatewayKey(Base):
    """A pair AccessKey, SecretKey under which a program's calls come through the province's LGSP."""

    __tablename__ = "api_gateway_key"
    access_key: Mapped[str] = mapped_column(String(120), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("api_client.id", ondelete="CASCADE"), index=True)
    secret_digest: Mapped[str] = mapped_column(String(64))                  # keyed: a copy of the database alone cannot be searched
    app_name: Mapped[str] = mapped_column(String(120), default="")          # empty: whatever the header says
    partner_code: Mapped[str] = mapped_column(String(120), default="")
    partner_code_cus: Mapped[str] = mapped_column(String(120), default="")
    made_at: Mapped[datetime] = mapped_column(default=utc_now)


class ClientPace(Base):
    """How far ahead of its allowed pace a program or an address is (storage.rates)."""

    __tablename__ = "api_pace"
    who: Mapped[str] = mapped_column(String(64), primary_key=True)          # a digest
    level_at: Mapped[float] = mapped_column(Float)                          # when all that was granted will have been earned, Unix time


class ClientUse(Base):
    """How much a program has asked in a day or a month of Vietnam's calendar."""

    __tablename__ = "api_client_use"
    client_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    measure: Mapped[str] = mapped_column(String(12), primary_key=True)      # searches records copies
    span: Mapped[str] = mapped_column(String(10), primary_key=True)         # 2026-11-30 or 2026-11
    used: Mapped[int] = mapped_column(Integer, default=0)
