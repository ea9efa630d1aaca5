"""The data sets of storage commitment, read with care and written.

Reference  PS3.4 Tables J.3-1 (N-ACTION) and J.3-2 (N-EVENT-REPORT), PS3.3 §C.14
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset

from archive.studies.references import instance_reference
from common.errors import InvalidInput
from common.uids import is_uid_lenient

SOP_CLASS = "1.2.840.10008.1.20.1"
WELL_KNOWN_INSTANCE = "1.2.840.10008.1.20.1.1"
REQUEST_ACTION = 1
ALL_COMMITTED, SOME_FAILED = 1, 2
MOST_REFERENCES = 100_000

Reference = tuple[str, str]
Failure = tuple[str, str, int]


def read_request(action: Dataset) -> tuple[str, list[Reference]]:
    """Transaction UID and references of a request. Raises InvalidInput with the keyword that is wrong."""
    transaction_uid = _uid(action, "TransactionUID")
    references = _references(action, "ReferencedSOPSequence")
    if not references:
        raise InvalidInput(
            "ReferencedSOPSequence names nothing",
            code="VALUE_MISSING",
            fields={"ReferencedSOPSequence": "empty"},
        )
    return transaction_uid, references


def read_result(event: Dataset) -> tuple[str, list[Reference], list[Failure]]:
    """Transaction UID, what is committed, and what failed with its reason. Raises InvalidInput."""
    failures = [
        (_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"), _reason(item))
        for item in event.get("FailedSOPSequence") or []
    ]
    return _uid(event, "TransactionUID"), _references(event, "ReferencedSOPSequence"), failures


def request(transaction_uid: str, references: Iterable[Reference]) -> Dataset:
    """The action information of an N-ACTION."""
    dataset = Dataset()
    dataset.TransactionUID = transaction_uid
    dataset.ReferencedSOPSequence = [instance_reference(*reference) for reference in references]
    return dataset


def result(
    transaction_uid: str, references: Sequence[Reference], failures: Sequence[Failure]
) -> tuple[int, Dataset]:
    """Event type and event information of an N-EVENT-REPORT."""
    failed = {uid for _, uid, _ in failures}
    dataset = Dataset()
    dataset.TransactionUID = transaction_uid
    committed = [instance_reference(*reference) for reference in references if reference[1] not in failed]
    if committed:
        dataset.ReferencedSOPSequence = committed
    if failures:
        dataset.FailedSOPSequence = [_failed_item(failure) for failure in failures]
    return SOME_FAILED if failures else ALL_COMMITTED, dataset


def _references(dataset: Dataset, keyword: str) -> list[Reference]:
    items = dataset.get(keyword) or []
    if isinstance(items, str | bytes) or len(items) > MOST_REFERENCES:
        raise InvalidInput(
            f"{keyword} is too long or no sequence", code="VALUE_INVALID", fields={keyword: "length"}
        )
    pairs = [(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID")) for item in items]
    return list(dict.fromkeys(pairs))


def _uid(dataset: Dataset, keyword: str) -> str:
    if keyword not in dataset:
        raise InvalidInput(f"{keyword} is missing", code="FIELD_MISSING", fields={keyword: "is missing"})
    value = str(dataset.get(keyword) or "").strip(" \0")
    if not is_uid_lenient(value):
        raise InvalidInput(f"{keyword} is no UID", code="VALUE_INVALID", fields={keyword: "is no UID"})
    return value


def _reason(item: Dataset) -> int:
    try:
        return int(item.get("FailureReason") or 0x0110)
    except (TypeError, ValueError):
        return 0x0110


def _failed_item(failure: Failure) -> Dataset:
    item = instance_reference(*failure[:2])
    item.FailureReason = failure[2]
    return item
