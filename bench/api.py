"""How fast records are found and copies handed out: `python -m bench.api [--records 1000000] [--seconds 60]`.

A PostgreSQL and an embedded SeaweedFS of its own, a million archived records, some thousands of copies of 100 kB; `sogoc serve` as an
installation runs it; 60 one-stop systems that ask at fixed times from a process of its own (bench.open_loop). All share this machine.
Search by number at 200 requests a second, copies at 100, then both together. Beside them in the same run: the same copies from SeaweedFS
alone (S3 GET by presigned address), and the search's SQL statement alone over one connection. With --fuzzy only searches for near names
and dates are measured, 10 a second.
"""
from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa

from bench import open_loop
from bench.api_data import CLIENTS, fill, record_id
from bench.open_loop import Measured, Plan
from bench.portal import Cpu
from bench.portal_process import start_portal
from bench.postgres import bench_database
from storage import search
from storage.database import Database
from storage.embedded_store import EmbeddedStore
from storage.models import PersonKey
from storage.objects import ObjectStore

SEARCH_RATE, COPY_RATE, FUZZY_RATE = 200.0, 100.0, 10.0
_SEARCH, _COPY = "search by number, 200/s", "copy, 100/s"
_STORE, _SQL = "beside: SeaweedFS alone, S3 GET, 100/s", "beside: the search's SQL alone, 200/s"
BOUNDS = {_SEARCH: 50.0, _COPY: 80.0}       # milliseconds, p99
_FUZZY, _FUZZY_BOUND = "near names and dates, 10/s", 150.0      # p95
_CONTEXT = ("X-Dossier-Code: H21.129-250812-0035", "X-Service-Code: 2.000635", "X-Officer-Code: cb.hoa")
_SHOWN = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
_DIFFERENT = 20_000         # requests made beforehand and sent round and round


def search_requests(host: str, tokens: Sequence[str], records: int, count: int) -> list[bytes]:
    """Searches for people who are there, each by another client in turn."""
    pick = random.Random(7)
    return [_search(host, tokens[n % len(tokens)], "personal-number", {"personal_id": f"051{pick.randint(1, records):09d}"})
            for n in range(count)]


def fuzzy_requests(database: Database, host: str, tokens: Sequence[str], records: int, count: int) -> list[bytes]:
    """Searches for people who are there, every second one with another day of birth."""
    pick = random.Random(11)
    with database.reading() as session:
        people = session.execute(sa.select(PersonKey.name_key, PersonKey.birth_date).where(
            PersonKey.entry_id.in_([pick.randint(1, records) for _ in range(count)]), PersonKey.birth_date.is_not(None))).all()
    return [_search(host, tokens[n % len(tokens)], "name", {"name": name, "birth_date": born if n % 2 else f"{born[:8]}28", "fuzzy": True})
            for n, (name, born) in enumerate(people)]


def _search(host: str, token: str, by: str, asked: dict[str, object]) -> bytes:
    body = json.dumps(asked)
    head = (f"POST /api/v1/records/search/{by} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}",
            *_CONTEXT, "Content-Type: application/json", f"Content-Length: {len(body)}", "", body)
    return "\r\n".join(head).encode()


def copy_requests(host: str, tokens: Sequence[str], records: int, count: int) -> list[bytes]:
    pick = random.Random(8)
    return ["\r\n".join((f"GET /api/v1/records/{record_id(pick.randint(1, records))}/copy HTTP/1.1", f"Host: {host}",
                         f"Authorization: Bearer {tokens[n % len(tokens)]}", *_CONTEXT, "", "")).encode() for n in range(count)]


def store_requests(store: ObjectStore, copies: int, count: int) -> tuple[str, int, list[bytes]]:
    """(host, port, GETs of the same objects by presigned addresses)."""
    pick = random.Random(9)
    addresses = [urlsplit(store.presigned_get("archive", f"bench/{n:06d}.pdf", 7200)) for n in range(copies)]
    host, port = str(addresses[0].hostname), int(addresses[0].port or 80)
    made = [f"GET {a.path}?{a.query} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode() for a in pick.choices(addresses, k=count)]
    return host, port, made


def statement_alone(database: Database, records: int, rate: float, seconds: float) -> Measured:
    """The search's SQL on one connection, at the same fixed times; a statement that is late makes the next ones late."""
    pick, found = random.Random(10), Measured()
    with database.glance() as session:
        begun = time.perf_counter()
        for n in range(round(rate * seconds)):
            due = begun + n / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            hits = search.by_personal_number(session, f"051{pick.randint(1, records):09d}", ["KS", "KT"])
            session.expunge_all()
            found.ms.append((time.perf_counter() - due) * 1000)
            if len(hits) != 1:
                found.errors["hits"] = found.errors.get("hits", 0) + 1
            found.sent += 1
    found.ms.sort()
    return found


_HEAD = f"{'':44}{'n':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'most':>9}   errors"


def line(what: str, m: Measured) -> str:
    errors = ", ".join(f"{v} {k}" for k, v in m.errors.items()) or "0"
    return f"{what:44}{m.sent:8}{m.at(50):9.1f}{m.at(95):9.1f}{m.at(99):9.1f}{m.at(100):9.1f}   {errors}"


def tokens_of(address: str, secrets: dict[str, str], clients: int) -> list[str]:
    with httpx.Client(base_url=address, timeout=60) as http:
        answers = [http.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret))
                   for name, secret in list(secrets.items())[:clients]]
    return [a.json()["access_token"] for a in answers]


