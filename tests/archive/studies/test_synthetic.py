"""Synthetic studies: made by number, found like real ones, and removed without a trace of them."""

from archive.mpi.models import Patient, PatientIdentifier
from archive.studies.models import Instance, Series, Study
from archive.studies.queries.requests import Key, Level, Query
from archive.studies.queries.search import search
from archive.studies.selectors import studies_of_site
from archive.studies.synthetic import make_synthetic_studies, remove_synthetic_studies, synthetic_uid
from tests.archive.orders.orders import make_patient


def test_synthetic_studies_are_made_once_found_and_removed(cast):
    make_patient(cast)
    assert make_synthetic_studies(400, site=cast.county, instances=2) == 400
    assert make_synthetic_studies(500, site=cast.county, instances=2) == 100
    assert make_synthetic_studies(500, site=cast.county) == 0

    keys = (Key(0x00100010, "PN", ("SMITH1*",)), Key(0x0020000D, "UI"))
    found = {row[1] for row in search(Query(Level.STUDY, keys), within=studies_of_site(cast.county)).rows}

    numbers = [
        number for number in range(1, 501) if number % 30 == 0 and str(number // 30 % 100).startswith("1")
    ]
    assert found == {synthetic_uid(number) for number in numbers}
    assert (Study.objects.count(), Series.objects.count(), Instance.objects.count()) == (500, 500, 1000)

    assert remove_synthetic_studies() == 500
    assert (Study.objects.count(), Patient.objects.count(), PatientIdentifier.objects.count()) == (0, 1, 1)
