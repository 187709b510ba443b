"""A portal in a process of its own, for benches that ask it over HTTP."""
from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence

import httpx


def start_portal(command: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """Run the command with `--port N` of a free port behind it; (process, address) once it answers. Raises RuntimeError after a minute."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    process = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return process, address
        except httpx.TransportError:
            time.sleep(0.2)
    process.terminate()
    raise RuntimeError("the portal did not start")
