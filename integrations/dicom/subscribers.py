"""What nodes are told of when something happens in the archive."""

from __future__ import annotations


def subscribe_all() -> None:
    """Register for the archive's news."""
