"""A hospital information system that places one imaging order, again and again until it is acknowledged.

    python -m integrations.simulators.his --port 2575 --patient-id 1001 --study-instance-uid 2.25.7 ...

Reference  HL7 v2.5.1 §4.4.10 (OMI^O23), Appendix C (MLLP)
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import sys
import time
from dataclasses import dataclass

from integrations.hl7.fields import Delimiters, parse
from integrations.hl7.mllp import Client

SIGNS = Delimiters()


@dataclass(frozen=True, slots=True)
class ImagingOrder:
    """What the HIS orders; accession number and study UID may be left to the receiver."""

    patient_id: str
    procedure: str
    placer_order_number: str
    study_instance_uid: str = ""
    accession: str = ""
    authority: str = "COUNTY"
    sending_application: str = "HIS"
    sending_facility: str = "COUNTY"
    family_name: str = "Zhang"
    given_name: str = "Wei"
    ideographic_name: str = "张伟"
    birth_date: str = "19580412"
    sex: str = "M"
    procedure_description: str = "CT chest, remote consultation"
    modality: str = "CT"
    station_ae_title: str = ""
    priority: str = "R"
    reason: str = "Nodule in the right upper lobe, please advise"
    referring_physician: str = "Rafael"
    order_control: str = "NW"
    ordered_at: str = ""
    scheduled_at: str = ""


def build_order(order: ImagingOrder, *, control_id: str, written_at: dt.datetime) -> bytes:
    """The order as OMI^O23 in UTF-8."""

    def e(text: str) -> str:
        return SIGNS.escaped(text)

    stamp = written_at.strftime("%Y%m%d%H%M%S%z")
    names = [f"{e(order.family_name)}^{e(order.given_name)}^^^^^L^A"]
    if order.ideographic_name:
        names.append(f"{e(order.ideographic_name)}^^^^^^L^I")
    physician = "^".join(e(part) for part in order.referring_physician.split("^"))
    procedure = f"{e(order.procedure)}^{e(order.procedure_description)}^L"
    obr = ["OBR", "1", e(order.placer_order_number), "", procedure, *[""] * 26, f"^{e(order.reason)}"]
    number = hashlib.sha256(order.placer_order_number.encode()).hexdigest()[:12].upper()
    ipc = ["IPC", e(order.accession), f"RP{number}", order.study_instance_uid, f"SPS{number}", order.modality]
    lines = [
        (
            f"MSH|{SIGNS.encoding_characters}|{e(order.sending_application)}|{e(order.sending_facility)}"
            f"|CONSILIUM|REGION|{stamp}||OMI^O23^OMI_O23|{control_id}|P|2.5.1||||||UNICODE UTF-8"
        ),
        (
            f"PID|1||{e(order.patient_id)}^^^{e(order.authority)}^MR||{'~'.join(names)}"
            f"||{order.birth_date}|{order.sex}"
        ),
        f"PV1|1|O||||||0001^{physician}",
        f"ORC|{order.order_control}|{e(order.placer_order_number)}|||||||{order.ordered_at}",
        f"TQ1|1||||||{order.scheduled_at}||{order.priority}",
        "|".join(obr),
        "|".join([*ipc, "", "", "", order.station_ae_title]).rstrip("|"),
    ]
    return ("\r".join(lines) + "\r").encode()


def control_id_of(order: ImagingOrder) -> str:
    """The same order has the same message control ID, however often the HIS is started to send it."""
    return "HIS" + hashlib.sha256(repr(order).encode()).hexdigest()[:17].upper()


def send_order(
    order: ImagingOrder, *, port: int, host: str = "127.0.0.1", patience_s: float = 60
) -> dict[str, object]:
    """Send the order until it is acknowledged with AA; what was answered last, and after how many attempts.

    No answer, and AR for the receiver's own trouble (207), are tried again; any other refusal is final.
    """
    message = build_order(order, control_id=control_id_of(order), written_at=dt.datetime.now(dt.UTC))
    deadline = time.monotonic() + patience_s
    attempt = 0
    while True:
        attempt += 1
        outcome = _send_once(message, host=host, port=port)
        outcome |= {"control_id": control_id_of(order), "attempts": attempt}
        wait_s = min(0.1 * 2**attempt, 3.0)
        if not outcome.pop("is_temporary") or time.monotonic() + wait_s > deadline:
            return outcome
        time.sleep(wait_s)


def _send_once(message: bytes, *, host: str, port: int) -> dict[str, object]:
    try:
        with Client(host, port) as client:
            reply = parse(client.exchange(message))
    except OSError as error:
        return {"ack": "", "error": type(error).__name__, "is_temporary": True}
    err = reply["ERR"]
    code = reply["MSA"][1].value
    return {
        "ack": code,
        "condition": err[3].value,
        "location": err[2].raw,
        "error": err[8].text or reply["MSA"][3].text,
        "is_temporary": code == "AR" and err[3].value == "207" and err[5].value != "UNKNOWN_SENDER",
    }


def main(arguments: list[str] | None = None) -> int:
    """Send one order as the command line says; prints one JSON line; 0 when it was accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2575)
    parser.add_argument("--patient-id", required=True)
    parser.add_argument("--procedure", default="CONSULT-CT-CHEST")
    parser.add_argument("--placer-order-number", default="")
    parser.add_argument("--patience", type=float, default=60, help="seconds to go on trying")
    for name in ("study-instance-uid", "accession", "authority", "sending-application", "sending-facility",
                 "family-name", "given-name", "ideographic-name", "birth-date", "sex",
                 "procedure-description", "modality", "station-ae-title", "priority", "reason",
                 "referring-physician", "order-control", "ordered-at", "scheduled-at"):  # fmt: skip
        parser.add_argument(f"--{name}", default=None)
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    host, port, patience = given.pop("host"), given.pop("port"), given.pop("patience")
    number = given.pop("placer_order_number") or f"HIS-{given['patient_id']}-{given['procedure']}"
    order = ImagingOrder(placer_order_number=number, **given)
    outcome = send_order(order, host=host, port=port, patience_s=patience)
    sys.stdout.write(json.dumps(outcome | {"placer_order_number": number}, ensure_ascii=False) + "\n")
    return 0 if outcome["ack"] in {"AA", "CA"} else 1


if __name__ == "__main__":
    raise SystemExit(main())
