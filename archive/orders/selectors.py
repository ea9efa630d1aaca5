"""Finding orders and worklist entries, and which orders an actor may see."""

from __future__ import annotations

import datetime as dt
import re

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Site
from accounts.privileges import Privilege, granted_studies, sites_where
from archive.mpi.models import Patient, PatientIdentifier
from archive.orders.models import Order, PerformedProcedureStep, ScheduledProcedureStep
from common.prepared import PreparedQuery, Slot

Moment = dt.datetime | dt.date | None


def visible_orders(actor: Actor) -> QuerySet[Order]:
    """Orders of the sites where the actor may see orders, and those whose study was granted with a case."""
    return Order.objects.filter(
        Q(site__in=sites_where(actor, Privilege.VIEW_ORDERS))
        | Q(study_instance_uid__in=granted_studies(actor).values("study_instance_uid"))
    )


def visible_performed_steps(actor: Actor) -> QuerySet[PerformedProcedureStep]:
    """What modalities of the sites where the actor may see orders said they did, without all they said."""
    sites = sites_where(actor, Privilege.VIEW_ORDERS)
    return PerformedProcedureStep.objects.filter(site__in=sites).select_related("site").defer("attributes")


def _valid_orders(**number: Slot) -> QuerySet[Order]:
    orders = Order.objects.filter(site=Slot("site"), **number).exclude(status=Order.Status.CANCELLED)
    return orders.select_related("patient").order_by("pk")[:1]


# Every study that begins asks these.
_BY_STUDY_UID = PreparedQuery(lambda: _valid_orders(study_instance_uid=Slot("value")))
_BY_ACCESSION_NUMBER = PreparedQuery(lambda: _valid_orders(accession_number=Slot("value")))


def find_order(
    *, site: Site, study_instance_uid: str, accession_number: str, patient: Patient | None
) -> tuple[Order | None, str]:
    """The order a study answers, and in a few words why it is that one or none.

    The study UID from our worklist is the strongest evidence, then the accession number. Either counts only
    where the patient agrees; with no patient to compare, the number decides alone.
    """
    evidence = [
        ("study UID", _BY_STUDY_UID, study_instance_uid),
        ("accession number", _BY_ACCESSION_NUMBER, accession_number),
    ]
    for words, orders, value in evidence:
        order = orders.first(site=site.pk, value=value) if value else None
        if order is None:
            continue
        if patient is not None and order.patient_id != patient.pk:
            return None, f"{words} is of an order for another patient"
        return order, f"{words} of the order"
    return None, "no order with this study UID or accession number"


def worklist_steps(
    *,
    modality: str = "",
    station_ae_title: str = "",
    date_range: tuple[Moment, Moment] = (None, None),
    patient_id: str = "",
    patient_name: str = "",
    accession_number: str = "",
    site: Site | None = None,
) -> QuerySet[ScheduledProcedureStep]:
    """Scheduled steps that match every key given, soonest first.

    A step without a station is for every station. Dates are inclusive, in the local time zone. Keys for
    patient, name and accession number may hold the wild cards `*` and `?`.

    Reference  PS3.4 §C.2.2.2 (matching), §K.6.1.2 (worklist keys)
    """
    steps = ScheduledProcedureStep.objects.filter(status=ScheduledProcedureStep.Status.SCHEDULED)
    steps = steps.select_related("order__patient", "order__site").order_by("scheduled_at", "pk")
    if site is not None:
        steps = steps.filter(order__site=site)
    if modality:
        steps = steps.filter(modality=modality)
    if station_ae_title:
        steps = steps.filter(station_ae_title__in=[station_ae_title, ""])
    if accession_number:
        steps = steps.filter(_matches("order__accession_number", accession_number))
    if patient_id:
        known = PatientIdentifier.objects.filter(_matches("value", patient_id)).values("patient_id")
        steps = steps.filter(order__patient__in=known)
    if patient_name:
        steps = _by_name(steps, patient_name)
    return _within(steps, *date_range)


def _by_name(steps: QuerySet[ScheduledProcedureStep], patient_name: str) -> QuerySet[ScheduledProcedureStep]:
    """Every component group of a PN key is tried on its own script (PS3.5 §6.2.1), without regard to case."""
    alphabetic, _, ideographic = patient_name.partition("=")
    steps = steps.annotate(
        pn=Concat(F("order__patient__family_name"), Value("^"), F("order__patient__given_name"))
    )
    wanted = Q()
    if alphabetic.strip("*"):
        full = alphabetic if "^" in alphabetic or alphabetic.endswith("*") else f"{alphabetic}^*"
        pattern = _pattern(full.rstrip("^"))
        ideographic_pattern = _pattern(alphabetic.replace("^", ""))
        wanted = Q(pn__iregex=pattern) | Q(order__patient__ideographic_name__iregex=ideographic_pattern)
    if ideographic.strip("*"):
        pattern = _pattern(ideographic.partition("=")[0].replace("^", ""))
        wanted |= Q(order__patient__ideographic_name__iregex=pattern)
    return steps.filter(wanted)


def _within(
    steps: QuerySet[ScheduledProcedureStep], since: Moment, until: Moment
) -> QuerySet[ScheduledProcedureStep]:
    if since is not None:
        steps = steps.filter(scheduled_at__gte=_begin(since))
    if isinstance(until, dt.datetime):
        steps = steps.filter(scheduled_at__lte=until)
    elif until is not None:
        steps = steps.filter(scheduled_at__lt=_begin(until + dt.timedelta(days=1)))
    return steps


def _begin(moment: dt.datetime | dt.date) -> dt.datetime:
    if isinstance(moment, dt.datetime):
        return moment
    return timezone.make_aware(dt.datetime.combine(moment, dt.time.min))


def _matches(field: str, key: str) -> Q:
    if "*" in key or "?" in key:
        return Q(**{f"{field}__regex": _pattern(key)})
    return Q(**{field: key})


def _pattern(key: str) -> str:
    parts = re.split(r"([*?])", key)
    return "^" + "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts) + "$"
