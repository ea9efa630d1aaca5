"""What every request costs the database: so many statements, however many instances its answer is of.

A program asks a second time, when what a process keeps (its token's person excepted) is at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actors import SystemActor
from archive.studies.services import store_part10
from common.uids import derived_uid
from tests.archive.studies.objects import ct_slice, part10
from tests.conformance.workitems import PATH as WORKITEM
from tests.conformance.workitems import claim, complete, create
from tests.integrations.dicomweb.answers import body_of

CT = SystemActor("dicom:CT1", "county")
STUDY, SERIES, IMAGE = derived_uid("study"), derived_uid("study", "series"), derived_uid("study", "series", 1)
OF_STUDY = f"/dicomweb/studies/{STUDY}"
OF_SERIES = f"{OF_STUDY}/series/{SERIES}"
OF_IMAGE = f"{OF_SERIES}/instances/{IMAGE}"
URI = f"/dicomweb/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID={IMAGE}"
STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
EXPLICIT = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'
PICTURES = 'multipart/related; type="image/jpeg"'

COSTS = [
    ("/dicomweb/studies", "*/*", 4),
    ("/dicomweb/series", "*/*", 4),
    ("/dicomweb/instances?includefield=all", "*/*", 4),
    (f"{OF_STUDY}/series", "*/*", 4),
    (f"{OF_STUDY}/instances", "*/*", 4),
    (f"{OF_SERIES}/instances", "*/*", 4),
    (OF_STUDY, STORED, 2),
    (OF_STUDY, "application/zip", 2),
    (OF_SERIES, STORED, 2),
    (OF_SERIES, EXPLICIT, 2),
    (OF_IMAGE, STORED, 2),
    (OF_IMAGE, "application/dicom", 2),
    (f"{OF_STUDY}/metadata", "*/*", 2),
    (f"{OF_SERIES}/metadata", "*/*", 2),
    (f"{OF_IMAGE}/metadata", "*/*", 2),
    (f"{OF_IMAGE}/frames/1", OCTETS, 2),
    (f"{OF_IMAGE}/frames/1", 'multipart/related; type="image/jls"', 2),
    (f"{OF_IMAGE}/frames/1/rendered", "image/jpeg", 2),
    (f"{OF_IMAGE}/frames/1/thumbnail", "image/jpeg", 2),
    (f"{OF_IMAGE}/bulkdata/7FE00010", OCTETS, 2),
    (f"{OF_STUDY}/bulkdata", OCTETS, 2),
    (f"{OF_SERIES}/bulkdata", OCTETS, 2),
    (f"{OF_IMAGE}/bulkdata", OCTETS, 2),
    (f"{OF_STUDY}/pixeldata", OCTETS, 2),
    (f"{OF_SERIES}/pixeldata", OCTETS, 2),
    (f"{OF_IMAGE}/pixeldata", OCTETS, 2),
    (f"{OF_STUDY}/rendered", PICTURES, 2),
    (f"{OF_SERIES}/rendered", PICTURES, 2),
    (f"{OF_IMAGE}/rendered", "image/jpeg", 2),
    (f"{OF_STUDY}/thumbnail", "image/jpeg", 3),
    (f"{OF_SERIES}/thumbnail", "image/jpeg", 3),
    (f"{OF_IMAGE}/thumbnail", "image/jpeg", 2),
    (f"{URI}&contentType=application/dicom", "*/*", 2),
    (URI, "image/jpeg", 2),
    ("/dicomweb/workitems", "*/*", 3),
    (WORKITEM, "*/*", 3),
    ("/dicomweb/openapi.json", "*/*", 1),
]


@pytest.fixture
def program(cast, program_of) -> Client:
    program: Client = program_of(cast.theo)
    assert create(program).status_code == 201
    return program


def fill(cast, numbers: range) -> None:
    for number in numbers:
        store_part10(part10(ct_slice(number)), site=cast.county, actor=CT)


def cost(program: Client, path: str, accept: str) -> int:
    body_of(program.get(path, headers={"Accept": accept}))

    def ask() -> None:
        response = program.get(path, headers={"Accept": accept})
        assert (path, response.status_code) == (path, 200)
        assert body_of(response)

    return statements(ask)


def statements(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


def test_a_request_takes_as_many_statements_for_many_instances_as_for_few(program, cast):
    fill(cast, range(1, 4))
    few = {(path, accept): cost(program, path, accept) for path, accept, _most in COSTS}
    fill(cast, range(4, 16))
    many = {(path, accept): cost(program, path, accept) for path, accept, _most in COSTS}

    assert few == many
    assert {asked: taken for *asked, most in COSTS if (taken := many[asked[0], asked[1]]) > most} == {}


def test_work_is_created_claimed_and_ended_in_as_many_statements_on_a_long_worklist(program):
    def lifetime(uid: str) -> list[int]:
        steps = (create, claim, complete)
        return [statements(partial(step, program, uid)) for step in steps]

    lifetime("2.25.1")
    short = lifetime("2.25.2")
    for number in range(10, 20):
        create(program, f"2.25.{number}")

    assert lifetime("2.25.3") == short
    assert sum(short) <= 45
