"""Keys that sign tokens: one signs, those before it are read for a while, several processes agree, a stranger's home opens none."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select

from storage.models import TokenKey, utc_now
from storage.token_keys import public_keys, rotate, signing_key

SEAL, OTHER, HOUR, MONTH = b"s" * 48, b"o" * 48, timedelta(hours=1), timedelta(days=30)


def test_a_rotation_keeps_the_key_before_for_reading_and_forgets_its_private_half(sqlite_database):
    with sqlite_database.session() as s:
        first = rotate(s, SEAL, HOUR)
        second = rotate(s, SEAL, HOUR)
    with sqlite_database.reading() as s:
        assert [k["kid"] for k in public_keys(s)] == [second, first] and signing_key(s, SEAL, MONTH)[0] == second
        assert s.get(TokenKey, first).private is None
        assert [k["kid"] for k in public_keys(s, utc_now() + HOUR + timedelta(seconds=1))] == [second]
        assert not any("d" in k for k in public_keys(s))


def test_revoking_leaves_the_new_key_alone(sqlite_database):
    with sqlite_database.session() as s:
        rotate(s, SEAL, HOUR)
        rotate(s, SEAL, HOUR)
        new = rotate(s, SEAL, HOUR, revoke=True)
    with sqlite_database.reading() as s:
        assert [k["kid"] for k in public_keys(s)] == [new]


def test_processes_that_find_a_key_too_old_make_one_new_key_together(database):
    with database.session() as s:
        old = rotate(s, SEAL, HOUR)
        s.get(TokenKey, old).made_at = utc_now() - MONTH - HOUR

    def renew(_: int) -> str:
        with database.session() as s:
            return rotate(s, SEAL, HOUR, older_than=MONTH)

    with database.reading() as s:
        assert signing_key(s, SEAL, MONTH) is None
    with ThreadPoolExecutor(6) as pool:
        made = set(pool.map(renew, range(12)))
    assert len(made) == 1 and made != {old}
    with database.reading() as s:
        assert len(s.scalars(select(TokenKey)).all()) == 2


def test_the_database_alone_signs_nothing(sqlite_database):
    with sqlite_database.session() as s:
        kid = rotate(s, SEAL, HOUR)
        private = s.get(TokenKey, kid).private
    assert "PRIVATE" not in private and kid not in private
    with sqlite_database.session() as s:
        assert signing_key(s, OTHER, MONTH) is None
        assert rotate(s, OTHER, HOUR, older_than=MONTH) != kid       # another home's secrets: a key of its own
        assert signing_key(s, OTHER, MONTH) is not None
