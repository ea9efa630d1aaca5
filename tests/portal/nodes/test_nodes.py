"""The pages of nodes: who may open them, what they show, and what the form refuses where."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from common import clock
from integrations.dicom.models import ApplicationEntity, NodeCheck
from integrations.dicom.nodes import breaker
from integrations.dicom.nodes.limits import TrafficMeter

FORM = {
    "ae_title": "COUNTY_CT2", "site": "provincial", "description": "CT, emergency", "is_enabled": "on",
    "roles": ["storage_scu", "storage_scp"], "takes": "all", "host": "10.0.0.7", "port": "104",
    "maximum_associations": "4", "timeout_s": "30", "allowed_addresses": "10.0.0.0/8\n192.168.1.7",
    "limit_from": ["08:00", ""], "limit_to": ["18:00", ""], "limit_instances_per_hour": ["2000", ""],
    "limit_megabytes_per_hour": ["", ""],
}  # fmt: skip


@pytest.fixture
def node(cast) -> ApplicationEntity:
    return ApplicationEntity.objects.create(
        ae_title="ARCHIVE", site=cast.provincial, host="10.0.0.9", port=104, description="Old archive"
    )


def test_an_integrator_sees_the_region_and_otto_sees_nothing_at_all(cast, node, browser_of):
    page = browser_of(cast.ivo).get(reverse("nodes"))
    assert "ARCHIVE" in page.content.decode()
    assert "Not called yet" in page.content.decode()

    for address in (reverse("nodes"), reverse("node", args=[node.pk]), reverse("add-node")):
        assert browser_of(cast.otto).get(address).status_code == 404


def test_nodes_of_another_site_are_not_there(cast, browser_of):
    theirs = ApplicationEntity.objects.create(ae_title="THEIRS", site=cast.elsewhere)
    browser = browser_of(cast.ivo)
    assert "THEIRS" not in browser.get(reverse("nodes")).content.decode()
    assert browser.get(reverse("node", args=[theirs.pk])).status_code == 404
    assert browser.post(reverse("check-node", args=[theirs.pk])).status_code == 404


def test_a_list_of_fifty_nodes_takes_few_statements(cast, browser_of, django_assert_max_num_queries):
    for number in range(55):
        made = ApplicationEntity.objects.create(
            ae_title=f"NODE{number}", site=cast.provincial, host="x", port=1
        )
        NodeCheck.objects.create(node=made, asked_at=clock.now(), state="done", grade="ok")
    browser = browser_of(cast.ivo)
    browser.get(reverse("nodes"))
    with django_assert_max_num_queries(8):
        assert browser.get(reverse("nodes")).status_code == 200


def test_a_node_is_added_and_checked_at_once(cast, browser_of):
    answer = browser_of(cast.ivo).post(reverse("add-node"), FORM)

    made = ApplicationEntity.objects.get(ae_title="COUNTY_CT2")
    assert answer.headers["Location"] == reverse("node", args=[made.pk])
    assert (made.site, made.port, made.roles) == (cast.provincial, 104, ["storage_scu", "storage_scp"])
    assert made.allowed_addresses == ["10.0.0.0/8", "192.168.1.7/32"]
    assert made.limits == [{"from": "08:00", "to": "18:00", "instances_per_hour": 2000}]
    assert made.checks.get().state == "queued"
    assert AuditEvent.objects.filter(action="node.created", object_uid="COUNTY_CT2", person=cast.ivo).exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("ae_title", "", "An AE title is required."),
        ("ae_title", "FAR_TOO_LONG_TITLE", "1 to 16 characters"),
        ("ae_title", "BACK\\SLASH", "none of them a backslash"),
        ("ae_title", "ARCHIVE", "exists already"),
        ("host", "bad host", "no host name"),
        ("host", "999.1.1.1", "no host name"),
        ("host", "", "give both, or neither"),
        ("port", "70000", "from 1 to 65535"),
        ("allowed_addresses", "10.0.0.0/33", "is no address and no network"),
        ("certificate_fingerprints", "abc", "64 hexadecimal digits"),
        ("character_set", "UTF-8", "no such character set"),
        ("roles", ["astronaut"], "Not known here"),
        ("limit_from", ["8 in the morning"], "is no time of day"),
        ("maximum_associations", "0", "from 1 to 64"),
        ("site", "elsewhere", "Choose one of your sites."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_rest_stays_typed(
    cast, node, browser_of, field, value, sentence
):
    answer = browser_of(cast.ivo).post(reverse("add-node"), FORM | {field: value})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "CT, emergency" in answer.content.decode()
    assert not ApplicationEntity.objects.filter(ae_title="COUNTY_CT2").exists()


def test_a_change_is_kept_and_audited_by_the_names_of_its_fields(cast, node, browser_of):
    changed = FORM | {"ae_title": "ARCHIVE", "description": "New archive", "limit_from": [], "limit_to": []}
    answer = browser_of(cast.ines).post(reverse("change-node", args=[node.pk]), changed)

    assert answer.status_code == 302
    node.refresh_from_db()
    assert (node.description, node.host) == ("New archive", "10.0.0.7")
    line = AuditEvent.objects.get(action="node.changed")
    assert {"description", "host"} <= set(line.detail["fields"])
    assert "New archive" not in str(line.detail)


def test_a_node_is_switched_off_and_on(cast, node, browser_of):
    browser = browser_of(cast.ivo)
    browser.post(reverse("switch-node", args=[node.pk]))
    assert not ApplicationEntity.objects.get(pk=node.pk).is_enabled
    browser.post(reverse("switch-node", args=[node.pk]), {"on": ""})
    assert ApplicationEntity.objects.get(pk=node.pk).is_enabled


def test_a_node_left_alone_says_why_and_is_tried_at_once_when_a_person_wants(cast, node, browser_of, clock):
    for _ in range(3):
        breaker.note_failure(node, code="NODE_UNREACHABLE", reason="CONNECTION_REFUSED", purpose="send")
    browser = browser_of(cast.ivo)
    page = browser.get(reverse("node", args=[node.pk])).content.decode()
    assert "3 calls in a row failed" in page
    assert "Nothing listened at the peer&#x27;s port." in page

    browser.post(reverse("try-node-now", args=[node.pk]))
    assert "Left alone" not in browser.get(reverse("nodes")).content.decode()
    assert AuditEvent.objects.filter(action="node.tried_now").exists()


def test_throughput_is_shown_by_the_hour(cast, node, browser_of, clock):
    with TrafficMeter(node) as meter:
        for _ in range(7):
            meter.count(2_000_000)
    clock.advance(dt.timedelta(minutes=10))
    page = browser_of(cast.ivo).get(reverse("node", args=[node.pk])).content.decode()
    assert "· 7 · 14" in page


def test_a_check_is_shown_as_far_as_it_got_and_asks_for_itself_until_it_ends(cast, node, browser_of):
    browser = browser_of(cast.ivo)
    browser.post(reverse("check-node", args=[node.pk]), {"stores": "on"})
    check = node.checks.get()
    assert check.stores
    step = {"name": "tcp", "grade": "failed", "code": "CONNECTION_REFUSED", "values": {"port": 104}, "more": {},
            "duration_ms": 1.5}  # fmt: skip
    NodeCheck.objects.filter(pk=check.pk).update(state="running", steps=[step])

    part = browser.get(reverse("node-check", args=[check.uid])).content.decode()
    assert 'hx-trigger="every 1s"' in part
    assert "nothing listens on port 104" in part
    assert "Start the peer&#x27;s DICOM service" in part

    NodeCheck.objects.filter(pk=check.pk).update(state="done", grade="failed")
    assert "every 1s" not in browser.get(reverse("node-check", args=[check.uid])).content.decode()


def test_a_form_with_several_slips_is_told_all_of_them_at_once(cast, browser_of):
    answer = browser_of(cast.ivo).post(reverse("add-node"), {"ae_title": "", "site": "", "port": "abc"})

    assert answer.status_code == 422
    assert {"ae_title", "site", "port"} <= set(answer.context["form"].errors)