def measure_fuzzy(address: str, database: Database, tokens: Sequence[str], cpu: Cpu, records: int, seconds: float) -> bool:
    """Print it; whether the bound was kept."""
    at = urlsplit(address)
    host, port = str(at.hostname), int(at.port or 80)
    plan = Plan(host, port, fuzzy_requests(database, f"{host}:{port}", tokens, records, round(FUZZY_RATE * seconds)), FUZZY_RATE, seconds)
    open_loop.run(Plan(host, port, plan.requests, FUZZY_RATE, min(5.0, seconds)))       # what a portal loads at its first answers
    before = cpu.used()
    found = open_loop.run(plan)
    print(f"\n{records:,} archived records; load {os.getloadavg()[0]:.1f} (last minute)\n{_HEAD}\n{line(_FUZZY, found)}"
          f"   cpu of a request: {cpu.since(before, found.sent)}")
    return not found.errors and found.at(95) <= _FUZZY_BOUND


def measure(address: str, database: Database, store: ObjectStore, tokens: Sequence[str], cpu: Cpu, records: int, copies: int,
            seconds: float) -> bool:
    """Print everything; whether the bounds were kept."""
    at = urlsplit(address)
    host, port = str(at.hostname), int(at.port or 80)
    count = min(_DIFFERENT, round(SEARCH_RATE * seconds) + 1)
    searches = Plan(host, port, search_requests(f"{host}:{port}", tokens, records, count), SEARCH_RATE, seconds, least=200)
    gets = Plan(host, port, copy_requests(f"{host}:{port}", tokens, records, count), COPY_RATE, seconds, least=90_000)
    s3_host, s3_port, s3 = store_requests(store, copies, count)
    one, five, _ = os.getloadavg()
    print(f"\n{records:,} archived records, {copies:,} copies; {os.cpu_count()} cores, load {one:.1f} (last minute) {five:.1f} (last five) "
          f"before measuring; {seconds:g} s each, {len(tokens)} clients\n")
    print(_HEAD)
    for plan in (searches, gets):           # what a portal loads at its first answers
        open_loop.run(Plan(plan.host, plan.port, plan.requests, 50, min(5.0, seconds)))
    results: dict[str, Measured] = {}

    def say(what: str, found: Measured, requests: int = 0, before: dict[str, float] | None = None) -> None:
        results[what] = found
        print(line(what, found) + (f"   cpu of a request: {cpu.since(before, requests)}" if before else ""), flush=True)

    before = cpu.used()
    say(_SEARCH, open_loop.run(searches), round(SEARCH_RATE * seconds), before)
    before = cpu.used()
    say(_COPY, open_loop.run(gets), round(COPY_RATE * seconds), before)
    loads = open_loop.start(searches), open_loop.start(gets)
    say("both at once: search", open_loop.wait(loads[0]))
    say("both at once: copy", open_loop.wait(loads[1]))
    say(_STORE, open_loop.run(Plan(s3_host, s3_port, s3, COPY_RATE, seconds, least=90_000)))
    say(_SQL, statement_alone(database, records, SEARCH_RATE, seconds))
    copying, finding = (results[ours].at(99) / results[alone].at(99) for ours, alone in ((_COPY, _STORE), (_SEARCH, _SQL)))
    print(f"\np99 against the store alone: {copying:.1f} times; against the SQL alone: {finding:.1f} times\n")
    for what, bound in BOUNDS.items():
        p99 = results[what].at(99)
        print(f"  {'kept    ' if p99 <= bound else 'NOT kept'} {what}: p99 {p99:.1f} ms, bound {bound:.0f}")
    failed = {what: m.errors for what, m in results.items() if m.errors}
    print(f"  {'kept     no error' if not failed else f'NOT kept no error: {failed}'}")
    return not failed and all(results[what].at(99) <= bound for what, bound in BOUNDS.items())


def run(records: int, copies: int, clients: int, seconds: float, folder: Path, fuzzy: bool = False) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / "home"
    with bench_database(folder / "pg") as (url, _):
        environment = {**os.environ, "SOGOC_DATABASE__URL": url, "PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run([sys.executable, "-P", "-m", "sogoc", "--home", str(home), "init"], env=environment, check=True,
                       stdout=subprocess.DEVNULL)
        database, store = Database(url), ObjectStore(EmbeddedStore(home).ensure())
        with database.engine.connect() as c:
            print("PostgreSQL", *(f"{name} {c.scalar(sa.text(f'show {name}'))}" for name in _SHOWN))
        noted = home / "clients.json"
        if not noted.exists():
            start = time.perf_counter()
            print(f"Filling {records:,} records", flush=True)
            noted.write_text(json.dumps(fill(database, store, records, copies, lambda said: print(said, flush=True))))
            print(f"  in all {time.perf_counter() - start:.0f} s", flush=True)
        process, address = start_portal([sys.executable, "-P", "-m", "sogoc", "--home", str(home), "serve", "--quiet"], environment)
        try:
            cpu = Cpu(process.pid, int((folder / "pg" / "postmaster.pid").read_text().split()[0]))
            tokens = tokens_of(address, json.loads(noted.read_text()), clients)
            if fuzzy:
                return measure_fuzzy(address, database, tokens, cpu, records, seconds)
            return measure(address, database, store, tokens, cpu, records, copies, seconds)
        finally:
            process.terminate()
            process.wait(20)
            database.dispose()
            EmbeddedStore(home).stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--copies", type=int, default=3_000, help="objects of about 100 kB that the records' copies are")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"one-stop systems that ask, at most {CLIENTS}")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement")
    parser.add_argument("--fuzzy", action="store_true", help="measure only searches for near names and dates")
    parser.add_argument("--folder", type=Path, help="keep database and store here; a second run does not fill them again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sogoc-b", ignore_cleanup_errors=True) as made:
        kept = run(asked.records, asked.copies, asked.clients, asked.seconds, asked.folder or Path(made), asked.fuzzy)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
