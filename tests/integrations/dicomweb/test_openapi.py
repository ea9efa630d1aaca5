"""What the service says of itself in OpenAPI, held against the service by requests made at random.

Every answer has a status, a media type and a body the description names, and none is a defect (500).

What is sent to be stored OpenAPI 3.1 cannot describe: its Encoding Object names the parts of a message as properties,
and the parts of multipart/related (RFC 2387) have no names. Those messages are made here, of parts that are whole,
broken off or no DICOM at all, and of metadata that lack this or that; what becomes of the objects is asked in
`test_store*.py`.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from integrations.dicomweb import urls
from integrations.dicomweb.capabilities.openapi import openapi
from integrations.dicomweb.capabilities.tree import RESOURCES
from integrations.dicomweb.media_types import DICOM
from tests.conformance.workitems import UID, create
from tests.integrations.dicomweb.storing import described, message, multipart, slices
from tests.portal.stored_images import ct_slice

_STORING = {"StoreInstances", "StoreStudyInstances"}
_KNOWN = {
    "study": ["1.2.3", "2.25.404"], "series": ["1.2.3.4", "2.25.404"], "instance": ["1.2.3.4.1", "2.25.404"],
    "frames": ["1", "1,2"], "bulkdata": ["7FE00010", "00420011"], "workitem": [UID, "2.25.404"],
    "aetitle": ["A", "B_2"],
}  # fmt: skip
_BASE = "http://testserver/dicomweb"
_DOCUMENT = openapi(RESOURCES, base=_BASE)
_WHOLE, _WHOLE_OF = slices(2, study="1.2.3"), "1.2.3"
_KINDS = st.just(DICOM.type) | st.sampled_from(
    ["application/dicom+json", "application/dicom+xml", "text/plain"]
)
_DESCRIBED = described(ct_slice(_WHOLE_OF, "1.2.3.4", 0))
_LACKING = st.sets(st.sampled_from(sorted(_DESCRIBED)), max_size=2)
_METADATA = st.lists(
    _LACKING.map(lambda lost: {tag: value for tag, value in _DESCRIBED.items() if tag not in lost}),
    max_size=2,
)
_BROKEN_OFF = st.builds(lambda data, length: data[:length], st.sampled_from(_WHOLE), st.integers(0, 600))
_PARTS = st.lists(st.one_of(st.sampled_from(_WHOLE), _BROKEN_OFF, st.binary(max_size=64)), max_size=3)
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_description_is_served_to_whoever_may_ask(program_of, cast, client):
    response = program_of(cast.theo).get("/dicomweb/openapi.json")

    assert response.json() == _DOCUMENT
    assert client.get("/dicomweb/openapi.json").status_code == 401


def test_every_resource_of_the_service_is_described():
    known = {name: values[0] for name, values in _KNOWN.items()}
    described_paths = [path.format(**known).removeprefix("/") for path in _DOCUMENT["paths"]]

    undescribed = [
        route.pattern for route in urls.urlpatterns[:-1]  # the last is for what is no resource
        if route.name != "openapi" and not any(route.pattern.match(path) for path in described_paths)
    ]  # fmt: skip

    assert undescribed == []


def _operations() -> dict[str, Any]:
    """The operations by their ids, asking for what is there as often as for what is not."""
    document = copy.deepcopy(_DOCUMENT)
    for path in document["paths"].values():
        for parameter in path.get("parameters", ()):
            parameter["schema"] = {"enum": _KNOWN[parameter["name"]]}
    schema = schemathesis.openapi.from_dict(document)
    schema.app = get_wsgi_application()
    found: list[Any] = [operation.ok() for operation in schema.get_all_operations()]  # type: ignore[union-attr]
    return {operation.definition.raw["operationId"]: operation for operation in found}


_OPERATIONS = _operations()


@pytest.fixture
def headers(cast, program_of, theo):
    """A program of Theo's, with a study and a workitem to ask for."""
    assert theo(multipart(*slices(2))).status_code == 200
    program = program_of(cast.theo)
    assert create(program).status_code == 201
    for signal in (
        request_started,
        request_finished,
    ):  # as Django's own client does: the test's connection stays
        signal.disconnect(close_old_connections)
    yield {"Authorization": str(program.defaults["HTTP_AUTHORIZATION"]), "Accept-Encoding": "identity"}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("name", [name for name in _OPERATIONS if name not in _STORING])
def test_every_answer_is_as_it_is_described(name, headers):
    answered: list[int] = []

    @seed(7)
    @settings(
        max_examples=10, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=_OPERATIONS[name].as_strategy())
    def answers_as_described(case):
        response = case.call_and_validate(checks=_CHECKS, headers=headers, base_url=_BASE)
        answered.append(response.status_code)

    answers_as_described()
    assert answered, "nothing was asked"
    assert max(answered) < 500


@pytest.mark.parametrize("name", sorted(_STORING))
def test_every_answer_to_storing_is_as_it_is_described(name, headers):
    answered: set[int] = set()
    path = {"study": _WHOLE_OF} if name == "StoreStudyInstances" else {}
    paths = st.fixed_dictionaries({part: st.sampled_from(_KNOWN[part]) for part in path})

    @seed(7)
    @settings(
        max_examples=60, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @example(path=path, root=DICOM.type, kind=DICOM.type, parts=_WHOLE, is_ended=True)
    @given(path=paths, root=_KINDS, kind=_KINDS, parts=_PARTS, is_ended=st.booleans())
    def answers_as_described(path, root, kind, parts, is_ended):
        message = multipart(*parts, kind=kind)
        response = _OPERATIONS[name].Case(path_parameters=path).call_and_validate(
            checks=_CHECKS, base_url=_BASE, data=message if is_ended else message[:-14],
            headers=headers | {"Content-Type": f'multipart/related; type="{root}"; boundary=frontier'},
        )  # fmt: skip
        answered.add(response.status_code)

    answers_as_described()

    assert {200, 400, 409, 415} <= answered <= {200, 202, 400, 409, 413, 415}


def test_every_answer_to_storing_metadata_is_as_it_is_described(headers):
    answered: set[int] = set()
    sent = headers | {"Content-Type": 'multipart/related; type="application/dicom+json"; boundary=frontier'}

    @seed(7)
    @settings(
        max_examples=40, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @example(instances=[_DESCRIBED], has_bulk=True)
    @given(instances=_METADATA, has_bulk=st.booleans())
    def answers_as_described(instances, has_bulk):
        bulk = {"1": ct_slice(_WHOLE_OF, "1.2.3.4", 0).PixelData} if has_bulk else {}
        response = _OPERATIONS["StoreInstances"].Case().call_and_validate(
            checks=_CHECKS, base_url=_BASE, data=message(instances, **bulk), headers=sent,
        )  # fmt: skip
        answered.add(response.status_code)

    answers_as_described()

    assert {200, 400, 409} <= answered <= {200, 202, 400, 409}
