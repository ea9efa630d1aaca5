"""PS3.18 §8.9 Retrieve Capabilities, Annex H (WADL), Annex G (its JSON)."""

from __future__ import annotations

import pytest
from django.urls import resolve
from lxml import etree

from integrations.dicomweb.capabilities.tree import RESOURCES
from integrations.dicomweb.door import no_such_resource

WADL = "application/vnd.sun.wadl+xml"
NS = {"w": "http://wadl.dev.java.net/2009/02"}
TABLE_H_1 = {  # resources of the Studies and the Worklist service, with their methods
    "studies": "GET POST", "studies/{study}": "GET POST", "studies/{study}/metadata": "GET",
    "studies/{study}/rendered": "GET", "studies/{study}/thumbnail": "GET", "studies/{study}/series": "GET",
    "studies/{study}/series/{series}": "GET", "studies/{study}/series/{series}/metadata": "GET",
    "studies/{study}/series/{series}/instances": "GET",
    "studies/{study}/series/{series}/instances/{instance}": "GET",
    "studies/{study}/series/{series}/instances/{instance}/metadata": "GET",
    "studies/{study}/series/{series}/instances/{instance}/frames": "",
    "studies/{study}/series/{series}/instances/{instance}/frames/{frames}": "GET",
    "studies/{study}/series/{series}/instances/{instance}/bulkdata/{bulkdata}": "GET",
    "studies/{study}/instances": "GET", "series": "GET", "instances": "GET",
    "workitems": "GET POST", "workitems/{workitem}": "GET POST", "workitems/{workitem}/state": "PUT",
    "workitems/{workitem}/cancelrequest": "POST", "workitems/{workitem}/subscribers": "",
    "workitems/{workitem}/subscribers/{aetitle}": "POST DELETE",
    "workitems/1.2.840.10008.5.1.4.34.5/subscribers/{aetitle}": "POST DELETE",
    "workitems/1.2.840.10008.5.1.4.34.5/subscribers/{aetitle}/suspend": "POST",
    "workitems/1.2.840.10008.5.1.4.34.5.1/subscribers/{aetitle}": "POST DELETE",
    "workitems/1.2.840.10008.5.1.4.34.5.1/subscribers/{aetitle}/suspend": "POST",
}  # fmt: skip


def described(node, before=""):
    """Every resource of a document by its path, with its methods."""
    found = {}
    for resource in node.xpath("w:resource", namespaces=NS):
        path = f"{before}/{resource.get('path')}".strip("/")
        found[path] = " ".join(method.get("name") for method in resource.xpath("w:method", namespaces=NS))
        found |= described(resource, path)
    return found


def document(program, path="/dicomweb/"):
    response = program.options(path, headers={"Accept": WADL})
    assert (response.status_code, response.headers["Content-Type"]) == (200, WADL)
    root = etree.fromstring(response.content)
    assert root.tag == f"{{{NS['w']}}}application"
    (resources,) = root.xpath("w:resources", namespaces=NS)
    assert resources.get("base") == "http://testserver/dicomweb"
    return resources


def test_annex_h_the_base_describes_every_resource_of_the_table(theo):
    assert TABLE_H_1.items() <= described(document(theo)).items()


def test_annex_h_a_resource_describes_itself_and_what_lies_below(theo):
    found = described(document(theo, "/dicomweb/workitems/2.25.1"))

    assert found["workitems/{workitem}"] == "GET POST"
    assert found["workitems/{workitem}/state"] == "PUT"
    assert not any(path.startswith("studies") for path in found)


def test_annex_h_methods_tell_media_types_parameters_and_statuses(theo):
    (method,) = document(theo).xpath(".//w:method[@id='SearchForWorkitems']", namespaces=NS)

    accepted = method.xpath("w:request/w:param[@name='Accept']/w:option/@value", namespaces=NS)
    assert "application/dicom+json" in accepted
    assert 'multipart/related; type="application/dicom+xml"' in accepted
    assert {"limit", "offset", "includefield", "fuzzymatching"} <= set(
        method.xpath("w:request/w:param[@style='query']/@name", namespaces=NS)
    )
    assert method.xpath("w:response/@status", namespaces=NS)[:3] == ["200", "204", "206"]


def test_annex_g_the_same_is_given_as_json(theo):
    response = theo.options("/dicomweb/workitems", headers={"Accept": "application/json"})

    assert response.headers["Content-Type"] == "application/json"
    (resource,) = response.json()["application"]["resources"]["resource"]
    assert resource["@path"] == "workitems"
    assert [method["@name"] for method in resource["method"]] == ["GET", "POST"]


def test_8_9_allow_names_the_methods_and_other_media_types_are_refused(theo):
    response = theo.options("/dicomweb/workitems", headers={"Accept": "*/*"})

    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert theo.options("/dicomweb/", headers={"Accept": "text/html"}).status_code == 406
    assert theo.options("/dicomweb/nothing").status_code == 404


def test_8_9_capabilities_are_told_to_whoever_may_ask(client):
    assert client.options("/dicomweb/").status_code == 401


@pytest.mark.parametrize("path", [path for top in RESOURCES for path, one in top.walk() if one.methods])
def test_every_resource_that_is_described_is_one(path):
    filled = path.replace("{frames}", "1").replace("{bulkdata}", "7FE00010").replace("{aetitle}", "A")
    for name in ("study", "series", "instance", "workitem"):
        filled = filled.replace(f"{{{name}}}", "2.25.1")

    assert resolve(f"/dicomweb{filled}").func is not no_such_resource
