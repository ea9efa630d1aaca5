"""What a SeaweedFS master says of its volume servers, and of volumes with fewer copies than they should have.

SeaweedFS has volumes of its own: large files that hold many objects. Here they are called its volumes, and
ours are named by `Volume` rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from common.errors import Unavailable

TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Node:
    """A volume server: its address, how many volumes it holds and may hold, and what lies in them."""

    address: str
    volumes: int
    most_volumes: int
    objects: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Topology:
    """The cluster as its master sees it now. `short_of_copies` counts volumes with fewer copies than asked for."""

    version: str
    nodes: tuple[Node, ...]
    volumes: int
    short_of_copies: int


def topology(master_url: str) -> Topology:
    """Ask a master. Raises Unavailable if it does not answer."""
    answer = _ask(f"{master_url}/vol/status")
    held: dict[str, list[dict[str, Any]]] = {}
    for center in (answer.get("Volumes", {}).get("DataCenters") or {}).values():
        for rack in center.values():
            for address, volumes in rack.items():
                held[address] = list(volumes or ())
    most = _most_volumes(_ask(f"{master_url}/dir/status"))
    for address in most:
        held.setdefault(address, [])
    nodes = tuple(_node(address, held[address], most.get(address, 0)) for address in sorted(held))
    copies: dict[int, tuple[int, int]] = {}
    for volume in (volume for volumes in held.values() for volume in volumes):
        there, _wanted = copies.get(volume["Id"], (0, 0))
        copies[volume["Id"]] = (there + 1, _wanted_copies(volume.get("ReplicaPlacement") or {}))
    short = sum(there < wanted for there, wanted in copies.values())
    return Topology(str(answer.get("Version", "")), nodes, len(copies), short)


def _node(address: str, volumes: list[dict[str, Any]], most: int) -> Node:
    return Node(
        address,
        len(volumes),
        most,
        sum(int(volume.get("FileCount", 0)) for volume in volumes),
        sum(int(volume.get("Size", 0)) for volume in volumes),
    )


def _wanted_copies(placement: dict[str, int]) -> int:
    """001 asks for one more copy in the same rack, 010 in another rack, 100 in another data centre."""
    return 1 + sum(int(count) for count in placement.values())


def _most_volumes(answer: dict[str, Any]) -> dict[str, int]:
    centers = answer.get("Topology", {}).get("DataCenters") or ()
    racks = [rack for center in centers for rack in center.get("Racks") or ()]
    return {node["Url"]: int(node.get("Max", 0)) for rack in racks for node in rack.get("DataNodes") or ()}


def _ask(url: str) -> dict[str, Any]:
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - an address an operator has set
            return dict(json.load(answer))
    except (OSError, ValueError) as error:
        raise Unavailable("The master of the cluster does not answer", code="MASTER_UNREACHABLE") from error
