"""The door to stored bytes: readers name a key, and need not know on which volume it lies today.

A reader goes to the default volume first, without SQL; what is not there, the index knows. What the index
said is kept in this process; where it no longer holds, because the segment has moved since, it is asked once
more. So a move between tiers is not seen by readers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from accounts.models import Site
from archive.storage import index
from archive.storage.admission import AdmittedWriter
from archive.storage.backends import default_storage, store_at
from archive.storage.keys import ObjectKey, parse_key
from archive.storage.loose import LooseWriter
from archive.storage.segments import SegmentWriter
from archive.storage.volumes.base import LocalSlice, Store
from archive.storage.volumes.local import FileSystemStore, failures_told, flush_file, length_unless_held
from archive.storage.writing import ObjectWriter
from common.errors import NotFound, ServiceError, Unavailable

__all__ = [
    "LocalSlice",
    "Place",
    "flush_object",
    "is_being_written",
    "local_slice",
    "locate",
    "object_exists",
    "open_object",
    "open_writer",
    "read_object",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object was found: the store, and the local file where there is one."""

    store: Store
    key: ObjectKey
    local: LocalSlice | None

    def open(self) -> BinaryIO:
        return self.store.open(self.key)

    def read(self) -> bytes:
        return self.store.read(self.key)


def open_object(key: str) -> BinaryIO:
    """The object, seekable, and nothing of its neighbours.

    Raises  NotFound if no volume holds it; Unavailable if the volumes that do cannot be asked now.
    """
    where = parse_key(key)
    return _from_a_holder(where, lambda store: store.open(where))


def read_object(key: str) -> bytes:
    """The object's bytes. Raises as `open_object`."""
    where = parse_key(key)
    return _from_a_holder(where, lambda store: store.read(where))


def local_slice(key: str) -> LocalSlice | None:
    """The object as part of a local file; None if only volumes without files hold it. Raises as `open_object`."""
    where = parse_key(key)
    return _from_a_holder(where, lambda store: store.local_slice(where))


def object_exists(key: str) -> bool:
    """Whether any volume holds the object. Raises Unavailable if that cannot be told now."""
    where = parse_key(key)
    try:
        _from_a_holder(where, lambda store: store.size(where.segment))
    except NotFound:
        return False
    return True


def flush_object(key: str) -> None:
    """Have the object on the disk, whoever wrote it: for who answers for bytes that another one is writing.

    Raises  as `open_object`.
    """
    slice_ = local_slice(key)
    if slice_ is not None:
        flush_file(slice_.path)


def is_being_written(key: str) -> bool:
    """Whether a live process still appends to the segment the object belongs to."""
    home = default_storage()
    if not isinstance(home, FileSystemStore):
        return False
    with failures_told():
        return length_unless_held(home.path(parse_key(key).segment)) is None


def locate(keys: Collection[str]) -> dict[str, Place]:
    """Where each object lies, as of now; one statement at most, however many. What is nowhere is left out."""
    parsed = {key: parse_key(key) for key in keys}
    segments = {where.segment for where in parsed.values()}
    home = default_storage()
    at_home = {segment for segment in segments if home.is_local and _holds(home, segment)}
    elsewhere = index.ask(segments - at_home) if segments - at_home else {}
    places: dict[str, Place] = {}
    for key, where in parsed.items():
        urls = () if where.segment in at_home else elsewhere.get(where.segment, ())
        place = _place(where, [store_at(url) for url in urls] or [home])
        if place is not None:
            places[key] = place
    return places


def open_writer(site: Site | None = None) -> ObjectWriter:
    """A way in for one sender's objects, on the default volume; one thread at a time may use it.

    A local volume takes segments; a bucket, in which nothing can be appended to, loose objects.
    """
    store = default_storage()
    writer = SegmentWriter(store, site) if isinstance(store, FileSystemStore) else LooseWriter(store)
    return AdmittedWriter(writer, site)


def _from_a_holder(where: ObjectKey, act: Callable[[Store], T]) -> T:
    """`act` on the first store that has the object; the one that failed is told if none has."""
    trouble: Unavailable | None = None
    for store in _holders(where.segment):
        try:
            return act(store)
        except NotFound:
            continue
        except Unavailable as error:
            trouble = error
    raise trouble or NotFound("The object is not in the store", code="OBJECT_MISSING")


def _holders(segment: str) -> Iterator[Store]:
    """Stores worth asking, the likeliest first: as remembered, the default one, as the index says now."""
    kept = index.remembered(segment)
    yield from map(store_at, kept)
    home = default_storage()
    if home.url not in kept:
        yield home
    index.forget([segment])
    yield from map(store_at, index.ask([segment]).get(segment, ()))


def _holds(store: Store, segment: str) -> bool:
    try:
        store.size(segment)
    except ServiceError:
        return False
    return True


def _place(where: ObjectKey, stores: Collection[Store]) -> Place | None:
    for store in stores:
        try:
            return Place(store, where, store.local_slice(where))
        except ServiceError:
            continue
    return None
