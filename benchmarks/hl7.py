"""Reading HL7 v2: our lazy reader beside hl7apy and beside a plain split of the same text.

Each reads the eleven facts that routing and registering need from an ADT^A01 with twelve segments. hl7apy
parses without validation, as it is quickest. The split is a floor that knows no escapes, character sets or
other delimiters. The listener's own rate, database and disk included, is not measured here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hl7apy.parser import parse_message

from benchmarks.runner import Row, measure_in_turn
from integrations.hl7.fields import parse

LINES = [
    r"MSH|^~\&|HIS|COUNTY|CONSILIUM|REGION|20260302080000||ADT^A01^ADT_A01|M1|P|2.5.1||||||UNICODE UTF-8",
    "EVN|A01|20260302080000|||OPER^Operator^One",
    (
        "PID|1||1001^^^COUNTY&2.25.1&ISO^MR~77^^^PROV||Zhang^Wei^^^^^L^A~张伟^^^^^^L^I||19580412|M|||"
        "1 Long Street^^Ganzhou^JX^341000^CHN||0797-1234567|||M||AC1001"
    ),
    "NK1|1|Zhang^Li|SPO^Spouse|1 Long Street^^Ganzhou",
    "PV1|1|I|W^389^1^COUNTY||||0001^Wu^Rafael^^^^MD|0002^Lin^Theo|||||||||||V1001"
    + "|" * 25
    + "20260302080000",
    "AL1|1|DA|^PENICILLIN",
    "AL1|2|FA|^PEANUT",
    "DG1|1||J18.9^Pneumonia^I10|||A",
    "IN1|1|PLAN|INS1|Insurance Company",
    "OBX|1|NM|8302-2^Height^LN||172|cm|||||F",
    "OBX|2|NM|29463-7^Weight^LN||70|kg|||||F",
    "ZPV|1|local|values|here",
]
DATA = ("\r".join(LINES) + "\r").encode()


def run(*, quick: bool) -> list[Row]:
    """Messages read a second, one core."""
    count = 300 if quick else 3000
    slow_count = max(count // 100, 5)
    contestants: dict[str, Callable[[], float]] = {
        "ours": lambda: _rate(_ours, count),
        "hl7apy": lambda: _rate(_hl7apy, slow_count),
        "plain split": lambda: _rate(_split, count),
    }
    medians = {name: figure for name, (figure, _) in measure_in_turn(contestants, rounds=3).items()}
    return [
        Row(
            "read an ADT^A01",
            medians["ours"],
            peer,
            medians[peer],
            "msg/s",
            count,
            is_reference=peer == "plain split",
        )
        for peer in ("hl7apy", "plain split")
    ]


def _rate(read: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        read()
    return count / (time.perf_counter() - began)


def _ours() -> object:
    message = parse(DATA)
    header, pid = message["MSH"], message["PID"]
    return (
        [header[number].value for number in (3, 4, 10, 12)],
        header[9].component(2),
        [(part.value, part.component(4, 1)) for part in pid[3].repetitions],
        (pid[5].component(1), pid[5].component(2), pid[7].value, pid[8].value),
    )


def _hl7apy() -> object:
    message = parse_message(DATA.decode().rstrip("\r"), find_groups=False)
    header, pid = message.msh, message.pid
    return (
        [header.msh_3.value, header.msh_4.value, header.msh_10.value, header.msh_12.value],
        header.msh_9.msh_9_2.value,
        [part.cx_1.value for part in pid.pid_3],
        (pid.pid_5[0].xpn_1.value, pid.pid_7.value, pid.pid_8.value),
    )


def _split() -> object:
    segments = [line.split("|") for line in DATA.decode().split("\r") if line]
    return [[[part.split("^") for part in field.split("~")] for field in segment] for segment in segments]
