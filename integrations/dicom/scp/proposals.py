"""Reading an association request: what a peer proposed before is not taken apart again.

A modality proposes the same hundred presentation contexts each time it calls. pynetdicom makes some six
hundred objects of them, which costs more than storing the first ten images does.

Reference  PS3.8 §9.3.2 (A-ASSOCIATE-RQ), §9.3.2.2 (presentation context items)
"""

from __future__ import annotations

import functools
from typing import Any

from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_items import PresentationContextItemRQ
from pynetdicom.presentation import PresentationContext

_PRESENTATION_CONTEXT = 0x20
_REMEMBERED_AT_MOST = 1024  # bytes; with forty transfer syntaxes one is larger, and rare


class AssociationRequest(A_ASSOCIATE_RQ):
    """pynetdicom's, but for presentation contexts that may be shared with other requests: they are only read."""

    pdu_type = 0x01

    def _wrap_generate_items(self, bytestream: bytes) -> list[Any]:
        items = list(self._generate_items(bytestream))
        rest = b"".join([data for kind, data in items if kind != _PRESENTATION_CONTEXT])
        contexts = [_context(data) for kind, data in items if kind == _PRESENTATION_CONTEXT]
        return [*super()._wrap_generate_items(rest), *contexts]


class _Proposed(PresentationContextItemRQ):
    """A presentation context item that is made into a primitive once."""

    def to_primitive(self) -> PresentationContext:
        return self._primitive

    @functools.cached_property
    def _primitive(self) -> PresentationContext:
        return super().to_primitive()


def _context(data: bytes) -> _Proposed:
    return _remembered(data) if len(data) <= _REMEMBERED_AT_MOST else _decoded(data)


def _decoded(data: bytes) -> _Proposed:
    item = _Proposed()
    item.decode(data)
    return item


_remembered = functools.lru_cache(maxsize=2048)(_decoded)
