"""A correction as a person asks for it, in the page or by REST: read, its consequences told, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Person
from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.orders.selectors import visible_orders
from archive.studies.corrections.access import correctable_studies
from archive.studies.corrections.models import Correction
from archive.studies.corrections.reasons import NOTES, RULES, ReasonCode, Resent
from archive.studies.corrections.services import (
    merge_studies,
    reassign_study,
    reject_instances,
    split_study,
)
from archive.studies.models import Instance, Series, Study
from common.errors import InvalidInput
from portal.studies.choosing import choosable_patients

Kind = Correction.Kind


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked for; only what the kind needs is filled."""

    kind: Correction.Kind
    study: Study
    comment: str
    series: tuple[str, ...] = ()
    reason: ReasonCode | None = None
    patient: Patient | None = None
    order: Order | None = None
    into: Study | None = None


def read_command(asked: Mapping[str, Any], study: Study, person: Person) -> Command:
    """The command with what it names looked up among what the person may see.

    Raises  InvalidInput with `fields` for what is missing or not found.
    """
    kind = str(asked.get("kind") or "")
    if not kind:
        raise _refused("kind", _("Choose what is wrong with the study."))
    if kind not in Kind.values:
        raise _refused("kind", _("There is no such correction."))
    comment = str(asked.get("comment") or "").strip()
    if not comment:
        raise _refused("comment", _("This field is required."))
    command = Command(Kind(kind), study, comment[:400], series=tuple(asked.get("series") or ()))
    fill = {
        Kind.REJECT: _rejecting,
        Kind.REASSIGN: _reassigning,
        Kind.SPLIT: _splitting,
        Kind.MERGE: _merging,
    }
    return fill[command.kind](command, asked, person)


def carry_out(command: Command, person: Person) -> Correction:
    """Make the correction. Raises as the services do."""
    study, comment = command.study, command.comment
    if command.kind == Kind.REASSIGN and command.patient is not None:
        return reassign_study(
            study, patient=command.patient, order=command.order, actor=person, comment=comment
        )
    if command.kind == Kind.SPLIT:
        return split_study(study, command.series, patient=command.patient, actor=person, comment=comment)
    if command.kind == Kind.MERGE and command.into is not None:
        return merge_studies(study, command.into, actor=person, comment=comment)
    if command.reason is None:
        raise _refused("reason", _("This field is required."))
    return reject_instances(
        study, reason=command.reason, series=command.series, actor=person, comment=comment
    )


def consequences(command: Command) -> list[str]:
    """What will be different, in sentences a person can weigh."""
    said = [_what_moves(command), *_reports(command.study)]
    if command.kind == Kind.REASSIGN:
        said.extend(_orders(command))
        said.append(_("The stored objects stay as they were received; queries answer with the new patient."))
    else:
        said.append(_("A rejection note is stored and sent to the nodes that may hold the images."))
        reason = command.reason or ReasonCode.WRONG_WORKLIST_ENTRY
        said.append(_RESENT[RULES[reason].resent]())
    if command.study.series.filter(completeness=Series.Completeness.RECEIVING).exists():
        said.append(_("The study is still being received. What comes later stays where it arrives."))
    said.append(_("The correction can be undone from the history of the study."))
    return said


_RESENT = {
    Resent.IGNORE: lambda: _("If a sender sends the images again, they are ignored."),
    Resent.REFUSE: lambda: _("If a sender sends the images again, they are refused."),
    Resent.ACCEPT: lambda: _("If a sender sends the images again, they are stored again."),
}


