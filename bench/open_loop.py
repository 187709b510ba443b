"""An open-loop load: requests leave at fixed times, whatever became of those before, and each one's time runs from when it was due.

`python -m bench.open_loop PLAN` in a process of its own; PLAN is a file with a pickled `Plan`, in the end with the answer as JSON. A server
that stalls for a second is late for everything that was due in it (no coordinated omission). HTTP/1.1 with kept connections over plain
asyncio, some 0.1 ms a request, so that the load takes little of the machine it measures.
"""
from __future__ import annotations

import asyncio
import gc
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 64


@dataclass(frozen=True)
class Plan:
    """requests: whole HTTP requests, sent round and round; rate: a second; good: statuses that are no error; least: bytes of a body."""

    host: str
    port: int
    requests: Sequence[bytes]
    rate: float
    seconds: float
    good: tuple[int, ...] = (200,)
    least: int = 1


@dataclass
class Measured:
    """ms: of every answer, sorted; errors: what went wrong, how often."""

    ms: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    sent: int = 0

    def at(self, percent: float) -> float:
        """The smallest time that `percent` of the answers do not exceed, milliseconds."""
        return self.ms[max(0, -int(-len(self.ms) * percent // 100) - 1)] if self.ms else float("nan")


@dataclass(frozen=True)
class Load:
    """A plan that is being carried out. file: has the plan, and in the end what was measured."""

    process: subprocess.Popen[bytes]
    file: Path


def run(plan: Plan) -> Measured:
    """The plan carried out by a process of its own."""
    return wait(start(plan))


def start(plan: Plan) -> Load:
    """The process that carries it out, begun; for several loads at once."""
    with tempfile.NamedTemporaryFile(prefix="sogoc-plan-", delete=False) as file:
        pickle.dump(plan, file)
    return Load(subprocess.Popen([sys.executable, "-m", "bench.open_loop", file.name]), Path(file.name))


def wait(load: Load) -> Measured:
    code = load.process.wait()
    if code != 0:
        raise RuntimeError(f"the load ended with {code}")
    said = load.file.read_text()
    load.file.unlink()
    return Measured(**json.loads(said))


async def _one(plan: Plan, free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None], request: bytes, due: float,
               ms: list[float], errors: Counter[str]) -> None:
    connection = await free.get()
    try:
        if connection is None or connection[1].is_closing() or connection[0].at_eof():
            connection = await asyncio.open_connection(plan.host, plan.port)
        reader, writer = connection
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        length = next((int(x.split(":")[1]) for x in lines if x.lower().startswith("content-length:")), None)
        body = await reader.readexactly(length) if length is not None else b""
        if any(x.lower() == "connection: close" for x in lines):
            writer.close()
            connection = None
        if status not in plan.good:
            errors[f"status {status}"] += 1
        elif len(body) < plan.least:
            errors["short body"] += 1
        else:
            ms.append((time.perf_counter() - due) * 1000)
    except (OSError, asyncio.IncompleteReadError, ValueError) as e:
        errors[type(e).__name__] += 1
        connection = None
    free.put_nowait(connection)


async def _carry_out(plan: Plan) -> Measured:
    free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        free.put_nowait(None)
    ms: list[float] = []
    errors: Counter[str] = Counter()
    waiting = set()
    count, begun = round(plan.rate * plan.seconds), time.perf_counter()
    for n in range(count):
        due = begun + n / plan.rate
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        task = asyncio.ensure_future(_one(plan, free, plan.requests[n % len(plan.requests)], due, ms, errors))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    _, late = await asyncio.wait(waiting, timeout=30) if waiting else (set(), set())
    if late:
        errors["no answer within 30 s"] += len(late)
    return Measured(sorted(ms), dict(errors), count)


def main() -> None:
    import uvloop

    path = Path(sys.argv[1])
    plan = pickle.loads(path.read_bytes())
    gc.freeze()
    found = uvloop.run(_carry_out(plan))
    path.write_text(json.dumps({"ms": found.ms, "errors": found.errors, "sent": found.sent}))       # a pipe may hold less than this


if __name__ == "__main__":
    main()
