"""All that one trace id ties together, as far as a person may see it, in the order of time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.selectors import visible_audit_events
from archive.orders.selectors import visible_orders
from archive.reports.selectors import visible_reports
from archive.studies.selectors import visible_studies
from common.diagram_names import name_in_words
from compute.selectors import visible_jobs
from integrations.hl7.selectors import visible_messages
from portal.cases.words import CASE, JOB, Word, word
from portal.integration.words import DIRECTION, MESSAGE
from portal.record_words import ORDER, REPORT
from portal.template_titles import template_title
from workflows.selectors import visible_cases

MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One thing under the trace. `is_major`: a thing itself, not a line about one."""

    at: dt.datetime
    icon_name: str
    kind: str
    title: str
    detail: str = ""
    href: str = ""
    state: Word | None = None
    is_major: bool = True


def lines_of(person: Person, trace_id: uuid.UUID) -> list[TraceLine]:
    """Orders, studies, cases, jobs, reports, messages and audit lines, oldest first."""
    gatherers = (_orders, _studies, _cases, _jobs, _reports, _messages, _audit_lines)
    lines = [line for gatherer in gatherers for line in gatherer(person, trace_id)]
    return sorted(lines, key=lambda line: (line.at, not line.is_major))


def _orders(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    for order in visible_orders(person).filter(trace_id=trace_id)[:MOST_LINES]:
        yield TraceLine(
            order.received_at, "clipboard-list", _("Order"),
            order.procedure_description or order.procedure_code, order.accession_number,
            state=word(ORDER, order.status),
        )  # fmt: skip


def _studies(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    for study in visible_studies(person).filter(trace_id=trace_id)[:MOST_LINES]:
        yield TraceLine(
            study.received_at, "images", _("Study"), study.study_description or _("Study"),
            study.study_instance_uid, reverse("study", args=[study.study_instance_uid]),
        )  # fmt: skip


def _cases(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    cases = visible_cases(person).filter(trace_id=trace_id).select_related("definition")
    for case in cases.defer("state", "definition__files")[:MOST_LINES]:
        yield TraceLine(
            case.started_at, "briefcase-medical", _("Case"), name_in_words(case.definition.name), str(case.uid),
            reverse("case", args=[case.uid]), word(CASE, case.status),
        )  # fmt: skip


def _jobs(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    for job in visible_jobs(person).filter(trace_id=trace_id)[:MOST_LINES]:
        yield TraceLine(
            job.submitted_at, "activity", _("Job"), template_title(job.template_key), str(job.uid),
            reverse("study", args=[job.study_instance_uid]), word(JOB, job.status),
        )  # fmt: skip


def _reports(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    reports = visible_reports(person).filter(trace_id=trace_id).select_related("study", "author")
    for report in reports[:MOST_LINES]:
        yield TraceLine(
            report.signed_at or report.created_at, "file-text", _("Report"),
            _("Report by %(author)s") % {"author": report.author.display_name}, str(report.uid),
            reverse("study", args=[report.study.study_instance_uid]), word(REPORT, report.status),
        )  # fmt: skip


def _messages(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    for message in visible_messages(person).filter(trace_id=trace_id).defer("raw", "answer")[:MOST_LINES]:
        direction = word(DIRECTION, message.direction)
        yield TraceLine(
            message.received_at, direction.icon_name, str(direction.word), message.message_type,
            message.control_id, reverse("message", args=[message.uid]), word(MESSAGE, message.status),
        )  # fmt: skip


def _audit_lines(person: Person, trace_id: uuid.UUID) -> Iterator[TraceLine]:
    for line in visible_audit_events(person).filter(trace_id=trace_id)[:MOST_LINES]:
        yield TraceLine(
            line.recorded_at, "eye", _("Audit"), line.action, f"{line.actor} · {line.object_kind}",
            is_major=False,
        )  # fmt: skip
