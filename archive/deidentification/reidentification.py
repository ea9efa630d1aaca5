"""Whom a pseudonym stands for, told to those who may know and say why they ask.

Nothing is stored by which a pseudonym could be looked up: the pseudonyms of the asker's own sites' patients and studies
are made anew with the key that is named, and compared.

Reference  PS3.15 §E.1.2 (re-identification), §A.5 (audit)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from accounts.models import AuditEvent, Site
from accounts.privileges import Privilege, sites_where
from archive.deidentification.keys import secret_of
from archive.deidentification.pseudonyms import Pseudonyms
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.selectors import survivor_of
from archive.studies.models import Study
from common.errors import InvalidInput, NotFound, NotPermitted

_PATIENT = re.compile(r"[A-Z2-7]{13}")
_UID = re.compile(r"2\.25\.\d{1,39}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}")


class Purpose(models.TextChoices):
    """Why somebody is to be known again; a code, so that the trail holds no words about a patient."""

    CARE = "care", gettext_lazy("A finding that the patient must be told of")
    CONSENT = "consent", gettext_lazy("The patient asks for their data, or withdraws consent")
    QUALITY = "quality", gettext_lazy("Checking data against its source")
    LAW = "law", gettext_lazy("An order of a court or an authority")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a pseudonym stands for; `study` where it stood for one study."""

    patient: Patient
    study: Study | None = None


class _Stated(NamedTuple):
    purpose: str
    reference: str


def reidentify_pseudonym(
    pseudonym: str, *, key_name: str, purpose: str, reference: str, actor: Actor
) -> Identity:
    """The patient, or the study, that a pseudonym made with this key stands for. Leaves one line in the trail.

    `reference` is the number of the approval that allows it: letters, digits and signs between them.
    Raises  NotPermitted without the privilege anywhere, which leaves a line too; InvalidInput for what is no pseudonym,
            without a purpose or reference, or for a key that is not held; NotFound if it stands for nobody of
            the sites where the actor holds the privilege.
    """
    sites = sites_where(actor, Privilege.REIDENTIFY)
    if isinstance(actor, SystemActor) or not sites.exists():
        record_audit(actor, "patient.reidentified", outcome=AuditEvent.Outcome.REFUSED, purpose=purpose[:16])
        raise NotPermitted(_("You may not re-identify patients."), code="NOT_PERMITTED")
    asked, said = pseudonym_in(pseudonym), _stated(purpose, reference)
    secret = secret_of(key_name)
    found = _study_of(asked, secret, sites) if _UID.fullmatch(asked) else _patient_of(asked, secret, sites)
    if found is None:
        record_audit(
            actor, "patient.reidentified", outcome=AuditEvent.Outcome.FAILED, key_name=key_name,
            purpose=said.purpose, reference=said.reference,
        )  # fmt: skip
        raise NotFound(
            _("This pseudonym stands for nobody of your sites, or was made with another key."),
            code="PSEUDONYM_UNKNOWN",
        )
    with transaction.atomic():
        record_audit(
            actor, "patient.reidentified", object_kind="patient", object_uid=str(found.patient.uid),
            study_instance_uid=found.study.study_instance_uid if found.study else "", key_name=key_name,
            purpose=said.purpose, reference=said.reference,
        )  # fmt: skip
    return found


def pseudonym_in(text: str) -> str:
    """The pseudonym in what was typed: an identifier, a name as objects carry it, or a Study Instance UID.

    Raises  InvalidInput beside the field.
    """
    typed = text.replace("\0", "").strip()
    identifier = typed.partition("^")[0].upper()
    if _PATIENT.fullmatch(identifier):
        return identifier
    if _UID.fullmatch(typed):
        return typed
    sentence = _("A pseudonym is 13 letters and digits, or a UID that begins with 2.25.")
    raise InvalidInput(sentence, code="PSEUDONYM_INVALID", fields={"pseudonym": sentence})


def _stated(purpose: str, reference: str) -> _Stated:
    """Raises InvalidInput beside the field that is missing."""
    if purpose not in Purpose.values:
        sentence = _("Say what the identity is needed for.")
        raise InvalidInput(sentence, code="FIELD_MISSING", fields={"purpose": sentence})
    if not _REFERENCE.fullmatch(reference.strip()):
        sentence = _("Give the number of the approval: letters, digits, and . / _ - between them.")
        raise InvalidInput(sentence, code="FIELD_INVALID", fields={"reference": sentence})
    return _Stated(purpose, reference.strip())


def _patient_of(pseudonym: str, secret: bytes, sites: QuerySet[Site]) -> Identity | None:
    """By the identifiers of the sites, with and without the authority that objects may name as issuer."""
    rows = PatientIdentifier.objects.filter(site__in=sites).values_list(
        "patient_id", "value", "authority_namespace"
    )
    for patient_pk, value, authority in rows.iterator(chunk_size=5000):
        if pseudonym in _made(secret, value, ("", authority)):
            patient = Patient.objects.select_related("merged_into").get(pk=patient_pk)
            return Identity(survivor_of(patient))
    return None


def _made(secret: bytes, value: str, issuers: Iterable[str]) -> set[str]:
    return {Pseudonyms.for_identifier(value, issuer, secret).patient_id for issuer in issuers}


def _study_of(pseudonym: str, secret: bytes, sites: QuerySet[Site]) -> Identity | None:
    maker = Pseudonyms(secret, "")
    uids = Study.all_objects.filter(site__in=sites).values_list("study_instance_uid", flat=True)
    for uid in uids.iterator(chunk_size=5000):
        if maker.uid(uid) == pseudonym:
            study = Study.all_objects.select_related("patient__merged_into", "site").get(
                study_instance_uid=uid
            )
            return Identity(survivor_of(study.patient), study)
    return None
