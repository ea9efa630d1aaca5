"""One remote consultation from the order to the delivered report, played through real sockets only.

HIS, modality and medical record are processes of their own; people act through the REST interface. Every
step waits until it can be read back from the portal that it really happened.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from compute.templates.library import SeriesFacts, find_template, reasons_against
from config.demo import peers
from config.demo.addresses import Addresses
from config.demo.medical_record import filed_report
from config.demo.portal import PortalClient
from config.demo.problems import JourneyFailed
from config.demo.region import PASSWORD
from config.demo.report_texts import TEXTS
from config.demo.studies import JourneyStudy
from config.demo.waiting import wait_for

ASSIGNED, REPORTED, COMPLETED = "assigned", "reported", "completed"
Say = Callable[[str], None]


class Journey:
    """A journey under way: what is known of it so far, and what comes next."""

    def __init__(self, study: JourneyStudy, addresses: Addresses) -> None:
        self.study = study
        self.addresses = addresses
        self.step = "sign-in"
        self.report_text: dict[str, Any] = TEXTS[study.modality]
        self.case: dict[str, Any] = {}
        self._began = time.monotonic()
        self._people: dict[str, PortalClient] = {}

    def play(self, *, until: str = COMPLETED, say: Say = lambda _: None) -> dict[str, Any]:
        """Play every step up to `until`; the outcome as it is read back from the portal.

        Raises  JourneyFailed; `step` then names the step that did not happen.
        """
        for name, act in self._steps(until):
            self.step = name
            sentence = act()
            say(f"{time.monotonic() - self._began:6.1f} s  {sentence}")
        self.step = "outcome"
        return self.outcome()

    def _steps(self, until: str) -> list[tuple[str, Callable[[], str]]]:
        steps = [
            ("order", self.order),
            ("images", self.send_images),
            ("completeness", self.await_series),
            ("post-processing", self.await_results),
            ("assignment", self.assign),
        ]
        if until != ASSIGNED:
            steps.append(("report", self.report))
        if until == COMPLETED:
            steps += [("acknowledgement", self.acknowledge), ("delivery", self.await_delivery)]
        return steps

    def order(self) -> str:
        number = f"HIS-{secrets.token_hex(4).upper()}"
        answer = peers.order_consultation(self.study, self.addresses, placer_order_number=number)
        if answer.get("ack") != "AA":
            known = self.person("rafael").find("orders/", study=self.study.study_instance_uid)
            before = " This study has been ordered before: give another with --study." if known else ""
            raise JourneyFailed(
                f"The order was refused ({answer.get('ack') or 'no answer'}): {answer.get('error', '')}{before}"
            )
        orders = self.person("rafael").find("orders/", placer_order_number=number)
        if not orders:
            raise JourneyFailed("The order was acknowledged but is not in the county's list of orders")
        self.case = wait_for(
            lambda: self._find_case(orders[0]["uid"]),
            within_s=60,
            otherwise="No consultation was started for the order",
        )
        return f"The county's HIS ordered a consultation (OMI^O23, AA); case {self.case['uid']} was opened."

    def send_images(self) -> str:
        sent = peers.outcome_of(peers.start_sending(self.study, self.addresses))
        if sent.get("sent") != self.study.instances:
            raise JourneyFailed(
                f"{sent.get('sent', 0)} of {self.study.instances} images were accepted: {sent}"
            )
        stored = sum(series["instance_count"] for series in self.series())
        if stored != self.study.instances:
            raise JourneyFailed(f"{self.study.instances} images were acknowledged but {stored} are stored")
        return f"The scanner sent {stored} images in {sent['seconds']} s (C-STORE, every one acknowledged)."

    def await_series(self) -> str:
        complete = wait_for(
            lambda: [one for one in self.series() if one["completeness"] == "complete"],
            within_s=90,
            otherwise="No series was recognised as complete",
        )
        series = complete[0]
        reasons = [series[name].rstrip(".") for name in ("completeness_reason", "thin_slice_reason")]
        return f"The series is complete: {'. '.join(reasons)}."

    def await_results(self) -> str:
        """The diagram goes on to the assignment once results are in, or for good reason without them."""
        wait_for(
            lambda: self.task_of("carla", "AssignExpert"),
            within_s=300,
            otherwise="The case did not reach the coordinator",
        )
        made = self.results()
        if made:
            return f"Post-processing made {made} images of the overview."
        reasons = self._why_no_overview()
        if not reasons:
            raise JourneyFailed("The post-processing of a thin series left no results on the study")
        return f"No overview of this study. {' '.join(reasons)}"

    def assign(self) -> str:
        self.complete("carla", "AssignExpert", "assign", {"expert": "rosa"})
        wait_for(
            lambda: self.task_of("rosa", "ReadAndReport"),
            within_s=60,
            otherwise="The expert's inbox did not get the case",
        )
        return "Carla assigned Rosa as expert; the case waits in Rosa's inbox."

    def report(self) -> str:
        rosa = self.person("rosa")
        rosa.get(f"studies/{self.study.study_instance_uid}/")
        self.complete("rosa", "ReadAndReport", "sign", self.report_text, password=PASSWORD)
        reports = rosa.find("reports/", study=self.study.study_instance_uid)
        if [report["status"] for report in reports] != ["final"]:
            raise JourneyFailed("The signed report is not final")
        return "Rosa read the study and signed her report."

    def acknowledge(self) -> str:
        wait_for(
            lambda: self.task_of("rafael", "AcknowledgeReport"),
            within_s=60,
            otherwise="The report did not come back to the county",
        )
        self.complete("rafael", "AcknowledgeReport", "acknowledge", {"comment": "Thank you."})
        return "Rafael acknowledged the report at the county hospital."

    def await_delivery(self) -> str:
        wait_for(
            lambda: self.case_status() == "completed",
            within_s=180,
            otherwise="The case was not completed",
        )
        sent = self.sent_report()
        if sent is None or sent["status"] != "acknowledged":
            raise JourneyFailed("The report's message was not acknowledged")
        filed = filed_report(self.addresses.emr_folder, sent["control_id"])
        if filed is None:
            raise JourneyFailed("The message was acknowledged but the record has filed no report")
        if any(filed[section] != self.report_text[section] for section in ("findings", "impression")):
            raise JourneyFailed("The record has filed another text than was signed")
        return "The county's record filed the report (ORU^R01, AA); the case is completed."

    def outcome(self) -> dict[str, Any]:
        reports = self.person("rafael").find("reports/", study=self.study.study_instance_uid)
        source = [series for series in self.series() if not series["is_derived"]]
        sent = self.sent_report()
        return {
            "study": self.study.study_instance_uid,
            "instances": sum(series["instance_count"] for series in source),
            "thin_slice": any(series["is_thin_slice"] for series in source),
            "process": self.case_status(),
            "report": reports[0]["status"] if reports else "",
            "results": self.results(),
            "oru_acknowledged": bool(sent and sent["status"] == "acknowledged"),
            "seconds": round(time.monotonic() - self._began, 1),
        }

    def person(self, username: str) -> PortalClient:
        if username not in self._people:
            self._people[username] = PortalClient(self.addresses.portal, username, PASSWORD)
        return self._people[username]

    def complete(
        self, username: str, element: str, outcome: str, data: dict[str, Any], *, password: str = ""
    ) -> None:
        """Finish the person's step; with their password where the outcome is signed."""
        task = self.task_of(username, element)
        if task is None:
            raise JourneyFailed(f"{username.capitalize()} has no such task: {element}")
        answer = {"outcome": outcome, "data": data, "password": password}
        self.person(username).post(f"tasks/{task['uid']}/complete/", answer)

    def task_of(self, username: str, element: str) -> dict[str, Any] | None:
        tasks = self.person(username).find("tasks/", case=self.case["uid"], element=element)
        return tasks[0] if tasks else None

    def _find_case(self, order_uid: str) -> dict[str, Any] | None:
        cases = self.person("rafael").find("cases/", order=order_uid)
        return cases[0] if cases else None

    def case_status(self) -> str:
        case = self._find_case(self.case["subjects"]["order"])
        return str(case["status"]) if case else ""

    def series(self) -> list[dict[str, Any]]:
        return self.person("rafael").find("series/", study=self.study.study_instance_uid)

    def results(self) -> int:
        return sum(series["instance_count"] for series in self.series() if series["is_derived"])

    def _why_no_overview(self) -> list[str]:
        """What is said against an overview of the study's series; nothing if one should have had it."""
        said: list[str] = []
        for one in self.series():
            against = reasons_against(find_template("ct_overview"), _facts(one))
            if not one["is_thin_slice"]:
                against.append(one["thin_slice_reason"])
            if not against:
                return []
            said += against
        return said

    def sent_report(self) -> dict[str, Any] | None:
        sent = self.person("ivo").find("messages/", trace=self.case["trace_id"], direction="outbound")
        return sent[0] if sent else None


def _facts(series: dict[str, Any]) -> SeriesFacts:
    """What the portal says of a series, as a template asks for it."""
    geometry = series["geometry"]
    return SeriesFacts(
        modality=series["modality"],
        slices=series["instance_count"],
        rows=0,
        columns=0,
        is_volume=geometry.get("is_volume", False),
        is_derived=series["is_derived"],
        is_complete=series["completeness"] == "complete",
        geometry_reason=geometry.get("reason", ""),
    )
