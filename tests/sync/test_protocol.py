"""The protocol as a machine: any order, loss and doubling of requests, kills between any two steps; what arrives is what was sent, once."""
from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sync import disk, receiver
from sync.errors import DamagedChunk, Incomplete, Unreachable
from sync.manifest import Limits, Manifest, parse_manifest
from sync.pace import Patience
from sync.receipt import ReceiptKey, check_against, check_receipt
from sync.receiver import Receiver
from sync.sender import push, source_of

KEY = ReceiptKey(bytes(range(32)))
OWNERS = ("xa.minh", "client:xa-21139")
CHUNK = 1024


class Killed(BaseException):
    """The process ends here."""


class Intake:
    """Like storage.intake: the same files are one batch, however often they come."""

    def __init__(self) -> None:
        self.batches: dict[tuple, int] = {}
        self.calls = 0

    def take(self, manifest, files):
        self.calls += 1
        content = tuple((f.name, p.read_bytes()) for f, p in zip(manifest.files, files, strict=True))
        return {"batch": f"B{self.batches.setdefault(content, len(self.batches))}", "refused": []}


class KeepsOriginals:
    """`Held`: what was taken in from an owner."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}

    def which(self, owner, hashes):
        return {h for h in hashes if (owner, h) in self.files}

    def read(self, sha256):
        return next((data for (_, h), data in self.files.items() if h == sha256), None)


class Exchange(RuleBasedStateMachine):
    """Two owners send folders of files that share content; every write of the receiver may be its last before a restart."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sogoc-sync"))
        self.now, self.steps_left = 1e9, None
        self.intake, self.held = Intake(), KeepsOriginals()
        self.manifests: dict[str, tuple[str, Manifest, dict[str, bytes]]] = {}
        self.acknowledged: dict[str, set[str]] = {}
        self.receipts: dict[str, dict] = {}
        self.real, self.fsync = disk.write_durably, disk.os.fsync
        receiver.write_durably = self.write
        disk.os.fsync = lambda _: None          # a kill, unlike a power cut, leaves what was written; tests of the disk are elsewhere
        self.start()

    def teardown(self) -> None:
        receiver.write_durably, disk.os.fsync = self.real, self.fsync
        shutil.rmtree(self.folder)

    def start(self) -> None:
        self.server = Receiver(self.folder / "server", KEY, Limits(open_uploads=50), self.held, clock=lambda: self.now)

    def write(self, path, data) -> None:
        """A write that may be cut off: before it, or just after it was done."""
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise Killed
        self.real(path, data)
        if self.steps_left == 0:
            raise Killed

    def may_die(self, after, work):
        """Run; killed at the write `after` (None: not) the server starts again."""
        self.steps_left = after
        try:
            return work()
        except Killed:
            self.start()
            return None
        finally:
            self.steps_left = None

    def pick(self, data):
        return data.draw(st.sampled_from(sorted(self.manifests)))

    @rule(owner=st.sampled_from(OWNERS), contents=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3 * CHUNK)), min_size=1, max_size=4),
          after=st.none() | st.integers(0, 1))
    def agree(self, owner, contents, after):
        folder = self.folder / "sent"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        files = {}
        for n, (letter, size) in enumerate(contents):
            files[f"{n}.jpg"] = folder / f"{n}.jpg"
            files[f"{n}.jpg"].write_bytes(bytes([65 + letter]) * size)         # few letters: chunks and whole files are shared
        manifest = source_of("KS.2017.01", files, chunk_size=CHUNK).manifest
        key = f"{owner} {manifest.id}"
        self.manifests[key] = (owner, manifest, {n: p.read_bytes() for n, p in files.items()})
        self.acknowledged.setdefault(key, set())
        self.may_die(after, lambda: self.server.agree(owner, parse_manifest(manifest.as_json())))

    @precondition(lambda self: self.manifests)
    @rule(data=st.data(), after=st.none() | st.integers(0, 1), spoil=st.booleans())
    def put(self, data, after, spoil):
        key = self.pick(data)
        owner, manifest, contents = self.manifests[key]
        if not manifest.pieces:
            return
        piece = data.draw(st.sampled_from(manifest.pieces))
        sent = contents[manifest.files[piece.file].name][piece.offset:piece.offset + piece.size]
        if spoil:
            with pytest.raises((DamagedChunk, receiver.UnknownUpload)):
                self.server.put(owner, manifest.id, piece.sha256, sent[:-1] + b"\0")
            return
        try:
            done = self.may_die(after, lambda: self.server.put(owner, manifest.id, piece.sha256, sent))
        except receiver.UnknownUpload:
            return
        if done is not None:
            self.acknowledged[key].add(piece.sha256)

    @precondition(lambda self: self.manifests)
    @rule(data=st.data(), after=st.none() | st.integers(0, 6))
    def finish(self, data, after):
        key = self.pick(data)
        owner, manifest, contents = self.manifests[key]

        def take(said, files):
            outcome = self.intake.take(said, files)
            for facts, path in zip(said.files, files, strict=True):
                self.held.files[owner, facts.sha256] = path.read_bytes()
            return outcome

        try:
            standing = self.may_die(after, lambda: self.server.finish(owner, manifest.id, take))
        except (Incomplete, receiver.UnknownUpload):
            return
        if standing is not None:
            assert standing.state == "finished"
            check_against(check_receipt(standing.receipt, KEY.public), manifest)
            assert self.receipts.setdefault(key, standing.receipt) == standing.receipt
            assert tuple((n, c) for n, c in contents.items()) in self.intake.batches

    @precondition(lambda self: self.manifests)
    @rule(data=st.data())
    def cancel(self, data):
        owner, manifest, _ = self.manifests[self.pick(data)]
        self.server.cancel(owner, manifest.id)
        for other, (who, said, _) in self.manifests.items():
            if who == owner and said.id == manifest.id:
                self.acknowledged[other] = set()

    @precondition(lambda self: self.manifests)
    @rule(data=st.data(), lose=st.lists(st.sampled_from(["before", "after", "twice", "no"]), max_size=30))
    def push_over_a_bad_line(self, data, lose):
        """The sender itself, over a line that loses requests or their answers: it always ends with the receipt."""
        key = self.pick(data)
        owner, _, contents = self.manifests[key]
        folder = self.folder / "again"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        source = source_of("KS.2017.01", {n: folder / n for n in contents}, chunk_size=CHUNK)
        line = Line(self.server, owner, lambda m, f: self.take_for(owner, m, f), lose)
        sent = push(source, line, Patience(give_up=1e9, sleep=lambda _: None, seed=1))
        assert self.receipts.setdefault(key, sent.receipt) == sent.receipt
        assert line.stored_twice <= lose.count("twice")         # a lost answer is found out by asking, not by sending again

    def take_for(self, owner, said, files):
        outcome = self.intake.take(said, files)
        for facts, path in zip(said.files, files, strict=True):
            self.held.files[owner, facts.sha256] = path.read_bytes()
        return outcome

    @invariant()
    def what_was_acknowledged_is_there(self):
        for key, chunks in self.acknowledged.items():
            owner, manifest, _ = self.manifests[key]
            try:
                standing = self.server.standing(owner, manifest.id)
            except receiver.UnknownUpload:
                continue
            missing = {manifest.pieces[i].sha256 for a, b in standing.missing for i in range(a, b + 1)}
            assert not missing & chunks

    @invariant()
    def every_batch_is_something_that_was_sent_and_there_once(self):
        sent = {tuple(c.items()) for _, _, c in self.manifests.values()}
        assert set(self.intake.batches) <= sent
        assert len({tuple(sorted(b)) for b in self.intake.batches}) == len(self.intake.batches)


class Line:
    """A transport that does to each request what the list says, then behaves."""

    def __init__(self, server, owner, take, fate) -> None:
        self.server, self.owner, self.take, self.fate, self.stored_twice = server, owner, take, list(fate), 0

    def over(self, work):
        fate = self.fate.pop(0) if self.fate else "no"
        if fate == "before":
            raise Unreachable(url="test", cause=fate)
        answer = work()
        if fate == "twice":
            answer = work()
        if fate == "after":
            raise Unreachable(url="test", cause=fate)
        return answer

    def agree(self, manifest):
        return self.over(lambda: self.server.agree(self.owner, manifest).as_json())

    def standing(self, upload):
        return self.over(lambda: self.server.standing(self.owner, upload).as_json())

    def put(self, upload, sha256, data):
        new = self.over(lambda: self.server.put(self.owner, upload, sha256, data))
        self.stored_twice += not new

    def finish(self, upload):
        return self.over(lambda: self.server.finish(self.owner, upload, self.take).as_json())


Exchange.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True,
                                      suppress_health_check=list(HealthCheck))
TestExchange = Exchange.TestCase
