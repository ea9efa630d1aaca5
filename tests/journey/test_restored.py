"""The whole journey in one process with the real handlers: as it goes, and restored after every single step.

People, machines and peers act one at a time. In the restored run nothing a process remembers survives a
step, so all that carries the journey on is in the database and in the object store.
"""

from __future__ import annotations

import datetime as dt
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.actors import SystemActor
from accounts.models import AccessGrant, AuditEvent, Person, Site
from accounts.signing import Signature
from archive.orders.models import Order
from archive.reports.models import Report
from archive.studies import services as archive
from archive.studies.models import Instance, Series
from compute.execution import run_job
from compute.models import Job
from config.demo.medical_record import filed_report
from config.demo.region import CONSULTATION_CODES, COUNTY_CT, EMR_LINK, load_region
from config.demo.report_texts import CT_CHEST
from config.demo.studies import JourneyStudy, write_phantom
from events.delivery import deliver, spread
from events.models import Bulletin, Delivery
from integrations.hl7 import delivery as hl7
from integrations.hl7 import dispatch
from integrations.hl7.models import Link, MessageLog, OutboundMessage
from integrations.simulators.emr import EmrServer
from integrations.simulators.his import ImagingOrder, build_order
from notifications.models import DeliveryAttempt, Notification
from notifications.services import attempt_delivery
from tests.conftest import Clock
from tests.journey.record import serving
from workflows.deployment.bundles import import_bundle
from workflows.locks import warm_runs
from workflows.models import ProcessEvent, ProcessInstance, ServiceTaskRun, UserTask
from workflows.selectors import inbox
from workflows.services import complete_user_task, perform_service_task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
BUNDLE = Path(__file__).resolve().parents[2] / "bpmn" / "remote_consultation"
OURS = ("accounts", "archive", "compute", "events", "integrations", "notifications", "workflows")


@pytest.fixture
def record(settings: Any, tmp_path: Path) -> Iterator[EmrServer]:
    """A demo region whose medical record listens."""
    settings.DEMO_MARK = tmp_path / "demo-region"
    load_region()
    import_bundle(BUNDLE)
    with serving(EmrServer(tmp_path / "emr")) as server:
        Link.objects.filter(name=EMR_LINK).update(port=server.port)
        yield server


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[[int], JourneyStudy]:
    def make(number: int) -> JourneyStudy:
        return write_phantom(tmp_path / f"study-{number}", number, matrix=64, slices=20)

    return make


def caches() -> list[Any]:
    """Every cached function of the product that is loaded by now."""
    wrapper = type(functools.cache(len))
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(OURS)]
    return [each for module in modules for each in vars(module).values() if type(each) is wrapper]


def forget_everything(cached: list[Any]) -> None:
    """What a process that was just started knows: nothing."""
    warm_runs.forget()
    archive._known.clear()
    for function in cached:
        function.cache_clear()


