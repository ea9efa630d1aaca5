"""The page of HL7 links: who maps whose messages, and by which script."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from integrations.hl7.models import Link
from tests.integrations.hl7.messages import his_link
from workflows.scripting.library.models import ScriptVersion


@pytest.fixture
def ivo(cast, client):
    client.force_login(cast.ivo)
    return client


def test_links_are_listed_and_a_script_is_named_where_nodes_are_managed(
    cast, ivo, django_assert_max_num_queries: DjangoAssertNumQueries
):
    assert "No links yet." in ivo.get("/links/").content.decode()
    for number in range(20):
        his_link(cast, name=f"his-{number}", site=cast.provincial, sending_application=f"HIS{number}")
    with django_assert_max_num_queries(8):
        page = ivo.get("/links/").content.decode()
    assert (page.count("data-row"), page.count('name="mapping_script"')) == (20, 20)

    ScriptVersion.objects.create(
        name="tidy", number=1, state="published", source="x = 1", digest="", saved_by="dora",
        saved_at="2026-03-02T08:00Z",
    )  # fmt: skip
    kept = ivo.post("/links/his-3/mapping/", {"mapping_script": " tidy@1 "}, follow=True)
    assert "The mapping of his-3 is kept." in kept.content.decode()
    refused = ivo.post("/links/his-3/mapping/", {"mapping_script": "tidy@2"}, follow=True)
    assert "There is no script tidy@2 in force." in refused.content.decode()
    assert Link.objects.get(name="his-3").mapping_script == "tidy@1"


def test_a_link_of_another_site_is_not_there(cast, ivo):
    his_link(cast, site=cast.county)
    assert "county-his" not in ivo.get("/links/").content.decode()
    assert ivo.post("/links/county-his/mapping/", {"mapping_script": ""}).status_code == 404
