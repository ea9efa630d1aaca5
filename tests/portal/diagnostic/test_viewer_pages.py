"""Who gets the diagnostic viewer, with which study, and what its pages may load."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import AuditEvent
from archive.studies.models import Study
from common.uids import derived_uid
from tests.personas import Cast
from tests.portal.cases_in_work import make_order
from tests.portal.real_case import case_to_read
from tests.portal.stored_images import store_ct

pytestmark = pytest.mark.django_db


@pytest.fixture
def theo(cast: Cast, browser_of: Callable[..., Client], small_site: Path) -> Client:
    return browser_of(cast.theo)


def test_opening_a_study_leads_to_the_viewer_and_is_audited(cast: Cast, theo: Client):
    store_ct(cast.county)

    answer = theo.get("/viewer/open/1.2.3")

    assert answer.status_code == 302
    assert answer["Location"] == "/viewer/viewer?StudyInstanceUIDs=1.2.3"
    line = AuditEvent.objects.get(action="study.opened")
    assert (line.object_uid, line.detail["viewer"], line.detail["prior"]) == ("1.2.3", "diagnostic", "")


def test_the_prior_most_alike_hangs_beside(cast: Cast, theo: Client):
    store_ct(cast.county, StudyDate="20260301")
    store_ct(cast.county, study="1.2.4", series="1.2.4.1", StudyDate="20250301")

    answer = theo.get("/viewer/open/1.2.3")

    assert answer["Location"] == (
        "/viewer/viewer?StudyInstanceUIDs=1.2.3,1.2.4&hangingProtocolId=consilium.priors"
    )
    assert AuditEvent.objects.get(action="study.opened").detail["prior"] == "1.2.4"
    assert theo.get("/viewer/open/1.2.3?alone=1")["Location"] == "/viewer/viewer?StudyInstanceUIDs=1.2.3"


def test_a_prior_that_is_named_hangs_beside_and_must_be_of_the_same_patient(cast: Cast, theo: Client):
    store_ct(cast.county)
    store_ct(cast.county, study="1.2.5", series="1.2.5.1", StudyDate="20260501")
    store_ct(cast.county, study="1.2.6", series="1.2.6.1", PatientID="C-2", PatientName="Li^Na")

    assert "1.2.3,1.2.5" in theo.get("/viewer/open/1.2.3?beside=1.2.5")["Location"]
    assert theo.get("/viewer/open/1.2.3?beside=1.2.6").status_code == 404
    assert theo.get("/viewer/open/1.2.3?beside=9.9").status_code == 404


def test_a_person_of_another_site_finds_no_study(cast: Cast, browser_of, small_site):
    store_ct(cast.county)
    otto = browser_of(cast.otto)

    assert otto.get("/viewer/open/1.2.3").status_code == 404
    assert otto.get("/viewer/viewer?StudyInstanceUIDs=1.2.3").status_code == 404
    assert not AuditEvent.objects.filter(action="study.opened").exists()


@pytest.mark.parametrize("path", ["", "viewer?StudyInstanceUIDs=1.2.3", "open/1.2.3"])
def test_a_signed_out_browser_is_sent_to_sign_in(client: Client, small_site, path: str):
    assert client.get(f"/viewer/{path}")["Location"].startswith("/sign-in")


def test_a_signed_out_browser_gets_no_file(client: Client, small_site):
    answer = client.get("/viewer/files/r1/app.js")

    assert (answer.status_code, answer.content) == (401, b"")


def test_the_page_loads_scripts_of_ours_alone(theo: Client):
    answer = theo.get("/viewer/viewer")

    page = answer.content.decode()
    assert re.findall("<script[^>]*>", page) == ['<script defer src="/viewer/files/r1/app-config.js">']
    assert 'href="/viewer/files/r1/app.js" data-start>' in page, "the first script starts the others"
    policy = {part.split()[0]: part.split()[1:] for part in answer["Content-Security-Policy"].split(";")}
    assert policy["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert policy["connect-src"] == ["'self'", "blob:", "data:"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert "csrftoken" in answer.cookies
    assert answer["Cache-Control"] == "private, no-store"


def test_the_page_speaks_the_language_of_the_person(cast: Cast, browser_of, small_site):
    page = browser_of(cast.theo, language="zh-hans").get("/viewer/").content.decode()

    assert '<html lang="zh-hans"' in page
    assert "诊断阅片器" in page


@pytest.mark.parametrize(
    "uids", ["1.2.3,9.9.9", "not-a-uid", "1.2.3,../../etc", ",".join(f"1.2.{n}" for n in range(51))]
)
def test_an_address_with_a_study_that_may_not_be_seen_is_not_there(cast: Cast, theo: Client, uids: str):
    store_ct(cast.county)

    assert theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3"}).status_code == 200
    assert theo.get("/viewer/viewer", {"StudyInstanceUIDs": uids}).status_code == 404


def test_a_file_is_sent_small_and_kept_for_good(theo: Client):
    packed = theo.get("/viewer/files/r1/app.js", headers={"accept-encoding": "gzip, br"})
    plain = theo.get("/viewer/files/r1/app.js")

    body = packed.getvalue()
    assert gzip.decompress(body) == plain.getvalue() == b"let a = 1;"
    assert packed["Content-Encoding"] == "gzip"
    assert packed["Content-Length"] == str(len(body))
    assert packed["Content-Type"] == "text/javascript"
    assert packed["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Accept-Encoding" in packed["Vary"]
    assert "Cookie" not in packed["Vary"], "a new session would fetch all of it again"
    assert "Content-Encoding" not in plain


def test_the_page_holds_the_first_image_and_whose_it_is_before_the_viewer_starts(cast: Cast, theo: Client):
    store_ct(cast.county)
    store_ct(cast.county, study="1.2.4", series="1.2.4.1")

    page = theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3,1.2.4"}).content.decode()

    last = derived_uid("1.2.3.4", 2)
    first = f"/dicomweb/studies/1.2.3/series/1.2.3.4/instances/{last}/frames/1/rendered?accept=image/jpeg"
    assert f'<img src="{first}"' in page, "a volume is scrolled against its slice normal"
    assert page.count("<img ") == 2
    assert "张^伟".replace("^", "") in page
    assert "C-1001" in page
    assert theo.get(first)["Content-Type"] == "image/jpeg"


def test_the_page_tells_what_the_viewer_will_ask_of_the_archive(cast: Cast, theo: Client):
    store_ct(cast.county)

    page = theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3"}).content.decode()

    last = derived_uid("1.2.3.4", 2)
    assert f'data-study="1.2.3" data-series="1.2.3.4" data-instance="{last}"' in page


def test_the_first_image_has_the_shape_it_has_in_the_patient(cast: Cast, theo: Client):
    store_ct(cast.county, slices=1, Rows=4, Columns=8, PixelData=bytes(64), PixelSpacing=[0.5, 0.75])

    page = theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3"}).content.decode()

    assert 'style="--ratio: 3.0000"' in page  # 8 columns of 0.75 mm by 4 rows of 0.5 mm


def test_storing_a_report_is_offered_to_whoever_may_store(cast: Cast, browser_of, small_site):
    for person, may_store in ((cast.theo, "yes"), (cast.rafael, "no")):
        page = browser_of(person).get("/viewer/viewer").content.decode()
        assert f'data-may-store="{may_store}"' in page


def test_a_study_without_images_is_named_and_has_no_picture(cast: Cast, theo: Client):
    store_ct(cast.county, Modality="SEG")

    page = theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3"}).content.decode()

    assert "data-preview" in page
    assert "<img " not in page


def test_an_image_larger_than_a_screen_is_asked_for_at_the_size_of_one(cast: Cast, theo: Client):
    store_ct(cast.county, slices=1, Rows=1, Columns=2000, PixelData=bytes(4000))

    page = theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3"}).content.decode()

    assert "rendered?accept=image/jpeg&amp;viewport=1024,1024" in page


def test_the_page_of_a_study_is_made_in_few_statements(
    cast: Cast, theo: Client, django_assert_max_num_queries
):
    store_ct(cast.county)

    with django_assert_max_num_queries(8):
        theo.get("/viewer/viewer", {"StudyInstanceUIDs": "1.2.3"})


@pytest.mark.parametrize(
    "name",
    [
        "r1/../site.json",
        "r1/app.js.gz",
        "r1/%2e%2e/site.json",
        "r1//etc/passwd",
        "r0/app.js",
        "r1/nothing.js",
    ],
)
def test_nothing_but_the_files_of_the_release_is_sent(theo: Client, name: str):
    assert theo.get(f"/viewer/files/{name}").status_code == 404


def test_without_the_viewer_the_page_of_the_study_is_opened_and_no_link_offered(
    cast: Cast, browser_of, settings, tmp_path
):
    settings.OHIF_ROOT = tmp_path / "nowhere"
    store_ct(cast.county)
    theo = browser_of(cast.theo)

    answer = theo.get("/viewer/open/1.2.3", follow=True)

    assert answer.redirect_chain == [("/studies/1.2.3/", 302)]
    assert "The diagnostic viewer is not installed here." in answer.content.decode()
    assert "data-diagnostic-viewer" not in answer.content.decode()
    assert theo.get("/viewer/").status_code == 404


def test_study_and_patient_pages_offer_the_viewer(cast: Cast, theo: Client):
    series = store_ct(cast.county)

    for address in ("/studies/1.2.3/", f"/patients/{series.study.patient.uid}/"):
        page = theo.get(address).content.decode()
        assert 'href="/viewer/open/1.2.3" target="diagnostic-viewer"' in page


def test_pages_that_lead_to_the_viewer_name_what_it_starts_with(cast: Cast, browser_of, small_site: Path):
    case, _task = case_to_read(cast, make_order(cast))
    study = case.subjects.get(kind="study").uid
    patient = Study.objects.get(study_instance_uid=study).patient
    names = ("app.css", "app-config.js", "app.js", "8097.js", "codec.wasm")
    ahead = f'<meta name="viewer-ahead" content="{" ".join(f"/viewer/files/r1/{name}" for name in names)}">'
    rosa = browser_of(cast.rosa)

    for address in (
        "/",
        "/studies/",
        f"/studies/{study}/",
        f"/patients/{patient.uid}/",
        f"/cases/{case.uid}/",
    ):
        assert ahead in rosa.get(address).content.decode(), address
    assert "viewer-ahead" not in browser_of(cast.otto).get("/studies/").content.decode(), "nothing to open"


def test_a_case_offers_its_study_and_each_earlier_one_beside_it(
    cast: Cast, browser_of: Callable[..., Client], small_site: Path
):
    case, _task = case_to_read(cast, make_order(cast))
    study = case.subjects.get(kind="study").uid
    patient_id = Study.objects.get(study_instance_uid=study).patient.identifiers.get().value
    store_ct(cast.county, study="1.2.9", series="1.2.9.1", PatientID=patient_id, AccessionNumber="OLD")

    read = browser_of(cast.rosa).get(f"/cases/{case.uid}/").content.decode()
    referred = browser_of(cast.rafael).get(f"/cases/{case.uid}/").content.decode()

    assert f'href="/viewer/open/{study}" target="diagnostic-viewer"' in read
    assert f'href="/viewer/open/{study}?beside=1.2.9"' in referred
