"""Whose account it is that an identity provider vouches for, and what the person's groups give them."""
from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.accounts import add_user, set_grants
from storage.models import User
from storage.policy import KINDS, ROLES, Grant
from storage.review_errors import AccountNotBound, BadAccount

_GRANT = re.compile(r"^(?P<role>[a-z_]+)(?:@(?P<communes>\d{2,8}(?:,\d{2,8})*))?(?::(?P<kinds>[A-Z]{2,3}(?:,[A-Z]{2,3})*))?$")


def parse_grants(written: str) -> tuple[Grant, ...]:
    """`commune_officer@21139,21140:KS,KH auditor` as grants: role, communes after @, kinds after a colon; several with spaces between.

    Raises BadAccount for a role, commune or kind there is not.
    """
    grants = []
    for word in written.split():
        match = _GRANT.match(word)
        kinds = match["kinds"].split(",") if match and match["kinds"] else None
        if match is None or match["role"] not in ROLES or (kinds and not set(kinds) <= set(KINDS)):
            raise BadAccount(what=f"quyền {word!r}")
        grants.append(Grant(match["role"], frozenset(match["communes"].split(",")) if match["communes"] else None,
                            frozenset(kinds) if kinds else None))
    return tuple(grants)


def sso_user(session: Session, issuer: str, subject: str, name: str, display_name: str, *, create: bool) -> tuple[User, bool]:
    """The account of the provider's person, and whether it was made now.

    Bound for good by issuer and subject at the first sign-in: to the account of that name made for single sign-on (it has no password),
    else, with `create`, to a new one without rights. An account with a password of its own is never taken over because a provider says
    its name. Raises AccountNotBound, BadAccount for a name that cannot be one here.
    """
    key = hashlib.sha256(f"{issuer} {subject}".encode()).hexdigest()
    user = session.scalar(select(User).where(User.sso_subject == key))
    if user is None:
        user = session.get(User, name)
        if user is not None and (user.password_hash or user.sso_subject):
            raise AccountNotBound(name=name)
        if user is None and not create:
            raise AccountNotBound(name=name[:80])
        made = user is None
        user = user or add_user(session, name, None, None, display_name=display_name[:200])
        user.sso_subject = key
        session.flush()
        return user, made
    return user, False


def grant_groups(session: Session, name: str, groups: Collection[str], mapping: Mapping[str, str]) -> bool:
    """Make the person's single sign-on grants those of their groups; grants given here stay. Whether anything changed."""
    wanted = [g for group, written in mapping.items() if group in groups for g in parse_grants(written)]
    return set_grants(session, name, wanted, "sso")
