"""What a STOW-RS server says it stored and what it did not.

Reference  PS3.18 §10.5.3 (status codes and payload), PS3.18 §I.2.1 (Store Instances Response)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_SOP_INSTANCE, _FAILED, _REASON, _STORED = "00081155", "00081198", "00081197", "00081199"
_OUT_OF_RESOURCES = range(0xA700, 0xA800)


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, failure reasons by SOP Instance UID, and the instances that were stored."""

    status: int
    failed: dict[str, int] = field(default_factory=dict)
    stored: frozenset[str] = frozenset()

    @property
    def names_any(self) -> bool:
        return bool(self.failed or self.stored)

    def is_out_of_resources(self, sop_instance_uid: str) -> bool:
        """Whether the server lacked room for it, and may have some later (PS3.4 §B.2.3)."""
        return self.failed[sop_instance_uid] in _OUT_OF_RESOURCES


def read_answer(status: int, content: bytes) -> Answer:
    """The answer as far as it can be read; an item that names no instance says nothing of any."""
    try:
        body = json.loads(content)
    except ValueError:
        return Answer(status)
    failed = {uid: _number(item) for uid, item in _named(body, _FAILED)}
    return Answer(status, failed, frozenset(uid for uid, _ in _named(body, _STORED)))


def _named(body: Any, sequence: str) -> Iterator[tuple[str, Any]]:
    for item in _values(body, sequence):
        for uid in _values(item, _SOP_INSTANCE)[:1]:
            yield str(uid), item


def _number(item: Any) -> int:
    try:
        return int(_values(item, _REASON)[0])
    except (IndexError, TypeError, ValueError):
        return 0


def _values(dataset: Any, tag: str) -> list[Any]:
    """The values of an attribute in the DICOM JSON model (PS3.18 §F.2.2); none where there are none."""
    element = dataset.get(tag) if isinstance(dataset, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []
