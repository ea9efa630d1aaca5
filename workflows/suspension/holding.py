"""What comes for a suspended case: refused where a person waits for the answer, kept where nobody would ask again."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from common import clock
from common.errors import Conflict
from events.services import Event
from workflows.models import HeldInput


class CaseSuspended(Conflict):
    """The case takes no step until an operator lets it go on."""

    default_code = "CASE_SUSPENDED"

    def __init__(self) -> None:
        super().__init__(_("This case is suspended. Nothing can be done in it until it goes on."))


def hold(instance_pk: int, kind: HeldInput.Kind, about: uuid.UUID, payload: dict[str, Any]) -> None:
    """Keep what came, to be applied when the case goes on; what came twice is kept once."""
    HeldInput.objects.get_or_create(
        instance_id=instance_pk, kind=kind, about=about, defaults={"payload": payload, "held_at": clock.now()}
    )


def something_held() -> Exists:
    """Of machines' steps: whether an answer or a failure is kept for them, so that nobody is to do them again.

    It may still be so for a moment after the case goes on.
    """
    return Exists(HeldInput.objects.filter(instance=OuterRef("instance"), about=OuterRef("pk")))


def forget_held(instance_pk: int) -> None:
    """A case that is stopped takes nothing any more."""
    HeldInput.objects.filter(instance=instance_pk).delete()


def as_payload(event: Event) -> dict[str, Any]:
    """News as it is kept; its UID is what the row is about."""
    return {"name": event.name, "payload": event.payload, "trace_id": str(event.trace_id)}
