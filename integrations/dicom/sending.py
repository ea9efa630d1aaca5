"""Instances of the archive on their way to a Storage SCP: from where their bytes lie to the wire.

Reference  PS3.4 §B.2 (C-STORE)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from archive.storage.objects import local_slice, open_object, read_object
from archive.studies.outgoing import coerced
from archive.studies.selectors import with_stored
from common.errors import InvalidInput, NotFound, ServiceError, Unavailable
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.nodes.limits import TrafficMeter
from integrations.dicom.retrieval import Wanted
from integrations.dicom.scu.association import MAXIMUM_CONTEXTS
from integrations.dicom.scu.store import Originator, StorageSCU, StoredFile, contexts_of, data_set_offset

UNREADABLE = 0xC000
_HEAD = 144


def send_to(
    destination: ApplicationEntity, wanted: Sequence[Wanted], *, originator: Originator | None = None
) -> Iterator[tuple[Wanted, int]]:
    """Send instances to a node, each with the status of its answer; 0xC000 for one whose bytes cannot be had.

    As many associations as the SOP classes need, one after the other.

    Raises  as `node_association`, and Unavailable if the node goes away: what was not yielded was not sent.
    """
    for batch in _batches(wanted):
        contexts = contexts_of(contexts_wanted(batch), with_fallback=True)
        with (
            node_association(destination, contexts, purpose=Purpose.SEND) as assoc,
            TrafficMeter(destination) as meter,
        ):
            scu = StorageSCU(assoc)
            for one in batch:
                meter.count(one.size_bytes)
                yield one, _send(scu, one, originator)


def _batches(wanted: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    start, pairs = 0, set[tuple[str, str]]()
    for index, one in enumerate(wanted):
        pairs.add((one.sop_class_uid, one.transfer_syntax_uid))
        if len(pairs) > MAXIMUM_CONTEXTS:
            yield wanted[start:index]
            start, pairs = index, {(one.sop_class_uid, one.transfer_syntax_uid)}
    if start < len(wanted):
        yield wanted[start:]


def contexts_wanted(wanted: Sequence[Wanted]) -> set[tuple[str, str]]:
    """The pairs of SOP class and transfer syntax among the instances."""
    return {(one.sop_class_uid, one.transfer_syntax_uid) for one in wanted}


def send_each(
    scu: StorageSCU, wanted: Sequence[Wanted], *, originator: Originator | None = None
) -> Iterator[tuple[Wanted, int]]:
    """Send the instances, each with the status of its answer; 0xC000 for one whose bytes cannot be had.

    Raises  Unavailable if the association with the receiver is gone.
    """
    for one in wanted:
        yield one, _send(scu, one, originator)


def _send(scu: StorageSCU, wanted: Wanted, originator: Originator | None) -> int:
    try:
        source = with_stored(wanted, partial(_source, wanted))
    except ServiceError:
        return UNREADABLE
    if isinstance(source, StoredFile):
        try:
            return scu.send(source, originator=originator)
        except (InvalidInput, OSError):
            return UNREADABLE
    return scu.send_encoded(
        source, sop_class_uid=wanted.sop_class_uid, sop_instance_uid=wanted.sop_instance_uid,
        transfer_syntax_uid=wanted.transfer_syntax_uid, originator=originator,
    )  # fmt: skip


def _source(wanted: Wanted, storage_key: str) -> StoredFile | bytes:
    """Where the data set lies on this machine, or its bytes from elsewhere.

    Raises  NotFound or Unavailable if no volume gives it; InvalidInput if what is there is no DICOM object, or
            cannot be given the identity its study has now.
    """
    if wanted.identity is not None:
        data = coerced(read_object(storage_key), wanted.identity)
        return data[data_set_offset(data[:_HEAD]) :]
    place = local_slice(storage_key)
    if place is None:
        data = read_object(storage_key)
        return data[data_set_offset(data[:_HEAD]) :]
    try:
        with open_object(storage_key) as opened:
            start = data_set_offset(opened.read(_HEAD))
    except OSError as error:
        raise Unavailable("The object cannot be read now", code="STORAGE_FAILED") from error
    length = wanted.size_bytes - start
    if length <= 0:
        raise NotFound("The object has no data set", code="OBJECT_MISSING")
    return StoredFile(
        place.path, wanted.sop_class_uid, wanted.sop_instance_uid, wanted.transfer_syntax_uid,
        place.offset + start, length,
    )  # fmt: skip
