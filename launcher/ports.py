"""Ports: one that is free, or one sentence about one that is not."""

from __future__ import annotations

import socket

from launcher.problems import Problem

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(port: int, *, purpose: str, remedy: str, host: str = LOOPBACK) -> None:
    """Raises  Problem that names the port, what it is wanted for and how to choose another."""
    if not 0 < port < 2**16:
        raise Problem(f"{port} is no port number ({purpose}): choose one from 1 to 65535, {remedy}.")
    if not is_free(port, host):
        raise Problem(
            f"Port {port} on {host}, wanted for {purpose}, is taken: "
            f"stop the program that uses it, or choose another port {remedy}."
        )
