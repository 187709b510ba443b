"""A commune's node and the hub over real HTTP, on a line that drops: the client's scope, the commune, nothing sent twice, the receipt."""
from __future__ import annotations

import os
import threading
import time

import httpx
import pytest
import uvicorn
from portal_house import page_bytes
from sqlalchemy import select
from typer.testing import CliRunner

from bench.drop_proxy import DropProxy
from storage import accounts
from storage.models import Batch, Page
from sync.errors import BadReceipt, Refused, Unreachable
from sync.folder import scanned
from sync.http_transport import HttpTransport
from sync.journal import Journal
from sync.pace import Patience
from sync.sender import push


@pytest.fixture
def line(house):
    server = uvicorn.Server(uvicorn.Config(house.app(), port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    proxy = DropProxy(("127.0.0.1", server.servers[0].sockets[0].getsockname()[1]))
    yield proxy
    proxy.close()
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def secret(house):
    with house.database.session() as s:
        return accounts.add_client(s, "xa-21139", ["sync:21139"], "Nút xã 21139")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "KS.2016.02"
    place.mkdir()
    for n in range(1, 7):
        (place / f"KS.2016.02.{n:03}.jpg").write_bytes(page_bytes(f"trang {n}", (420, 300)) + os.urandom(300_000))
    (place / "batch.json").write_text('{"loai": "KS", "nam": 2016, "ghiChu": "không gửi"}', "utf-8")
    (place / "link.jpg").symlink_to(place / "KS.2016.02.001.jpg")
    return place


def quick():
    return Patience(give_up=1e6, sleep=lambda _: time.sleep(0.02), seed=1)


def test_a_folder_reaches_the_hub_over_a_line_that_drops(house, line, secret, folder, tmp_path):
    source, left_out = scanned(folder)
    assert left_out == [("link.jpg", "symlink")] and source.manifest.about == {"loai": "KS", "nam": 2016}
    line.drop_every = 500_000
    with HttpTransport(line.address, "xa-21139", secret) as hub:
        sent = push(source, hub, quick())
        again = push(source, hub, quick())
        key = hub.key()
    assert line.dropped >= 3 and sent.again >= 3 and line.repeated == 0
    assert again.chunks_sent == 0 and again.receipt == sent.receipt
    assert sent.receipt["outcome"] == {"batch": "KS.2016.02", "added": 6, "known": 0, "refused": []}
    with house.database.reading() as s:
        batch = s.scalars(select(Batch)).one()
        assert (batch.commune_code, batch.created_by, batch.kind, batch.year) == ("21139", "client:xa-21139", "KS", 2016)
        assert {p.sha256 for p in s.scalars(select(Page))} == {f.sha256 for f in source.manifest.files}
    assert house.started == ["KS.2016.02"]
    journal = Journal(tmp_path / "sync")
    entry = journal.begin(source.manifest, folder, line.address)
    assert [e.finished for e in journal.entries()] == [False]
    journal.finish(entry, sent.receipt, key, source.manifest)
    assert [(e.finished, e.percent) for e in journal.entries()] == [(True, 100)]
    with pytest.raises(BadReceipt):
        journal.finish(entry, sent.receipt, "AAAA", source.manifest)          # the hub's key is another than when first met
    (folder / "KS.2016.02.007.jpg").write_bytes(page_bytes("trang 7"))
    grown, _ = scanned(folder)
    with HttpTransport(line.address, "xa-21139", secret) as hub:
        more = push(grown, hub, quick())
    assert more.bytes_sent == (folder / "KS.2016.02.007.jpg").stat().st_size    # the rest is in the archive
    assert (more.receipt["outcome"]["batch"], more.receipt["outcome"]["added"]) == ("KS.2016.02", 1)


def test_only_clients_with_the_scope_may_send(house, line, secret, folder):
    source, _ = scanned(folder)
    with house.database.session() as s:
        reader = accounts.add_client(s, "mot-cua", ["KS:read"])
        both = accounts.add_client(s, "hai-xa", ["sync:21139", "sync:21140"])
        with pytest.raises(accounts.BadAccount):
            accounts.add_client(s, "sai", ["sync:*"])
    for client, word, scope, code in (("mot-cua", reader, "", "not_permitted"), ("hai-xa", both, "", "not_permitted"),
                                      ("xa-21139", "sai-khoa-bi-mat", "", "invalid_client")):
        with HttpTransport(line.address, client, word, scope) as hub, pytest.raises(Refused) as refused:
            hub.agree(source.manifest)
        assert refused.value.evidence["other"] == code
    with HttpTransport(line.address, "hai-xa", both, "sync:21140") as hub:
        assert hub.agree(source.manifest)["state"] == "open"
    assert httpx.post(f"{line.address}/api/v1/sync", content=b"{}").status_code == 401
    assert httpx.get(f"{line.address}/api/v1/sync/{source.manifest.id}").status_code == 401
    line.away = True
    with HttpTransport(line.address, "xa-21139", secret) as hub, pytest.raises(Unreachable):
        push(source, hub, Patience(give_up=0, sleep=lambda _: None))


def test_the_commands(house, line, secret, folder, tmp_path, monkeypatch):
    from sogoc.app import app
    from sogoc.language import language
    monkeypatch.setenv("SOGOC_HOME", str(tmp_path / "node"))
    (tmp_path / "secret").write_text(secret)
    run = CliRunner().invoke
    command = ["sync", "push", str(folder), "--to", line.address, "--client", "xa-21139", "--secret-file", str(tmp_path / "secret")]
    for _ in range(2):
        done = run(app, command)
        assert done.exit_code == 0 and "KS.2016.02" in done.output, done.output
    assert language() in ("vi", "en") and f"{line.address}  {folder}" in run(app, ["sync", "status"]).output
    receipt = next((tmp_path / "node" / "sync").glob("*.receipt.json"))
    key = httpx.get(f"{line.address}/api/v1/sync/key").json()["public_key"]
    good = run(app, ["sync", "check", str(receipt), "--key", key, "--folder", str(folder)])
    assert good.exit_code == 0 and "6" in good.output, good.output
    receipt.write_text(receipt.read_text("utf-8").replace("KS.2016.02.001", "KS.2016.02.009"), "utf-8")
    assert isinstance(run(app, ["sync", "check", str(receipt), "--key", key]).exception, BadReceipt)
