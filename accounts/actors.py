"""Who acts: a person, or a named part of the system."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Person


@dataclass(frozen=True, slots=True)
class SystemActor:
    """A part of Consilium, or a peer system, acting without a person: `dicom:CT1`, `workflow`, `hl7:his`."""

    name: str
    site_code: str = ""


Actor = Person | SystemActor


def actor_name(actor: Actor) -> str:
    """The name the audit trail knows the actor by."""
    return actor.name if isinstance(actor, SystemActor) else actor.username
