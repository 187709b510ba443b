"""Who may come in: people and programs."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Json, UtcDateTime, utc_now


class User(Base):
    __tablename__ = "app_user"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    display_name: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[str] = mapped_column(String(20))                     # of the first grant, "" without any: what lists show; the rights are
    commune_code: Mapped[str | None] = mapped_column(String(8))       # in user_grant (storage.policy.summary)
    password_hash: Mapped[str] = mapped_column(Text)                  # "": comes in by single sign-on only
    must_change: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())      # somebody else chose the password
    password_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    sso_subject: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)       # digest of issuer and subject, once bound
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    failed_logins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiClient(Base):
    """A program that may ask (the one-stop system)."""

    __tablename__ = "api_client"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    scopes: Mapped[list[Any]] = mapped_column(Json, default=list)     # ["KS:read", "KH:copy", …]
    agency_code: Mapped[str] = mapped_column(String(40), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    quotas: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, server_default="{}")   # {"searches": {"day": 500}}; 0: no limit
