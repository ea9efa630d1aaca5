"""One remote consultation from the order to the delivered report, played through real sockets only.

HIS, modality and medical record are processes of their own; people act through the REST interface. Every
step waits until it can be read back from the portal that it really happened.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from config.demo import peers
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

    def __init__(self, study: JourneyStudy, *, address: str, say: Say) -> None:
        self.study = study
        self._say = say
        self._began = time.monotonic()
        self._people: dict[str, PortalClient] = {}
        self._address = address
        self.step = "sign-in"
        self.case: dict[str, Any] = {}
        self.control_id = ""

    def play(self, *, until: str = COMPLETED) -> dict[str, Any]:
        """Play every step up to `until`; the outcome as it is read back from the portal.

        Raises  JourneyFailed; `step` then names the step that did not happen.
        """
        for name, act in self._steps(until):
            self.step = name
            sentence = act()
            self._say(f"{time.monotonic() - self._began:6.1f} s  {sentence}")
        self.step = "outcome"
        return self._outcome()

    def _steps(self, until: str) -> list[tuple[str, Callable[[], str]]]:
        steps = [
            ("order", self._order),
            ("images", self._send_images),
            ("completeness", self._await_series),
            ("post-processing", self._await_results),
            ("assignment", self._assign),
        ]
        if until != ASSIGNED:
            steps.append(("report", self._report))
        if until == COMPLETED:
            steps += [("acknowledgement", self._acknowledge), ("delivery", self._await_delivery)]
        return steps

    def _order(self) -> str:
        number = f"HIS-{secrets.token_hex(4).upper()}"
        answer = peers.order_consultation(self.study, placer_order_number=number)
        if answer.get("ack") != "AA":
            known = self._as("rafael").find("orders/", study=self.study.study_instance_uid)
            before = " This study has been ordered before: give another with --study." if known else ""
            raise JourneyFailed(
                f"The order was refused ({answer.get('ack') or 'no answer'}): {answer.get('error', '')}{before}"
            )
        orders = self._as("rafael").find("orders/", placer_order_number=number)
        if not orders:
            raise JourneyFailed("The order was acknowledged but is not in the county's list of orders")
        self.case = wait_for(
            lambda: self._find_case(orders[0]["uid"]),
            within_s=60,
            otherwise="No consultation was started for the order",
        )
        return f"The county's HIS ordered a consultation (OMI^O23, AA); case {self.case['uid']} was opened."

    def _send_images(self) -> str:
        sent = peers.send_images(self.study)
        if sent.get("sent") != self.study.instances:
            raise JourneyFailed(
                f"{sent.get('sent', 0)} of {self.study.instances} images were accepted: {sent}"
            )
        stored = sum(series["instance_count"] for series in self._series())
        if stored != self.study.instances:
            raise JourneyFailed(f"{self.study.instances} images were acknowledged but {stored} are stored")
        return f"The scanner sent {stored} images in {sent['seconds']} s (C-STORE, every one acknowledged)."

    def _await_series(self) -> str:
        complete = wait_for(
            lambda: [one for one in self._series() if one["completeness"] == "complete"],
            within_s=90,
            otherwise="No series was recognised as complete",
        )
        series = complete[0]
        reasons = [series[name].rstrip(".") for name in ("completeness_reason", "thin_slice_reason")]
        return f"The series is complete: {'. '.join(reasons)}."

    def _await_results(self) -> str:
        """The diagram goes on to the assignment once results are in, or for good reason without them."""
        wait_for(
            lambda: self._task_of("carla", "AssignExpert"),
            within_s=300,
            otherwise="The case did not reach the coordinator",
        )
        made = self._results()
        if self._is_thin_ct() and not made:
            raise JourneyFailed("The post-processing of a thin-slice CT left no results on the study")
        return (
            f"Post-processing made {made} images of the overview." if made else "No overview of this study."
        )

    def _assign(self) -> str:
        self._complete("carla", "AssignExpert", "assign", {"expert": "rosa"})
        wait_for(
            lambda: self._task_of("rosa", "ReadAndReport"),
            within_s=60,
            otherwise="The expert's inbox did not get the case",
        )
        return "Carla assigned Rosa as expert; the case waits in Rosa's inbox."

    def _report(self) -> str:
        rosa = self._as("rosa")
        rosa.get(f"studies/{self.study.study_instance_uid}/")
        self._complete("rosa", "ReadAndReport", "sign", TEXTS[self.study.modality])
        reports = rosa.find("reports/", study=self.study.study_instance_uid)
        if [report["status"] for report in reports] != ["final"]:
            raise JourneyFailed("The signed report is not final")
        return "Rosa read the study and signed her report."

    def _acknowledge(self) -> str:
        wait_for(
            lambda: self._task_of("rafael", "AcknowledgeReport"),
            within_s=60,
            otherwise="The report did not come back to the county",
        )
        self._complete("rafael", "AcknowledgeReport", "acknowledge", {"comment": "Thank you."})
        return "Rafael acknowledged the report at the county hospital."

    def _await_delivery(self) -> str:
        wait_for(
            lambda: self._case_status() == "completed",
            within_s=180,
            otherwise="The case was not completed",
        )
        sent = self._sent_report()
        if sent is None or sent["status"] != "acknowledged":
            raise JourneyFailed("The report's message was not acknowledged")
        self.control_id = sent["control_id"]
        filed = peers.filed_report(self.control_id)
        if filed is None:
            raise JourneyFailed("The message was acknowledged but the record has filed no report")
        if filed["impression"] != TEXTS[self.study.modality]["impression"]:
            raise JourneyFailed("The record has filed another text than was signed")
        return "The county's record filed the report (ORU^R01, AA); the case is completed."

    def _outcome(self) -> dict[str, Any]:
        reports = self._as("rafael").find("reports/", study=self.study.study_instance_uid)
        source = [series for series in self._series() if not series["is_derived"]]
        sent = self._sent_report()
        return {
            "study": self.study.study_instance_uid,
            "instances": sum(series["instance_count"] for series in source),
            "thin_slice": any(series["is_thin_slice"] for series in source),
            "process": self._case_status(),
            "report": reports[0]["status"] if reports else "",
            "results": self._results(),
            "oru_acknowledged": bool(sent and sent["status"] == "acknowledged"),
            "seconds": round(time.monotonic() - self._began, 1),
        }

    def _as(self, username: str) -> PortalClient:
        if username not in self._people:
            self._people[username] = PortalClient(self._address, username, PASSWORD)
        return self._people[username]

    def _complete(self, username: str, element: str, outcome: str, data: dict[str, Any]) -> None:
        task = self._task_of(username, element)
        if task is None:
            raise JourneyFailed(f"{username.capitalize()} has no such task: {element}")
        self._as(username).post(f"tasks/{task['uid']}/complete/", {"outcome": outcome, "data": data})

    def _task_of(self, username: str, element: str) -> dict[str, Any] | None:
        tasks = self._as(username).find("tasks/", case=self.case["uid"], element=element)
        return tasks[0] if tasks else None

    def _find_case(self, order_uid: str) -> dict[str, Any] | None:
        cases = self._as("rafael").find("cases/", order=order_uid)
        return cases[0] if cases else None

    def _case_status(self) -> str:
        case = self._find_case(self.case["subjects"]["order"])
        return str(case["status"]) if case else ""

    def _series(self) -> list[dict[str, Any]]:
        return self._as("rafael").find("series/", study=self.study.study_instance_uid)

    def _results(self) -> int:
        return sum(series["instance_count"] for series in self._series() if series["is_derived"])

    def _is_thin_ct(self) -> bool:
        return any(one["is_thin_slice"] and one["modality"] == "CT" for one in self._series())

    def _sent_report(self) -> dict[str, Any] | None:
        sent = self._as("ivo").find("messages/", trace=self.case["trace_id"], direction="outbound")
        return sent[0] if sent else None
