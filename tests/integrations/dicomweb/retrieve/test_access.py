"""Who may retrieve, what is no resource or method, and the trail that looking leaves (PS3.18 §8.5, PS3.15 §A.5)."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from tests.integrations.dicomweb.answers import body_of
from tests.integrations.dicomweb.retrieve.stored_series import SERIES_PATH, STUDY, STUDY_PATH, instance_path


@pytest.mark.parametrize(
    "path",
    [STUDY_PATH, SERIES_PATH, f"{SERIES_PATH}/metadata", f"{instance_path(1)}/frames/1",
     f"{instance_path(1)}/metadata", f"{instance_path(1)}/bulkdata/7FE00010"],
)  # fmt: skip
def test_otto_of_another_site_finds_nothing(client, cast, series, path):
    client.force_login(cast.otto)

    response = client.get(path)

    assert response.status_code == 404
    assert response.json()["code"] == "NOT_FOUND"


def test_nobody_gets_in_without_signing_in(client, series):
    response = client.get(SERIES_PATH)

    assert response.status_code == 401
    assert "Bearer" in response["WWW-Authenticate"]
    assert "Basic" in response["WWW-Authenticate"]
    assert "Basic" not in client.get(SERIES_PATH, headers={"Sec-Fetch-Mode": "cors"})["WWW-Authenticate"]


def test_what_is_no_uid_and_what_is_no_resource_are_told_apart(theo, series):
    assert theo.get("/dicomweb/studies/..%2f..%2fetc").status_code in {400, 404}
    assert theo.get("/dicomweb/studies/abc/metadata").status_code == 400
    assert theo.get("/dicomweb/nothing/here").json()["code"] == "RESOURCE_UNKNOWN"


def test_a_method_the_resource_has_not_is_told_with_those_it_has(theo, series):
    response = theo.delete(SERIES_PATH)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_an_hour_of_looking_at_a_study_is_one_line_for_each_kind(theo, cast, series, clock):
    for _ in range(3):
        for number in (1, 2):
            body_of(theo.get(f"{instance_path(number)}/frames/1"))
    body_of(theo.get(SERIES_PATH))

    lines = AuditEvent.objects.filter(action="study.retrieved", study_instance_uid=STUDY).order_by("id")
    assert [line.detail["transaction"] for line in lines] == ["frames", "wado-rs"]
    assert {line.person for line in lines} == {cast.theo}
