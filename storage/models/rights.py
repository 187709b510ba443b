"""What people may do and how they come in: grants, sessions, earlier passwords, second factors, tries to sign in."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, UtcDateTime, utc_now

_Scope = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UserGrant(Base):
    """A role of a person with its scope (storage.policy.Grant)."""

    __tablename__ = "user_grant"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.name", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    communes: Mapped[list[Any] | None] = mapped_column(_Scope)     # None: the whole province
    kinds: Mapped[list[Any] | None] = mapped_column(_Scope)        # None: all kinds
    source: Mapped[str] = mapped_column(String(8), default="local")                 # local, or sso: given by a group, renewed at sign-in
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[str] = mapped_column(String(80), default="")


class UserSession(Base):
    """One browser that is signed in. `id` is the SHA-256 of the secret in its cookie, so this table opens no session."""

    __tablename__ = "user_session"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.name", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    sso: Mapped[bool] = mapped_column(Boolean, default=False)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class PastPassword(Base):
    """The hash of a password somebody had before."""

    __tablename__ = "past_password"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.name", ondelete="CASCADE"), index=True)
    password_hash: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class SecondFactor(Base):
    """A person's TOTP secret, encrypted; in force once a code from it was shown."""

    __tablename__ = "second_factor"
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.name", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    last_step: Mapped[int] = mapped_column(Integer, default=0)          # number of the 30 seconds whose code was used last


class RecoveryCode(Base):
    """One code on paper for when the telephone is lost; works once."""

    __tablename__ = "recovery_code"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.name", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class SignInTries(Base):
    """How often a name or an address tried to sign in within one minute."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_minute", "minute"),)
    who: Mapped[str] = mapped_column(String(100), primary_key=True)     # a digest of `ip:…` or `name:…`
    minute: Mapped[int] = mapped_column(Integer, primary_key=True)
    tries: Mapped[int] = mapped_column(Integer, default=0)
