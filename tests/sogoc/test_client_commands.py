"""sogoc client …: secrets, scopes, quotas, keys, gateway pairs, alerts, as the administrator types them."""
from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from sogoc import app as sogoc_app
from storage.client_secrets import check_secret
from storage.clients import client_named
from storage.database import Database
from storage.models import Event, GatewayKey, ObjectHold, StoredObject
from storage.watch_alerts import look_over
from storage.watch_options import WatchOptions


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "sogoc.toml").write_text("")
    monkeypatch.setenv("SOGOC_HOME", str(tmp_path))
    monkeypatch.setenv("SOGOC_LANG", "vi")
    monkeypatch.setenv("SOGOC_OBJECTS__ENDPOINT", "127.0.0.1:1")         # none of these asks the object store
    return tmp_path


def test_a_program_from_adding_to_its_alerts(home, capsys):
    def done(*arguments: str, code: int = 0) -> str:
        assert sogoc_app.run(["client", *arguments]) == code
        return capsys.readouterr().out

    first = done("add", "motcua", "--scope", "KS:read", "--scope", "KS:copy").strip()
    second = done("secret", "motcua", "--grace", "1").strip()
    listed = done("list")
    assert re.search(r"khóa cấp \d\d/\d\d/\d{4} \d\d:\d\d, còn đến \d\d/\d\d/\d{4} \d\d:\d\d$", listed, re.M)
    assert "đang dùng" in listed and "còn đến" in listed and first not in listed and second not in listed
    done("scopes", "motcua", "--scope", "KS:read.nhanthan")
    done("scopes", "motcua", "--scope", "KS:write", code=2)
    done("quota", "motcua", "--of", "searches", "--per", "day", "--most", "5")
    assert "motcua  searches  2" in done("usage") and "0/5" in done("usage")
    assert sogoc_app.run(["client", "quota", "motcua", "--of", "pages", "--per", "day"]) == 2
    assert "searches, records, copies" in capsys.readouterr().err
    done("keys", "rotate")
    done("keys", "rotate", "--revoke")
    assert len(re.findall(r"^\S{43} .*đang ký$", done("keys", "list"), re.M)) == 1
    (home / "lgsp.txt").write_text("khoa-bi-mat-lgsp\n")
    done("gateway", "add", "motcua", "--access-key", "AK01", "--secret-file", str(home / "lgsp.txt"), "--partner-code", "H21")
    assert done("gateway", "list").split() == ["AK01", "motcua", "-", "H21", "-"]
    done("gateway", "remove", "AK01")
    assert done("gateway", "list") == "Chưa có cặp khóa nào.\n"
    database = Database(home / "sogoc.db")
    with database.reading() as s:
        assert check_secret(s, "motcua", first) and check_secret(s, "motcua", second)
        assert client_named(s, "motcua").scopes == ["KS:read.nhanthan"] and not s.scalars(select(GatewayKey)).all()
        said = [(e.action, str(e.detail)) for e in s.scalars(select(Event))]
    assert [a for a, _ in said] == ["client.add", "client.secret", "client.scopes", "client.quota", "client.keys", "client.keys",
                                    "client.gateway", "client.gateway"]
    assert not any(secret in detail for _, detail in said for secret in (first, second, "khoa-bi-mat-lgsp", "AK01"))
    assert "Không có cảnh báo" in done("alerts") and look_over(database, WatchOptions()) == 0
    database.dispose()


def test_a_right_that_is_not_there_is_no_wrong_name(home, capsys):
    (home / "p.txt").write_text("cầu-vồng-7-sắc\n", "utf-8")
    assert sogoc_app.run(["user", "add", "duyet.hoa", "--role", "approver", "--password-file", str(home / "p.txt")]) == 0
    assert sogoc_app.run(["user", "revoke", "duyet.hoa", "99"]) == 2
    said = capsys.readouterr().err
    assert "không có quyền số 99" in said and "sogoc user list" in said and "chữ thường" not in said
    assert sogoc_app.run(["user", "add", "Duyệt Hoa", "--password-file", str(home / "p.txt")]) == 2
    assert "chữ thường không dấu" in capsys.readouterr().err


def test_what_is_empty_says_so(home, capsys):
    assert sogoc_app.run(["sync", "status"]) == 0 and capsys.readouterr().out == "Chưa gửi quyển nào từ máy này.\n"
    assert sogoc_app.run(["push", "list"]) == 0 and capsys.readouterr().out == "Không có hồ sơ nào.\n"
    assert sogoc_app.run(["archive", "hold", "--list"]) == 0 and capsys.readouterr().out == "Không có lệnh giữ nào.\n"
    with Database(home / "sogoc.db").session() as s:
        s.add(StoredObject(key="k", bucket="archive", sha256="0" * 64, size=1, media_type="text/plain"))
        s.flush()
        at = datetime(2026, 8, 4, 22, 31, 5, 7, UTC)
        s.add(ObjectHold(package_id="p", key="k", reason="Thanh tra số 5", placed_by="an", placed_at=at))
    assert sogoc_app.run(["archive", "hold", "--list"]) == 0
    assert capsys.readouterr().out == "p  Thanh tra số 5  an  05/08/2026 05:31\n"
