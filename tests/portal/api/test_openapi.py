"""What the REST of processes says of itself in OpenAPI, held against it by requests made at random.

Every answer has a status, a media type and a body the description names, and none is a defect (500).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Membership
from accounts.tokens import issue_token
from integrations.webhooks import services as webhooks
from tests.workflows.conftest import begin, bundle, operators  # noqa: F401 - fixtures
from tests.workflows.machines.test_external_tasks import ONE
from workflows.models import ServiceTaskRun

OURS = (
    "/api/processes/", "/api/external-tasks/", "/api/webhooks/", "/api/webhook-deliveries/",
    "/api/process-messages/", "/api/process-signals/",
)  # fmt: skip
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def _document() -> dict[str, Any]:
    """The description, with what every operation may also answer: who asks is unknown, or what they sent no JSON."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    document["paths"] = {path: item for path, item in document["paths"].items() if path.startswith(OURS)}
    refusal = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}}
    for item in document["paths"].values():
        for name, operation in item.items():
            if name == "parameters":
                continue
            for status, words in (("400", "Refused"), ("404", "Not there"), ("415", "No JSON")):
                operation["responses"].setdefault(status, {"description": words, **refusal})
    return document


def _operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(_document())
    schema.app = get_wsgi_application()
    found: list[Any] = [operation.ok() for operation in schema.get_all_operations()]  # type: ignore[union-attr]
    return {operation.definition.raw["operationId"]: operation for operation in found}


OPERATIONS = _operations()


@pytest.fixture
def headers(begin, cast):  # noqa: F811
    """A program of Ivo's, who also designs, with a step to do and a webhook."""
    begin(ONE)
    Membership.objects.create(person=cast.ivo, site=cast.provincial, role="designer")
    webhooks.create_webhook(
        cast.provincial, name="RIS", url="https://ris.example/", events=["CaseChanged"], actor=cast.ivo
    )
    _token, secret = issue_token(cast.ivo, label="noise", lasts=dt.timedelta(days=1))
    for signal in (request_started, request_finished):  # as Django's own client: the test's connection stays
        signal.disconnect(close_old_connections)
    yield {"Authorization": f"Bearer {secret}"}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_it_is_described(name, headers):
    answered: list[int] = []
    known = {"uid": str(ServiceTaskRun.objects.get().uid)}

    @seed(7)
    @settings(
        max_examples=8, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=OPERATIONS[name].as_strategy())
    def answers_as_described(case):
        if "external-tasks" in case.path and len(answered) % 2 and "uid" in case.path_parameters:
            case.path_parameters.update(known)
        if isinstance(case.body, dict):
            case.body.pop("wait_s", None)
        response = case.call_and_validate(checks=CHECKS, headers=headers, base_url="http://testserver")
        answered.append(response.status_code)

    answers_as_described()
    assert answered, "nothing was asked"
    assert max(answered) < 500
