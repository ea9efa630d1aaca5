"""The pages of HL7 links: who we exchange messages with, and how one is added, changed and tried."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from integrations.hl7.models import Link
from tests.integrations.hl7.messages import emr_link, his_link
from workflows.scripting.library.models import ScriptVersion

TYPED = {
    "name": "prov-emr", "site": "provincial", "direction": "outbound", "host": "emr.prov.example", "port": "2575",
    "receiving_application": "EMR", "character_set": "GBK", "mapping_script": "tidy@1", "is_active": "on",
    "consultation_codes": "left from the other direction",
}  # fmt: skip


@pytest.fixture
def ivo(cast, client):
    ScriptVersion.objects.create(
        name="tidy", number=1, state="published", source="x = 1", digest="", saved_by="dora",
        saved_at="2026-03-02T08:00Z",
    )  # fmt: skip
    client.force_login(cast.ivo)
    return client


def test_links_are_listed_and_opened_where_nodes_are_managed(
    cast, ivo, django_assert_max_num_queries: DjangoAssertNumQueries
):
    assert "No links yet." in ivo.get("/links/").content.decode()
    for number in range(20):
        his_link(cast, name=f"his-{number}", site=cast.provincial, sending_application=f"HIS{number}")
    with django_assert_max_num_queries(8):
        page = ivo.get("/links/").content.decode()
    assert (page.count("data-row"), page.count("/change/")) == (20, 20)


def test_a_link_is_added_and_then_changed(cast, ivo):
    blank = ivo.get("/links/new/").content.decode()
    assert "<option>tidy@1</option>" in blank

    added = ivo.post("/links/new/", TYPED, follow=True).content.decode()
    assert "prov-emr was added." in added
    link = Link.objects.get()
    assert (link.host, link.port, link.character_set, link.consultation_codes, link.mapping_script) == (
        "emr.prov.example", 2575, "GBK", [], "tidy@1",
    )  # fmt: skip

    page = ivo.get("/links/prov-emr/change/").content.decode()
    assert "<option selected>tidy@1</option>" in page
    kept = ivo.post("/links/prov-emr/change/", TYPED | {"port": "2576", "mapping_script": ""}, follow=True)
    assert "The changes hold from the next message on." in kept.content.decode()
    link.refresh_from_db()
    assert (link.port, link.mapping_script) == (2576, "")


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(cast, ivo):
    refused = ivo.post("/links/new/", TYPED | {"site": "county", "port": "x", "host": "a b"})
    page = refused.content.decode()
    assert refused.status_code == 422
    for field in ("site", "port", "host"):
        assert f'id="n-{field}-error"' in page
    assert 'value="a b"' in page
    assert not Link.objects.exists()

    emr_link(cast, 1, site=cast.provincial)
    refused = ivo.post("/links/county-emr/change/", TYPED | {"host": ""})
    assert 'id="n-host-error"' in refused.content.decode()


def test_the_connection_is_tried_and_the_answer_is_in_words(cast, ivo):
    emr_link(cast, 1, site=cast.provincial)
    tried = ivo.post("/links/county-emr/try/", follow=True).content.decode()
    assert "Nothing listened at the peer&#x27;s port." in tried
    his_link(cast, site=cast.provincial)
    tried = ivo.post("/links/county-his/try/", follow=True).content.decode()
    assert "The partner of this link calls us" in tried


def test_a_link_of_another_site_is_not_there(cast, ivo):
    his_link(cast, site=cast.county)
    assert "county-his" not in ivo.get("/links/").content.decode()
    assert ivo.get("/links/county-his/change/").status_code == 404
    assert ivo.post("/links/county-his/try/").status_code == 404


def test_otto_finds_no_page_of_links(cast, client):
    client.force_login(cast.otto)
    assert [client.get(f"/links/{page}").status_code for page in ("", "new/")] == [404, 404]
