"""What stands between a fresh clone and running daemons, skipping what is proven done."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from launcher import environment, frontend, stamps
from launcher.paths import BUILD, ROOT, product_files, walk
from launcher.product import Product
from launcher.steps import step


def prepare_checkout(*, development: bool = False, with_frontend: bool = True) -> None:
    """Packages and everything that is built, once per checkout; two launchers take turns at each."""
    with _turn():
        environment.ensure_packages()
        if development:
            environment.ensure_packages(development=True)
    if with_frontend:
        with _turn():
            frontend.ensure_built()


@contextmanager
def _turn() -> Iterator[None]:
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare_database(product: Product) -> None:
    """Tables and process definitions as this checkout has them."""
    _once(
        product,
        "migrated",
        _migrations_digest(),
        title="Database tables",
        arguments=("migrate", "--no-input"),
    )
    _once(
        product,
        "processes",
        _processes_digest(),
        title="Process definitions",
        arguments=("import_processes",),
    )


def _once(product: Product, name: str, value: str, *, title: str, arguments: tuple[str, ...]) -> None:
    stamp = product.var.stamp(name)
    if stamps.holds(stamp, value):
        return
    with step(title):
        product.manage(*arguments, doing=title)
    stamps.put(stamp, value)


def _migrations_digest() -> str:
    return stamps.digest(product_files("migrations"), _requirements())


def _processes_digest() -> str:
    return stamps.digest(walk(ROOT / "bpmn"), _requirements())


def _requirements() -> str:
    """Changes with the packages, and with the database where the environment names one."""
    return os.environ.get("DATABASE_URL", "") + environment.requirements_stamp(ROOT / "requirements.txt")
