"""What the service says of itself in OpenAPI, held against the service by requests made at random.

Every answer has a status, a media type and a body the description names, and none is a defect (500). Objects to be
stored are left to the tests of storing: noise in a multipart message says little.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from integrations.dicomweb.capabilities.openapi import openapi
from integrations.dicomweb.capabilities.tree import RESOURCES
from tests.conformance.workitems import UID, create
from tests.integrations.dicomweb.storing import multipart, slices

_STORING = {"StoreInstances", "StoreStudyInstances"}
_DOCUMENT = openapi(RESOURCES, base="http://testserver/dicomweb")
_KNOWN = {
    "study": ["1.2.3", "2.25.404"], "series": ["1.2.3.4", "2.25.404"], "instance": ["1.2.3.4.1", "2.25.404"],
    "frames": ["1", "1,2"], "bulkdata": ["7FE00010", "00420011"], "workitem": [UID, "2.25.404"],
    "aetitle": ["A", "B_2"],
}  # fmt: skip
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_description_is_served_to_whoever_may_ask(program_of, cast, client):
    response = program_of(cast.theo).get("/dicomweb/openapi.json")

    assert response.json() == _DOCUMENT
    assert client.get("/dicomweb/openapi.json").status_code == 401


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
        response = case.call_and_validate(
            checks=_CHECKS, headers=headers, base_url="http://testserver/dicomweb"
        )
        answered.append(response.status_code)

    answers_as_described()
    assert answered, "nothing was asked"
    assert max(answered) < 500
