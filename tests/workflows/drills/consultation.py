"""What surrounds a remote consultation: an order, its images, a workstation, and the record that acknowledges.

Everything but the algorithm itself is the product's own: the order is placed, the job submitted, the message sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archive.orders.models import Order
from archive.reports.models import Report
from archive.studies.judging import complete_series
from archive.studies.models import Series
from compute.models import Job
from compute.scheduling.devices import Device
from compute.services import claim_job, fail_job, finish_job
from integrations.hl7.models import OutboundMessage
from notifications.models import Notification
from tests.archive.orders.orders import make_patient, place_order
from tests.personas import Cast
from tests.portal.stored_images import store_ct

WORKSTATION = Device("workstation", "cpu", "cpu", 64 * 2**30)


class Consultation:
    """One patient of the county hospital whose scanner has sent a thin series."""

    def __init__(self, cast: Cast, number: int) -> None:
        patient = make_patient(cast, f"C-{number}")
        self._study = f"2.25.{number}000"
        self._cast, self._patient, self._number = cast, patient, number

    def begin(self, priority: str) -> None:
        """The images are there, then the order comes: it begins the case."""
        self._series = store_ct(
            self._cast.county, study=self._study, series=f"{self._study}.1", slices=8,
            PatientID=f"C-{self._number}", AccessionNumber=f"A-{self._number}",
        )  # fmt: skip
        complete_series(self._series, "QUIET")
        self._order = place_order(
            self._cast, self._patient, placer_order_number=f"PO-{self._number}", priority=priority,
            study_instance_uid=self._study, accession_number=f"A-{self._number}",
        )  # fmt: skip

    def subjects(self, _recorded: Mapping[str, str]) -> dict[str, str]:
        """What news about this patient's series is about, in place of the recorded identifiers."""
        return {
            "order": str(self._order.uid), "patient": str(self._patient.uid), "study": self._study,
            "series": self._series.series_instance_uid,
        }  # fmt: skip

    def answer(self, _name: str, result: Mapping[str, Any]) -> None:
        """The workstation has computed; the record acknowledges by itself, and who is told need not answer."""
        for claim in self._claims():
            finish_job(claim, result_series_uid="2.25.12", result_count=result.get("result_count", 0))

    def fail(self, _name: str, code: str) -> None:
        for claim in self._claims():
            fail_job(claim, code=code)

    def _claims(self) -> list[Any]:
        jobs = Job.objects.filter(study_instance_uid=self._study, status=Job.Status.QUEUED)
        claims = [claim_job(job.uid, worker="workstation", device=WORKSTATION) for job in jobs]
        return [claim for claim in claims if claim is not None]


def effects(filed: Path) -> dict[str, Any]:
    """What the machines' steps have done outside the cases, counted."""
    return {
        "jobs": Counter(Job.objects.values_list("template_key", "status", "result_count")),
        "messages": Counter(OutboundMessage.objects.values_list("link__name", "log__status")),
        "filed": len(list(filed.glob("*.hl7"))),
        "told": Counter(Notification.objects.values_list("kind", "person__username", "step")),
        "reports": Counter(Report.objects.values_list("status", "version", "author__username")),
        "orders": Counter(Order.objects.values_list("status")),
        "series": Series.objects.count(),
    }