class WholeJourney:
    """One journey; every step is one transaction of the product, or one exchange with a peer."""

    def __init__(self, study: JourneyStudy, clock: Clock, emr_folder: Path, *, restored: bool) -> None:
        self.study = study
        self.clock = clock
        self.emr_folder = emr_folder
        self.steps = 0
        self._restored = restored
        self._cached = caches()

    def step(self, act: Callable[[], Any]) -> Any:
        if self._restored:
            forget_everything(self._cached)
        self.steps += 1
        return act()

    def play(self) -> None:
        self.order()
        self.send_images()
        self.clock.advance(dt.timedelta(minutes=1))
        self.step(archive.judge_receiving_series)
        self.drain()
        self.complete("carla", "AssignExpert", "assign", {"expert": "rosa"})
        self.complete("rosa", "ReadAndReport", "decline", {"reason": "I am away."})
        self.complete("carla", "AssignExpert", "assign", {"expert": "li"})
        self.complete("li", "ReadAndReport", "sign", CT_CHEST)
        self.complete("rafael", "AcknowledgeReport", "acknowledge", {})

    def order(self) -> None:
        ordered = ImagingOrder(
            patient_id=self.study.patient_id,
            procedure=CONSULTATION_CODES["CT"],
            placer_order_number=f"HIS-{self.study.patient_id}",
            study_instance_uid=self.study.study_instance_uid,
            accession=self.study.accession_number,
        )
        message = build_order(ordered, control_id=f"C{self.study.patient_id}", written_at=self.clock.now)
        answer = self.step(lambda: dispatch.receive(message))
        assert b"\rMSA|AA|" in answer
        self.drain()

    def send_images(self) -> None:
        county = Site.objects.get(code="county")
        scanner = SystemActor(f"dicom:{COUNTY_CT}", "county")
        for path in sorted(self.study.folder.iterdir()):
            store = functools.partial(
                archive.store_part10,
                path.read_bytes(),
                site=county,
                actor=scanner,
                calling_ae_title=COUNTY_CT,
            )
            self.step(store)
            self.drain()

    def complete(self, username: str, element: str, outcome: str, data: dict[str, Any]) -> None:
        person = Person.objects.get(username=username)
        task = inbox(person).get(element_id=element, instance=self.case)
        signature = Signature(person.pk, self.clock.now)
        self.step(
            lambda: complete_user_task(task, actor=person, outcome=outcome, data=data, signature=signature)
        )
        self.drain()

    def drain(self) -> None:
        """Do what waits for a machine, one piece after the other, until nothing does."""
        while work := self._next_work():
            self.step(work)

    def _next_work(self) -> Callable[[], Any] | None:
        if news := self._next_news():
            return news
        run = ServiceTaskRun.objects.filter(status="queued").order_by("queued_at").first()
        if run is not None:
            return lambda: perform_service_task(run.uid)
        job = Job.objects.filter(status="queued").first()
        if job is not None:
            return lambda: run_job(str(job.uid))
        if OutboundMessage.objects.filter(acknowledged_at=None, failed_at=None).exists():
            return hl7.deliver_due
        told = DeliveryAttempt.objects.filter(status="queued").first()
        if told is not None:
            return lambda: attempt_delivery(told.pk)
        return None

    def _next_news(self) -> Callable[[], Any] | None:
        bulletin = Bulletin.objects.order_by("pk").first()
        if bulletin is not None:
            return lambda: spread(bulletin.pk)
        news = Delivery.objects.filter(delivered_at=None).order_by("pk").first()
        if news is None:
            return None
        assert news.failed_at is None, news.error_code
        return lambda: deliver(news.pk)

    @property
    def case(self) -> ProcessInstance:
        return ProcessInstance.objects.get(
            subjects__kind="study", subjects__uid=self.study.study_instance_uid
        )

    def result(self) -> dict[str, Any]:
        """Everything that came of it, without the numbers that are each journey's own."""
        uid = self.study.study_instance_uid
        report = Report.objects.get(study__study_instance_uid=uid)
        sent = MessageLog.objects.get(trace_id=self.case.trace_id, direction="outbound")
        filed = filed_report(self.emr_folder, sent.control_id) or {}
        return {
            "status": self.case.status,
            "history": list(
                ProcessEvent.objects.filter(instance=self.case)
                .order_by("id")
                .values_list("kind", "element_id", "actor")
            ),
            "tasks": sorted(
                UserTask.objects.filter(instance=self.case).values_list(
                    "element_id", "status", "completed_by__username"
                )
            ),
            "runs": sorted(
                ServiceTaskRun.objects.filter(instance=self.case).values_list(
                    "element_id", "status", "attempts"
                )
            ),
            "series": sorted(
                Series.objects.filter(study__study_instance_uid=uid).values_list("is_derived", "completeness")
            ),
            "instances": Instance.objects.filter(series__study__study_instance_uid=uid).count(),
            "jobs": list(
                Job.objects.filter(study_instance_uid=uid).values_list("status", "attempts", "result_count")
            ),
            "order": Order.objects.get(study_instance_uid=uid).status,
            "report": (report.status, report.author.username, report.impression),
            "message": (sent.status, sent.ack_code, filed.get("impression"), filed.get("signed_by")),
            "notifications": sorted(
                Notification.objects.filter(trace_id=self.case.trace_id).values_list(
                    "person__username", "kind", "step", "attempts__status"
                )
            ),
            "audit": sorted(
                AuditEvent.objects.filter(trace_id=self.case.trace_id).values_list(
                    "actor", "action", "outcome"
                )
            ),
            "grants left": AccessGrant.objects.filter(study_instance_uid=uid, revoked_at=None).count(),
        }


def test_restored_after_every_step_the_journey_gives_the_same_result(
    record: EmrServer, clock: Clock, make_study: Callable[[int], JourneyStudy], tmp_path: Path
) -> None:
    straight = WholeJourney(make_study(1), clock, tmp_path / "emr", restored=False)
    straight.play()
    restored = WholeJourney(make_study(2), clock, tmp_path / "emr", restored=True)
    restored.play()

    assert any(cached.__module__.startswith("workflows") for cached in caches())
    assert restored.result() == straight.result()
    assert restored.steps == straight.steps
    result = restored.result()
    assert result["status"] == "completed"
    assert result["report"] == ("final", "li", CT_CHEST["impression"])
    assert result["message"][:3] == ("acknowledged", "AA", CT_CHEST["impression"])
    assert result["series"] == [(False, "complete"), (True, "complete")]
    assert result["jobs"] == [("completed", 1, result["instances"] - 20)]
    assert result["order"] == "reported"
    assert result["grants left"] == 0
