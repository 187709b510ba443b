"""A dossier's fields confirmed by a person: before it is archived, once, with its history, and kept when it is read again."""
from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage import dossier_review as d
from storage.models import Batch, Dossier, Event, utc_now
from storage.policy import Actor
from storage.review_errors import AlreadyDecided, ChangedMeanwhile, NoSuchDossier, NoSuchField, NothingToUndo

LAN, MINH = Actor("tp.lan", "reviewer"), Actor("xa.minh", "commune_officer", "21139")
FIELDS = {"soKyHieu": "…/QĐ-UBND", "ngayBanHanh": "2020-08", "loaiVanBan": "Quyết định", "noiNhan": ["Như Điều 3", "Lưu: VT"],
          "canXacNhan": ["soKyHieu", "ngayBanHanh"]}


@pytest.fixture
def dossier(database) -> int:
    with database.session() as session:
        for n, commune in ((1, "21139"), (2, "00001")):
            session.add(Batch(id=f"hs-{n}", folder="", content_hash=str(n), declared={}, kind="HS", commune_code=commune))
            session.flush()
            session.add(Dossier(batch_id=f"hs-{n}", fields=FIELDS))
        session.add(Batch(id="hs-3", folder="", content_hash="3", declared={}, kind="HS", commune_code="21139"))
        session.flush()
        session.add(Dossier(batch_id="hs-3", fields={"soKyHieu": "1/QĐ-UBND"}))
        session.flush()
        return session.scalar(sa.select(Dossier.id).where(Dossier.batch_id == "hs-1"))


def confirm(database, dossier: int, actor: Actor = LAN, said: str | None = None, **values: object) -> dict:
    with database.session() as session:
        row = session.get(Dossier, dossier)
        return dict(d.confirm(session, actor, dossier, values, said or d.revision(row)).fields)      # type: ignore[arg-type]


def test_what_a_person_must_see_waits_by_commune(database, dossier) -> None:
    with database.reading() as session:
        assert [w.batch_id for w in d.waiting(session, LAN)] == ["hs-1", "hs-2"]
        assert [(w.batch_id, w.fields) for w in d.waiting(session, MINH)] == [("hs-1", ("soKyHieu", "ngayBanHanh"))]
        assert d.next_dossier(session, MINH) == dossier and d.next_dossier(session, MINH, dossier) is None
        assert d.next_dossier(session, LAN, dossier) == d.waiting(session, LAN)[1].dossier_id
        other = d.waiting(session, LAN)[1].dossier_id
        for wrong in (other, 999):
            with pytest.raises(NoSuchDossier): d.visible_dossier(session, MINH, wrong)


def test_confirmed_values_are_kept_with_who_stood_by_them(database, dossier) -> None:
    fields = confirm(database, dossier, soKyHieu="15/QĐ-UBND", ngayBanHanh="2020-08-05", trichYeu="", noiNhan=["Lưu: VT"])
    assert (fields["soKyHieu"], fields["ngayBanHanh"], fields["noiNhan"]) == ("15/QĐ-UBND", "2020-08-05", ["Lưu: VT"])
    assert "canXacNhan" not in fields and fields["daXacNhan"] == ["ngayBanHanh", "noiNhan", "soKyHieu"] and "trichYeu" not in fields
    with database.reading() as session:
        assert [w.batch_id for w in d.waiting(session, LAN)] == ["hs-2"]
        step, = d.history(session, dossier)
        assert (step.actor, step.changed, step.undone) == ("tp.lan", ("ngayBanHanh", "noiNhan", "soKyHieu"), False)
        event = session.scalar(sa.select(Event).where(Event.action == d.VERIFY))
        assert "15/QĐ" not in str(event.detail), "the log names fields, not what they say"


def test_a_value_that_is_right_as_it_was_read_is_stood_by_too(database, dossier) -> None:
    fields = confirm(database, dossier, soKyHieu="…/QĐ-UBND", ngayBanHanh="2020-08")
    assert fields["daXacNhan"] == ["ngayBanHanh", "soKyHieu"] and "canXacNhan" not in fields
    with database.reading() as session:
        assert d.history(session, dossier)[0].changed == ()


def test_two_at_once_and_codes_that_are_none(database, dossier) -> None:
    with database.reading() as session:
        seen = d.revision(session.get(Dossier, dossier))
    confirm(database, dossier, said=seen, soKyHieu="15/QĐ-UBND")
    with pytest.raises(ChangedMeanwhile): confirm(database, dossier, said=seen, soKyHieu="16/QĐ-UBND")
    for wrong in ({"canXacNhan": ""}, {"noiNhan": "Lưu"}, {"soKyHieu": ["a"]}, {"trichYeu": "x" * 3000}):
        with pytest.raises(NoSuchField): confirm(database, dossier, **wrong)
    with database.session() as session:
        session.get(Dossier, dossier).archive_id = "a"
    with pytest.raises(AlreadyDecided): confirm(database, dossier, soKyHieu="16/QĐ-UBND")


def test_the_last_confirmation_is_taken_back_by_who_made_it(database, dossier) -> None:
    confirm(database, dossier, soKyHieu="15/QĐ-UBND")
    confirm(database, dossier, soKyHieu="16/QĐ-UBND")
    with database.session() as session, pytest.raises(NothingToUndo): d.undo(session, MINH, dossier)
    for expected in ("15/QĐ-UBND", "…/QĐ-UBND"):
        with database.session() as session:
            assert d.undo(session, LAN, dossier).fields["soKyHieu"] == expected
    with database.session() as session:
        assert session.get(Dossier, dossier).fields == FIELDS and [s.undone for s in d.history(session, dossier)] == [True, True]
        with pytest.raises(NothingToUndo): d.undo(session, LAN, dossier)


def test_it_is_archived_when_nothing_is_left_and_the_time_to_undo_is_over(database, dossier) -> None:
    with database.reading() as session:
        assert not d.ready_to_archive(session, session.get(Dossier, dossier), 0)
        sure = session.scalar(sa.select(Dossier).where(Dossier.batch_id == "hs-3"))
        assert d.ready_to_archive(session, sure, 3600), "what print alone tells needs nobody"
    confirm(database, dossier, soKyHieu="15/QĐ-UBND")
    with database.reading() as session:
        row = session.get(Dossier, dossier)
        assert not d.ready_to_archive(session, row, 60) and d.ready_to_archive(session, row, 60, utc_now() + timedelta(seconds=61))


def test_reading_again_keeps_what_people_stood_by() -> None:
    old = FIELDS | {"soKyHieu": "15/QĐ-UBND", "daXacNhan": ["soKyHieu", "trichYeu"]}
    new = {"soKyHieu": "…/QĐ-UBND", "trichYeu": "V/v nhầm", "ngayBanHanh": "2020-09", "canXacNhan": ["soKyHieu", "ngayBanHanh"]}
    assert d.kept_by_people(old, new) == {"soKyHieu": "15/QĐ-UBND", "ngayBanHanh": "2020-09", "canXacNhan": ["ngayBanHanh"],
                                          "daXacNhan": ["soKyHieu", "trichYeu"]}
    assert d.kept_by_people({}, new) == new
