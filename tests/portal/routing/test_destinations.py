"""The form of destinations: every kind is added and changed, and each refusal stands beside its field."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.routing.defaults import ensure_defaults
from integrations.routing.models import Destination

COMMON = {"name": "Research", "key": "research", "site": "", "group": "", "maximum_senders": "2"}
RIGHT = {
    "tier": {"takes": "thin"},
    "folder": {"folder": "research/lung"},
    "s3": {
        "endpoint": "https://store.example:8333", "bucket": "exports", "prefix": "from/us", "region": "",
        "access_key_secret": "ROUTING_SECRET_ACCESS", "secret_key_secret": "ROUTING_SECRET_KEY",
    },
    "stow_rs": {"address": "https://pacs.example/dicom-web", "token_secret": "ROUTING_SECRET_PACS"},
}  # fmt: skip


@pytest.fixture
def region(cast, settings, tmp_path):
    ensure_defaults()
    settings.ROUTING_FOLDERS = [str(tmp_path)]
    return cast


@pytest.fixture
def manager(region, browser_of: Callable[..., Client]) -> Client:
    return browser_of(region.ivo)


@pytest.fixture
def node(region) -> ApplicationEntity:
    return ApplicationEntity.objects.create(
        ae_title="PACS", host="192.0.2.10", port=104, site=region.provincial, roles=[AERole.STORAGE_SCP]
    )


def add(client: Client, kind: str, **typed: str):
    return client.post(reverse("add-destination"), {"kind": kind, **COMMON, **typed})


def errors(answer) -> dict[str, str]:
    assert answer.status_code == 422
    found: dict[str, str] = answer.context["form"].errors
    return found


@pytest.mark.parametrize("kind", RIGHT)
def test_a_destination_of_each_kind_is_added_shown_and_changed(manager, kind):
    kept = {name: value for name, value in RIGHT[kind].items() if value}

    assert add(manager, kind, **RIGHT[kind]).status_code == 302

    made = Destination.objects.get(key="research")
    assert (made.kind, made.site, made.configuration) == (kind, None, kept)
    address = reverse("change-destination", args=["research"])
    page = manager.get(address).content.decode()
    assert all(f'value="{value}"' in page for value in kept.values())
    changed = manager.post(address, {**COMMON, "name": "Lung research", "key": "other", **RIGHT[kind]})
    assert changed.status_code == 302
    made.refresh_from_db()
    assert (made.name, made.key, made.configuration) == ("Lung research", "research", kept)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))[-2:] == [
        "destination.created", "destination.changed",
    ]  # fmt: skip


def test_a_node_becomes_a_destination_and_its_check_is_one_click_away(manager, node):
    assert add(manager, "dimse", node=str(node.pk)).status_code == 302

    assert Destination.objects.get(key="research").node == node
    to_node = f'href="{reverse("node", args=[node.pk])}"'
    assert to_node in manager.get(reverse("change-destination", args=["research"])).content.decode()
    assert to_node in manager.get(reverse("routing-destinations")).content.decode()


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        ("dimse", {}, "node"),
        ("dimse", {"node": "999999"}, "node"),
        ("tier", {"takes": "all"}, "takes"),
        ("folder", {}, "folder"),
        ("folder", {"folder": "../../etc"}, "folder"),
        ("folder", {"folder": "/etc"}, "folder"),
        ("s3", {**RIGHT["s3"], "endpoint": "http://store.example"}, "endpoint"),
        ("s3", {**RIGHT["s3"], "bucket": "../exports"}, "bucket"),
        ("s3", {**RIGHT["s3"], "secret_key_secret": "wJalrXUtnFEMI"}, "secret_key_secret"),
        ("stow_rs", {"address": "https://user:word@pacs.example/"}, "address"),
        ("stow_rs", {"address": "https://[pacs.example/"}, "address"),
        ("stow_rs", {"address": "https://pacs.example:99999/"}, "address"),
        ("stow_rs", {**RIGHT["stow_rs"], "token_secret": "DATABASE_URL"}, "token_secret"),
        ("folder", {**RIGHT["folder"], "key": "Not a key"}, "key"),
        ("folder", {**RIGHT["folder"], "key": "reading"}, "key"),
        ("folder", {**RIGHT["folder"], "name": " "}, "name"),
        ("folder", {**RIGHT["folder"], "name": "x" * 121}, "name"),
        ("folder", {**RIGHT["folder"], "group": "g" * 65}, "group"),
        ("folder", {**RIGHT["folder"], "maximum_senders": "17"}, "maximum_senders"),
        ("folder", {**RIGHT["folder"], "maximum_senders": "many"}, "maximum_senders"),
        ("folder", {**RIGHT["folder"], "site": "elsewhere"}, "site"),
    ],
)
def test_what_will_not_do_is_told_at_its_field_and_stays_typed(manager, kind, typed, field):
    answer = add(manager, kind, **typed)

    assert list(errors(answer)) == [field]
    assert f'id="n-{field}-error"' in answer.content.decode()
    for name, value in typed.items():
        assert answer.context["form"].values[name] == value
    assert not Destination.objects.exclude(key__in=["reading", "post-processing"]).exists()
    assert not AuditEvent.objects.filter(action="destination.created").exists()


def test_all_that_is_wrong_is_told_at_once(manager):
    answer = add(manager, "s3", key="", name="", bucket="X", endpoint="ftp://x", access_key_secret="secret")

    assert set(errors(answer)) == {"key", "name", "bucket", "endpoint", "access_key_secret"}


def test_picking_another_kind_keeps_what_was_typed(manager):
    typed = {"kind": "folder", **COMMON, "folder": "research"}
    page = manager.post(reverse("add-destination"), {**typed, "pick": "s3"})
    assert page.context["form"].kind == "s3"
    assert 'value="research"' in page.content.decode()
    assert not Destination.objects.filter(key="research").exists()

    carried = dict(page.context["form"].carried)
    back = manager.post(reverse("add-destination"), {**COMMON, **carried, "kind": "s3", "pick": "folder"})
    assert back.context["form"].values["folder"] == "research"


def test_a_node_has_one_destination(manager, node):
    add(manager, "dimse", node=str(node.pk))

    refused = add(manager, "dimse", key="second", node=str(node.pk))

    assert list(errors(refused)) == ["node"]


def test_a_node_that_only_calls_us_is_not_offered(manager, region):
    silent = ApplicationEntity.objects.create(
        ae_title="CT_1", site=region.provincial, roles=[AERole.STORAGE_SCU]
    )

    assert list(errors(add(manager, "dimse", node=str(silent.pk)))) == ["node"]


def test_who_does_not_manage_routing_finds_no_form(region, browser_of):
    for person in (region.otto, region.theo):
        browser = browser_of(person)
        assert browser.get(reverse("add-destination")).status_code == 404
        assert add(browser, "folder", folder="x").status_code == 404
        assert browser.get(reverse("change-destination", args=["reading"])).status_code == 404
    assert Destination.objects.count() == 2


def test_a_destination_that_will_not_do_any_more_can_be_switched_off(manager):
    Destination.objects.filter(key="reading").update(configuration={"takes": "nothing"})

    manager.post(reverse("switch-destination", args=["reading"]), {"off": ""})
    manager.post(reverse("switch-destination", args=["post-processing"]), {"off": ""})

    assert not Destination.objects.filter(is_enabled=True).exists()
    manager.post(reverse("switch-destination", args=["reading"]), {"on": ""})
    assert not Destination.objects.get(key="reading").is_enabled
