"""Search by the public client library, over HTTP, with an access token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset

from accounts.tokens import issue_token


@pytest.fixture
def program(live_server, cast, index) -> Iterator[DICOMwebClient]:
    _, secret = issue_token(cast.theo, label="test", lasts=dt.timedelta(days=1))
    headers = {"Authorization": f"Bearer {secret}", "Connection": "close"}  # no thread outlives its answer
    client = DICOMwebClient(url=f"{live_server.url}/dicomweb", headers=headers)
    yield client
    client._session.close()


def test_the_public_client_finds_studies_series_and_instances(program):
    studies = [Dataset.from_json(match) for match in program.search_for_studies(fields=["StudyDescription"])]
    series = program.search_for_series("2.25.1", search_filters={"Modality": "MR"})
    instances = program.search_for_instances("2.25.1", "2.25.1.1", limit=1, offset=1)

    assert [study.AccessionNumber for study in studies] == ["A3", "A1", "A4"]
    assert str(studies[0].PatientName) == "Li^Hua=李华"
    assert [Dataset.from_json(match).SeriesInstanceUID for match in series] == ["2.25.1.2"]
    assert [Dataset.from_json(match).SOPInstanceUID for match in instances] == ["2.25.1.1.2"]


def test_the_public_client_finds_nothing_without_failing(program):
    assert program.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    assert program.search_for_studies(search_filters={"PatientName": "jon smyth"}, fuzzymatching=True) != []
