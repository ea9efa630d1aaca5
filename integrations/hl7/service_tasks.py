"""Steps that a diagram can name: `hl7.send_report`."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import transaction
from django.utils.module_loading import import_string

from archive.reports.models import Report
from archive.reports.selectors import subjects_of, visible_reports
from common.errors import NotFound
from events.tracing import trace
from integrations.hl7.delivery import queue_message, retry_message
from integrations.hl7.mapping import mapped_bytes
from integrations.hl7.models import OutboundMessage
from integrations.hl7.selectors import outbound_link
from workflows.service_tasks import Pending, TaskContext, service_task

# Loaded where a message is built: the listener, which loads this module too, stays free of hl7apy.
BUILDER = "integrations.hl7.senders.oru_result.build_result"


@service_task("hl7.send_report", queue="transfer")
def send_report(context: TaskContext, *, report_uid: str, link: str = "") -> Pending:
    """Send a final report as ORU^R01 and wait until the receiver has acknowledged it.

    Run again for the same step, it waits for the message that is already on its way; one the receiver had
    refused is sent once more.

    Returns  Pending with the outbound message's UID; the step ends with {"acknowledged", "control_id"}.
    Raises   NotFound for an unknown report or a site without an outbound link; InvalidInput where the
             message would break the standard, or the link's script refuses it; ScriptError where the script fails.
    Reference  HL7 v2.5.1 §7.3.1 (ORU^R01); IHE RAD-28
    """
    with transaction.atomic(), trace(context.trace_id):
        run_uid = uuid.UUID(str(context.run_uid))
        queued = OutboundMessage.objects.filter(run_uid=run_uid).first()
        if queued is None:
            queued = _queue(_report(context, report_uid), run_uid=run_uid, link_name=link)
        elif queued.failed_at is not None:
            retry_message(queued)
    return Pending(str(queued.uid))


def _report(context: TaskContext, report_uid: str) -> Report:
    report = (
        visible_reports(context.actor)
        .select_related("study__patient", "study__order", "study__site", "author")
        .filter(uid=report_uid)
        .first()
    )
    if report is None:
        raise NotFound("There is no such report.", code="REPORT_UNKNOWN")
    return report


def _queue(report: Report, *, run_uid: uuid.UUID, link_name: str) -> OutboundMessage:
    study = report.study
    link = outbound_link(study.site, name=link_name)
    control_id = run_uid.hex[:20]
    build: Callable[..., bytes] = import_string(BUILDER)
    data, mapped_by = build(report, link=link, control_id=control_id), ""
    if link.mapping_script:
        data, mapped_by = mapped_bytes(data, link)
    return queue_message(
        link,
        data,
        control_id=control_id,
        run_uid=run_uid,
        mapped_by=mapped_by,
        subjects=subjects_of(report),
    )
