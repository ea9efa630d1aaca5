"""Servers for something that is over soon: tests and benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from launcher.product import Product, ephemeral_ports
from launcher.services import embedded_services
from launcher.var import throw_away_var


@contextmanager
def product_without_daemons(*, is_durable: bool) -> Iterator[Product]:
    """A var folder with PostgreSQL and Valkey serving; both are gone afterwards, without a word."""
    with throw_away_var() as var, embedded_services(var, is_durable=is_durable):
        yield Product(var, ephemeral_ports())