def _what_moves(command: Command) -> str:
    instances = Instance.objects.filter(series__study=command.study)
    if command.series:
        instances = instances.filter(series__series_instance_uid__in=command.series)
    count = instances.count()
    size = filesizeformat(instances.aggregate(total=Sum("size_bytes"))["total"] or 0)
    values = {
        "count": count,
        "size": size,
        "patient": command.patient.display_name if command.patient else "",
        "into": _named(command.into) if command.into else "",
    }
    if command.kind == Kind.REASSIGN:
        return _("The study with %(count)s instances (%(size)s) is filed under %(patient)s.") % values
    if command.kind == Kind.SPLIT and command.patient is not None:
        sentence = _("%(count)s instances (%(size)s) are written anew into a study of %(patient)s.")
        return sentence % values
    if command.kind == Kind.SPLIT:
        return _("%(count)s instances (%(size)s) are written anew into a study of their own.") % values
    if command.kind == Kind.MERGE:
        return _("%(count)s instances (%(size)s) are written anew into %(into)s.") % values
    return _("%(count)s instances (%(size)s) are no longer shown to anybody.") % values


def _orders(command: Command) -> list[str]:
    """Which order the study leaves, and which it answers from now on."""
    said = []
    before, after = command.study.order, command.order
    if before is not None and before != after:
        said.append(_("It no longer answers order %(accession)s.") % {"accession": before.accession_number})
    if after is not None and before != after:
        said.append(_("It answers order %(accession)s from now on.") % {"accession": after.accession_number})
    return said


def _named(study: Study) -> str:
    """What the study is called where another one is looked at: what, of whom, under which number."""
    parts = (study.study_description, study.accession_number, study.patient.display_name)
    return " · ".join(part for part in parts if part)


def _reports(study: Study) -> list[str]:
    count = study.reports.count()
    if not count:
        return []
    sentence = ngettext(
        "%(count)s report of the study stays with it.", "%(count)s reports of the study stay with it.", count
    )
    return [sentence % {"count": count}]


def _rejecting(command: Command, asked: Mapping[str, Any], _person: Person) -> Command:
    reason = str(asked.get("reason") or "")
    if reason not in {code.value for code in NOTES}:
        raise _refused("reason", _("Choose a reason."))
    return Command(command.kind, command.study, command.comment, command.series, reason=ReasonCode(reason))


def _reassigning(command: Command, asked: Mapping[str, Any], person: Person) -> Command:
    patient = _patient(str(asked.get("patient") or ""), person)
    accession = str(asked.get("order") or "").strip()
    order = None
    if accession:
        order = visible_orders(person).filter(accession_number=accession, site=command.study.site).first()
        if order is None or order.patient_id != patient.pk:
            raise _refused("order", _("The patient has no order with this accession number."))
    return Command(command.kind, command.study, command.comment, patient=patient, order=order)


def _splitting(command: Command, asked: Mapping[str, Any], person: Person) -> Command:
    if not command.series:
        raise _refused("series", _("Choose the series that belong elsewhere."))
    wanted = str(asked.get("patient") or "").strip()
    patient = _patient(wanted, person) if wanted else None
    return Command(command.kind, command.study, command.comment, command.series, patient=patient)


def _merging(command: Command, asked: Mapping[str, Any], person: Person) -> Command:
    wanted = str(asked.get("into") or "").strip()[:64]
    found = (
        correctable_studies(person)
        .select_related("patient")
        .filter(Q(study_instance_uid=wanted) | Q(accession_number=wanted, site=command.study.site))
    )
    into = list(found.exclude(pk=command.study.pk)[:2]) if wanted else []
    if len(into) != 1:
        raise _refused("into", _("Name one other study by its accession number or UID."))
    return Command(command.kind, command.study, command.comment, into=into[0])


def _patient(wanted: str, person: Person) -> Patient:
    """The one patient of this identifier or UID. Raises InvalidInput."""
    wanted = wanted.replace("\0", "").strip()[:64]
    by_uid = Q(uid=wanted) if len(wanted) == 36 and wanted.count("-") == 4 else Q(pk__in=[])
    found = choosable_patients(person).filter(by_uid | Q(identifiers__value=wanted)).distinct()
    patients = list(found[:2]) if wanted else []
    if len(patients) != 1:
        raise _refused(
            "patient",
            _("No patient, or more than one, is known by this identifier. Choose one of those found."),
        )
    return patients[0]


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, code="FIELD_INVALID", fields={field: message})
