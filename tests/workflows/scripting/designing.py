"""Someone who designs processes, and a script worth keeping."""

from __future__ import annotations

from typing import Any

from accounts.models import Membership, Person, Role, Site
from tests.personas import PASSWORD

SOURCE = "accession = prefix.upper() + '-' + f'{number:05d}'"
TESTS: list[dict[str, Any]] = [
    {"name": "five digits", "data": {"prefix": "ct", "number": 42}, "gives": {"accession": "CT-00042"}},
    {"name": "a text is no number", "data": {"prefix": "ct", "number": "x"}, "ends": "SCRIPT_FAILED"},
]


def make_designer(site: Site) -> Person:
    """Dora designs processes."""
    dora = Person.objects.create_user("dora", password=PASSWORD, display_name="Dora")
    Membership.objects.create(person=dora, site=site, role=Role.DESIGNER)
    return dora
