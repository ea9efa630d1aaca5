"""The master patient index: who is meant by these identifiers.

Reference  IHE ITI-8, ITI-30 (patient identity feed and management)
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.selectors import patients_known_by, site_of_authority
from common import clock
from common.errors import Conflict, InvalidInput
from common.identifiers import Identifier


def register_patient(
    *,
    identifiers: Sequence[Identifier],
    site: Site,
    family_name: str,
    given_name: str,
    ideographic_name: str = "",
    middle_name: str = "",
    name_prefix: str = "",
    name_suffix: str = "",
    birth_date: dt.date | None,
    sex: str,
    actor: Actor,
    source: str,
    overwrite: bool = False,
) -> Patient:
    """The patient these identifiers name, registered now if nobody knows them.

    An identifier new to us is linked to the patient its companions name. Demographics fill what is blank;
    with `overwrite`, meant for the system that keeps the patient's record, they also replace what differs.
    Safe to repeat and to run from several senders at once.

    Raises  Conflict IDENTIFIERS_DISAGREE where the identifiers name two patients;
            InvalidInput where there is no identifier to know the patient by.
    """
    wanted = [identifier for identifier in identifiers if identifier.value]
    if not wanted:
        raise InvalidInput(
            _("A patient needs at least one identifier."),
            code="FIELD_MISSING",
            fields={"identifiers": _("This field is required.")},
        )
    facts: dict[str, object] = {
        "family_name": family_name[:100],
        "given_name": given_name[:100],
        "ideographic_name": ideographic_name[:100],
        "middle_name": middle_name[:64],
        "name_prefix": name_prefix[:64],
        "name_suffix": name_suffix[:64],
        "birth_date": birth_date,
        "sex": sex if sex in Patient.Sex.values else Patient.Sex.UNKNOWN,
    }
    with transaction.atomic():
        _one_at_a_time(wanted)
        return _register(wanted, facts, site=site, actor=actor, source=source, overwrite=overwrite)


def _one_at_a_time(identifiers: list[Identifier]) -> None:
    """Wait for others who register these identifiers: what is not there yet cannot be locked as a row."""
    names = {f"patient:{identifier.authority.namespace}:{identifier.value}" for identifier in identifiers}
    keys = sorted(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True) for name in names)
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _register(
    identifiers: list[Identifier],
    facts: dict[str, object],
    *,
    site: Site,
    actor: Actor,
    source: str,
    overwrite: bool,
) -> Patient:
    known = patients_known_by(identifiers)
    if len(known) > 1:
        raise Conflict(_("These identifiers belong to different patients."), code="IDENTIFIERS_DISAGREE")
    if known:
        patient = Patient.objects.select_for_update().get(pk=known[0].pk)
        changed = _update(patient, facts, overwrite=overwrite)
    else:
        patient = Patient.objects.create(registered_at=clock.now(), **facts)
        changed = []
    linked = _link(patient, identifiers, site=site, source=source)
    if not known or changed or linked:
        record_audit(
            actor,
            "patient.updated" if known else "patient.registered",
            object_kind="patient",
            object_uid=str(patient.uid),
            site_code=site.code,
            source=source,
            changed=changed,
            identifiers_linked=linked,
        )
    return patient


def _update(patient: Patient, facts: dict[str, object], *, overwrite: bool) -> list[str]:
    """The names of the fields that changed; a blank never replaces what is known."""
    blank = {"", None, Patient.Sex.UNKNOWN}
    changed = [
        name
        for name, value in facts.items()
        if value not in blank
        and getattr(patient, name) != value
        and (overwrite or getattr(patient, name) in blank)
    ]
    for name in changed:
        setattr(patient, name, facts[name])
    if changed:
        patient.save(update_fields=changed)
    return changed


def _link(patient: Patient, identifiers: list[Identifier], *, site: Site, source: str) -> int:
    """Link the identifiers that are new to us; how many."""
    held = set(
        PatientIdentifier.objects.filter(value__in=[identifier.value for identifier in identifiers])
        .values_list("value", "authority_namespace")
    )  # fmt: skip
    new = {
        (identifier.value, identifier.authority.namespace): identifier
        for identifier in identifiers
        if (identifier.value, identifier.authority.namespace) not in held
    }
    PatientIdentifier.objects.bulk_create(
        PatientIdentifier(
            patient=patient,
            site=site if identifier.authority.namespace == site.authority_namespace
            else site_of_authority(identifier.authority),
            value=identifier.value,
            authority_namespace=identifier.authority.namespace,
            authority_universal_id=identifier.authority.universal_id,
            type_code=identifier.type_code,
            source=source[:80],
            linked_at=clock.now(),
        )
        for identifier in new.values()
    )  # fmt: skip
    return len(new)
