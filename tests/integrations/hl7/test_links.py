"""Links: who may add, change and try one, what each field may be, and what the trail says of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, NotPermitted
from integrations.hl7.dispatch import find_link
from integrations.hl7.links import Trial, create_link, try_link, update_link
from integrations.hl7.models import Link
from tests.integrations.hl7.messages import emr_link, his_link
from tests.personas import Cast

pytestmark = pytest.mark.django_db
INBOUND = {
    "name": "pacs-ris",
    "direction": "inbound",
    "sending_application": "RIS",
    "sending_facility": "PROV",
}
OUTBOUND = {"name": "prov-emr", "direction": "outbound", "host": "emr.prov.example", "port": "2575"}


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of a partner that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal_of(cast: Cast, values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        create_link(actor=cast.ivo, site=cast.provincial, values=values)
    assert not Link.objects.filter(site=cast.provincial).exists()
    return refused.value.fields


def test_a_link_is_added_where_one_manages_nodes_and_messages_find_it(cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        create_link(actor=cast.otto, site=cast.provincial, values=INBOUND)
    made = create_link(
        actor=cast.ivo, site=cast.provincial, values={**INBOUND, "consultation_codes": [" C1 ", "C1"]}
    )

    assert find_link("RIS", "PROV") == made
    assert (made.character_set, made.consultation_codes, made.is_active) == ("UNICODE UTF-8", ["C1"], True)
    line = AuditEvent.objects.get(action="link.created")
    assert (line.person, line.object_uid, line.site_code) == (cast.ivo, "pacs-ris", "provincial")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": "a b"}, {"name"}),
        ({"direction": "both"}, {"direction"}),
        ({"host": "http://emr", "port": "70000"}, {"host", "port"}),
        ({"host": "", "port": "MLLP"}, {"host", "port"}),
        ({"host": ""}, {"host"}),
        ({"port": None}, {"port"}),
        ({"character_set": "EBCDIC"}, {"character_set"}),
        ({"consultation_codes": "C1"}, {"consultation_codes"}),
        ({"receiving_facility": "a\nb"}, {"receiving_facility"}),
        ({"sending_application": "x" * 61}, {"sending_application"}),
        ({"mapping_script": "nothing"}, {"mapping_script"}),
        ({"is_active": "yes"}, {"is_active"}),
        ({"colour": "red"}, {"colour"}),
    ],
)
def test_what_is_wrong_is_said_by_field(cast: Cast, changes: dict[str, Any], fields: set[str]) -> None:
    assert set(refusal_of(cast, OUTBOUND | changes)) == fields


def test_an_inbound_link_says_who_sends(cast: Cast) -> None:
    assert set(refusal_of(cast, {**INBOUND, "sending_application": ""})) == {"sending_application"}


def test_a_name_and_a_sender_are_had_once(cast: Cast) -> None:
    his_link(cast)
    assert set(refusal_of(cast, {**OUTBOUND, "name": "county-his"})) == {"name"}
    same = {**INBOUND, "sending_application": "HIS", "sending_facility": "COUNTY"}
    assert set(refusal_of(cast, same)) == {"sending_application"}
    spare = create_link(actor=cast.ivo, site=cast.provincial, values={**same, "is_active": False})
    with pytest.raises(InvalidInput) as refused:
        update_link(spare, actor=cast.ivo, changes={"is_active": True})
    assert refused.value.code == "SENDER_TAKEN"


def test_a_change_names_what_it_changed_and_leaves_name_and_direction(cast: Cast) -> None:
    link = create_link(actor=cast.ivo, site=cast.provincial, values=OUTBOUND)
    changed = update_link(link, actor=cast.ivo, changes={"port": 2576, "host": "emr.prov.example"})

    assert changed.port == 2576
    line = AuditEvent.objects.get(action="link.changed")
    assert line.detail == {"before": {"port": 2575}, "after": {"port": 2576}}
    for name in ("name", "direction", "site"):
        with pytest.raises(InvalidInput):
            update_link(link, actor=cast.ivo, changes={name: "x"})
    with pytest.raises(InvalidInput):
        update_link(link, actor=cast.ivo, changes={"host": ""})
    with pytest.raises(NotPermitted):
        update_link(link, actor=cast.otto, changes={"port": 1})
    assert Link.objects.get().port == 2576


def test_a_connection_is_tried_and_what_came_of_it_is_told(cast: Cast, listening: int) -> None:
    link = emr_link(cast, listening, site=cast.provincial)
    assert try_link(link, actor=cast.ivo).error_code == ""

    with socket.create_server(("127.0.0.1", 0)) as taken:
        link.port = taken.getsockname()[1]
    refused = try_link(link, actor=cast.ivo)
    assert isinstance(refused, Trial)
    assert refused.error_code == "CONNECTION_REFUSED"
    link.host = "nobody.invalid"  # RFC 6761 §6.4: never a host
    assert try_link(link, actor=cast.ivo).error_code == "HOST_UNKNOWN"
    errors = [line.detail["error"] for line in AuditEvent.objects.filter(action="link.tried").order_by("id")]
    assert errors == ["", "CONNECTION_REFUSED", "HOST_UNKNOWN"]


def test_who_calls_us_is_not_called_and_who_manages_nothing_calls_nobody(cast: Cast, listening: int) -> None:
    with pytest.raises(Conflict):
        try_link(his_link(cast, site=cast.provincial), actor=cast.ivo)
    with pytest.raises(NotPermitted):
        try_link(emr_link(cast, listening, site=cast.provincial), actor=cast.otto)
