"""What is in the library."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.privileges import Privilege, has_privilege
from workflows.scripting.library.models import ScriptVersion


def visible_scripts(actor: Actor) -> QuerySet[ScriptVersion]:
    """Every version of every script, for those who design processes; scripts belong to no site."""
    found = ScriptVersion.objects.all()
    return found if has_privilege(actor, Privilege.DESIGN_PROCESSES) else found.none()


def find_script(reference: str) -> ScriptVersion | None:
    """The version a diagram means: `name` for the one in force, `name@3` for one that was ever published."""
    name, has_number, number = reference.partition("@")
    found = ScriptVersion.objects.filter(name=name).exclude(state=ScriptVersion.State.DRAFT)
    if not has_number:
        return found.filter(state=ScriptVersion.State.PUBLISHED).first()
    return found.filter(number=int(number)).first() if number.isdecimal() and len(number) < 10 else None


def references_in_force() -> list[str]:
    """What may be named of the scripts in force, by who does not read them: `name`, and `name@3` for good."""
    found = ScriptVersion.objects.filter(state=ScriptVersion.State.PUBLISHED).order_by("name")
    return [text for one in found.only("name", "number") for text in (one.name, f"{one.name}@{one.number}")]
