"""What peers and people get wrong: a clear refusal in the protocol's words, a row to look at, and on it goes."""

from __future__ import annotations

import re
import secrets
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from config.demo import peers
from config.demo.journey import Journey
from config.demo.problems import JourneyFailed
from config.demo.region import COUNTY_CT, PASSWORD
from config.demo.waiting import wait_for
from tests.journey.conftest import MakeJourney
from tests.journey.running import RunningProduct

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


def order(journey: Journey, **changes: str) -> dict[str, Any]:
    """An order of the journey's study with something wrong in it; what the HIS was answered."""
    words = {
        "port": journey.addresses.hl7_port,
        "placer-order-number": f"HIS-{secrets.token_hex(4)}",
        "patient-id": journey.study.patient_id,
        "study-instance-uid": journey.study.study_instance_uid,
        "procedure": "CONSULT-CT",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return peers.outcome_of(peers.start("integrations.simulators.his", words))


def listed_message(region: RunningProduct, control_id: str, *, by: str = "ivo") -> dict[str, Any]:
    """The message as somebody finds it in the log."""
    (message,) = region.person(by).find("messages/", control_id=control_id)
    return message


def test_an_order_without_patient_identifier(region: RunningProduct, make_journey: MakeJourney) -> None:
    journey = make_journey()

    answer = order(journey, patient_id="")

    assert (answer["ack"], answer["condition"]) == ("AE", "101")  # required field missing, Table 0357
    assert answer["location"].startswith("PID^1^3")
    message = listed_message(region, answer["control_id"])
    assert (message["status"], message["error_location"]) == ("rejected", "PID-3")
    assert "was opened" in journey.order()  # the listener serves on


@pytest.mark.parametrize(
    ("changes", "codes", "seen_by"),
    [
        ({"authority": "ATLANTIS"}, ("AE", "204"), "ivo"),
        ({"sending_facility": "ATLANTIS"}, ("AR", "207"), "ines"),  # of no site: administrators look
    ],
    ids=["an identifier of no site here", "a sender that is not known"],
)
def test_an_order_for_an_unknown_site(
    region: RunningProduct,
    make_journey: MakeJourney,
    changes: dict[str, str],
    codes: tuple[str, str],
    seen_by: str,
) -> None:
    journey = make_journey()

    answer = order(journey, **changes)

    assert (answer["ack"], answer["condition"]) == codes
    assert answer["error"]
    assert listed_message(region, answer["control_id"], by=seen_by)["status"] == "rejected"
    assert not journey.person("rafael").find("orders/", study=journey.study.study_instance_uid)
    assert "was opened" in journey.order()


def test_a_truncated_object_in_a_series(region: RunningProduct, make_journey: MakeJourney) -> None:
    journey = make_journey()
    journey.order()
    broken = sorted(journey.study.folder.glob("*.dcm"))[20]
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])

    sent = send(journey, journey.study.folder)

    assert sent["sent"] == journey.study.instances - 1
    assert list(sent["refused"].values()) == [1]
    assert next(iter(sent["refused"])) in {"0xA900", "0xC000"}  # PS3.4 §B.2.3: cannot understand
    row = kept_object(region, whole_uid(whole))
    assert COUNTY_CT in row
    broken.write_bytes(whole)
    assert send(journey, broken)["sent"] == 1  # the same object, whole, is taken
    assert sum(series["instance_count"] for series in journey.series()) == journey.study.instances


def test_a_form_with_a_wrong_field(region: RunningProduct, make_journey: MakeJourney) -> None:
    journey = make_journey()
    journey.order()
    journey.send_images()
    journey.await_results()

    with pytest.raises(JourneyFailed, match="refused"):
        journey.complete("carla", "AssignExpert", "assign", {"expert": "rosa", "colour": "blue"})
    with pytest.raises(JourneyFailed, match="refused"):
        journey.complete("carla", "AssignExpert", "assign", {"expert": "otto"})
    with pytest.raises(JourneyFailed, match="refused"):
        journey.complete("carla", "AssignExpert", "dance", {})
    assert journey.task_of("carla", "AssignExpert") is not None  # nothing has changed

    journey.assign()
    for text, sentence in (
        ({"findings": "A nodule."}, "Impression is required."),
        ({"findings": " ", "impression": "A nodule."}, "Findings"),
    ):
        with pytest.raises(JourneyFailed, match=re.escape(sentence)):
            journey.complete("rosa", "ReadAndReport", "sign", text, password=PASSWORD)
    with pytest.raises(JourneyFailed, match=re.escape("Sign with your password.")):
        journey.complete("rosa", "ReadAndReport", "sign", journey.report_text)
    assert not journey.person("rosa").find("reports/", study=journey.study.study_instance_uid)
    journey.report()


def test_a_step_of_somebody_elses_case_is_not_there(
    region: RunningProduct, make_journey: MakeJourney
) -> None:
    journey = make_journey()
    journey.order()
    journey.send_images()
    journey.await_results()
    journey.assign()
    task = journey.task_of("rosa", "ReadAndReport")
    assert task is not None

    with pytest.raises(JourneyFailed, match="refused"):
        region.person("theo").post(f"tasks/{task['uid']}/complete/", {"outcome": "sign", "data": {}})
    with pytest.raises(JourneyFailed, match="refused"):
        region.person("dana").get(f"cases/{journey.case['uid']}/")


def send(journey: Journey, what: Path) -> dict[str, Any]:
    words = {
        "study": what,
        "port": journey.addresses.dicom_port,
        "ae-title": COUNTY_CT,
        "called": "CONSILIUM",
    }
    return peers.outcome_of(peers.start("integrations.simulators.modality", words))


def whole_uid(data: bytes) -> str:
    """The SOP Instance UID in the file meta information, (0002,0003)."""
    found = re.search(rb"\x02\x00\x03\x00UI..([0-9.]+)", data, re.DOTALL)
    assert found is not None
    return found.group(1).decode()


def kept_object(region: RunningProduct, sop_instance_uid: str) -> str:
    """The row of a refused object on the page that the integrator looks at."""
    opener = signed_in_browser(region, "ivo")

    def row() -> str | None:
        with opener.open(f"{region.addresses.portal}/rejected-objects/", timeout=30) as page:
            rows: list[str] = re.findall(r"<tr data-row>.*?</tr>", page.read().decode(), re.DOTALL)
        return next((row for row in rows if sop_instance_uid in row), None)

    return wait_for(row, within_s=30, otherwise="The refused object is not listed")


def signed_in_browser(region: RunningProduct, username: str) -> Any:
    """Somebody's pages without a browser around them."""
    cookies = CookieJar()
    opener = build_opener(HTTPCookieProcessor(cookies))
    address = f"{region.addresses.portal}/sign-in/"
    with opener.open(address, timeout=30) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    assert token is not None
    form = f"csrfmiddlewaretoken={token.group(1)}&username={username}&password={PASSWORD}"
    opener.open(address, data=form.encode(), timeout=30).close()
    return opener
