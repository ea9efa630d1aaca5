"""Requests no honest client sends: each gets a 4xx in words, and none makes the server grow."""

from __future__ import annotations

import gzip
import io
import resource
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from archive.pixels.inflating import beginning_of
from archive.pixels.pool import TIME_LIMIT_S, Decoder
from archive.studies.corrections.services import reassign_study
from archive.studies.models import Instance, RejectedObject, Study
from archive.studies.services import store_part10
from integrations.dicomweb.store import intake
from tests.archive.orders.orders import make_patient
from tests.integrations.dicomweb.storing import RELATED, STUDIES, multipart, slices, told
from tests.portal.stored_images import MODALITY, ct_slice, part10, store_ct

MEBIBYTE = 1 << 20


@pytest.fixture
def theos(cast, program_of):
    store_ct(cast.county, slices=2)
    return program_of(cast.theo)


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize(
    "path",
    [
        "/studies/../../etc/passwd",
        "/studies/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/studies/1.2.3/series/..%2f..%2f..%2fetc%2fpasswd",
        "/studies/1.2.3%00",
        "/studies/" + "1" * 5000,
        "/studies/1.2.3'%20OR%20'1'='1",
        "/studies/１.２.３",
        "/studies/1.2.3/metadata/../../..",
        "/studies/1.2.3/series/1.2.3.4/instances/%0d%0aSet-Cookie:x",
        "//studies",
    ],
)
def test_paths_that_name_nothing_lead_nowhere(theos, path):
    answer = theos.get(f"/dicomweb{path}")

    assert 400 <= answer.status_code < 500
    assert b"root:" not in answer.getvalue()
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "query",
    [
        "limit=" + "9" * 400,
        "limit=-1",
        "limit=1e9",
        "offset=-5",
        "offset=0x10",
        "StudyDate=" + "1" * 100_000,
        "PatientName=%00",
        "00100010=%FF%FE",
        "NoSuchAttribute=1",
        "includefield=" + ",".join(["00100010"] * 50_000),
        "StudyInstanceUID=" + ",".join(f"1.{number}" for number in range(1_000_000)),
        "&".join(["PatientName=a"] * 1_000_000),
    ],
    ids=lambda text: text[:24],
)
def test_a_query_of_any_size_is_answered_or_refused_in_bounded_memory(theos, query):
    before = peak_kib()

    answer = theos.get(STUDIES, QUERY_STRING=query)

    assert answer.status_code in {200, 204, 400, 413, 414}
    assert peak_kib() - before < 400 * 1024


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=frontier", 415),
        ('multipart/related; type="text/html"; boundary=frontier', 415),
        ('multipart/related; type="application/fhir+xml"; boundary=frontier', 415),
        ("application/dicom+json", 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=""', 400),
        ("no media type", 400),
        ("multipart/related;" * 2000, 400),
    ],
)
def test_what_is_not_of_a_media_type_we_take_is_refused(theo, content_type, status):
    answer = theo(multipart(*slices(1)), content_type=content_type)

    assert answer.status_code in {status, 415}
    assert answer.json()["message"]
    assert not Instance.objects.exists()


@pytest.mark.parametrize(
    "body", [b"--frontier--", b"--frontier\r\n", b"garbage", multipart(*[b"x"])[:-4], b"\r\n" * 50_000]
)
def test_a_broken_message_is_refused(theo, body):
    assert theo(body).status_code == 400


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_message_is_answered_and_never_a_defect(theo, damage):
    body = bytearray(multipart(*slices(1)))
    for at, value in damage:
        body[at % len(body)] = value

    assert theo(bytes(body)).status_code in {200, 202, 400, 409, 413}


def deflated_bomb(size: int) -> bytes:
    """A deflated object whose last element is `size` zeros (PS3.5 §A.5)."""
    plain = part10(ct_slice("1.2.3", "1.2.3.4", 0))
    start = 144 + int.from_bytes(plain[140:144], "little")
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = struct.pack("<HH2sHL", 0x7FE1, 0x1010, b"OB", 0, size)
    packed = [packer.compress(plain[start:] + head)]
    zeros = bytes(MEBIBYTE)
    packed += [packer.compress(zeros) for _ in range(size // MEBIBYTE)]
    packed.append(packer.flush())
    explicit, deflated = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
    meta = plain[:start].replace(struct.pack("<H", len(explicit)) + explicit, b"\x16\0" + deflated)
    length = int.from_bytes(plain[140:144], "little") + len(deflated) - len(explicit)
    return meta[:140] + struct.pack("<L", length) + meta[144:] + b"".join(packed)


def test_a_deflated_bomb_is_refused_without_being_inflated_whole(theo):
    bomb = deflated_bomb(1100 * MEBIBYTE)
    before = peak_kib()

    answer = theo(multipart(bomb))

    assert len(bomb) < 4 * MEBIBYTE
    assert answer.status_code == 409
    assert told(answer).FailedSOPSequence[0].FailureReason == 0xC000
    assert peak_kib() - before < 100 * 1024


@pytest.fixture
def fragmented(cast):
    """A film of which every frame comes in two fragments: none of them lies in one piece."""
    frames = [bytes(MEBIBYTE) for _ in range(2)]
    dataset = ct_slice("1.2.3", "1.2.3.4", 0, NumberOfFrames=2, Rows=1024, Columns=1024)
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.PixelData = encapsulate(frames, fragments_per_frame=2)
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    store_part10(part10(dataset), site=cast.county, actor=MODALITY)
    return f"{STUDIES}/1.2.3/series/1.2.3.4/instances/{dataset.SOPInstanceUID}"


def test_a_frame_named_a_thousand_times_is_sent_as_it_is_made(fragmented, cast, program_of):
    tracemalloc.start()
    try:
        answer = program_of(cast.theo).get(
            f"{fragmented}/frames/{','.join(['1', '2'] * 500)}",
            headers={"Accept": 'multipart/related; type="image/dicom-rle"'},
        )
        sent = sum(map(len, answer.streaming_content))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert answer.status_code == 200
    assert sent > 1000 * MEBIBYTE
    assert peak < 80 * MEBIBYTE


def test_a_deflated_object_is_inflated_in_no_web_worker(theo, cast, program_of):
    """What is stored is no bomb yet: 64 MB of zeros behind an image."""
    bomb = multipart(deflated_bomb(64 * MEBIBYTE))
    before = peak_kib()
    [stored] = told(theo(bomb)).ReferencedSOPSequence
    path = stored.RetrieveURL.removeprefix("http://testserver")
    client = program_of(cast.theo)

    for part in ("frames/1", "rendered", "frames/1/rendered", "thumbnail"):
        answer = client.get(f"{path}/{part}", headers={"Accept": "*/*"})
        assert (answer.status_code, bool(answer.getvalue())) == (200, True), part

    assert peak_kib() - before < 40 * 1024


def test_metadata_and_bulk_data_of_a_deflated_object_hold_no_more_than_its_beginning(theo, cast, program_of):
    [stored] = told(theo(multipart(deflated_bomb(240 * MEBIBYTE)))).ReferencedSOPSequence
    path = stored.RetrieveURL.removeprefix("http://testserver")
    client = program_of(cast.theo)
    before = peak_kib()

    metadata = client.get(f"{path}/metadata", headers={"Accept": "application/dicom+json"})
    pixels = client.get(f"{path}/bulkdata/7FE00010", headers={"Accept": "*/*"})
    beyond = client.get(f"{path}/bulkdata/7FE11010", headers={"Accept": "*/*"})

    assert metadata.json()[0]["7FE11010"] == {"vr": "OB", "BulkDataURI": f"{path}/bulkdata/7FE11010"}
    assert (pixels.status_code, bool(pixels.getvalue())) == (200, True)
    assert (beyond.status_code, beyond.json()["code"]) == (400, "OBJECT_TOO_LARGE")
    assert peak_kib() - before < 160 * 1024


def test_a_deflated_object_of_a_corrected_study_is_changed_in_no_web_worker(theo, cast, program_of):
    [stored] = told(theo(multipart(deflated_bomb(96 * MEBIBYTE)))).ReferencedSOPSequence
    wang = make_patient(cast, "2002", family_name="Wang", given_name="Fang")
    reassign_study(Study.objects.get(), patient=wang, actor=cast.theo, comment="taken under the wrong entry")
    path = stored.RetrieveURL.removeprefix("http://testserver")
    before = peak_kib()

    answer = program_of(cast.theo).get(
        path, headers={"Accept": 'application/dicom; transfer-syntax="1.2.840.10008.1.2.1.99"'}
    )
    data = answer.getvalue()

    assert (answer.status_code, peak_kib() - before < 40 * 1024) == (200, True)
    header, size = beginning_of(data, most=128 * MEBIBYTE, held=4096)
    assert b"Wang^Fang" in header
    assert size > 96 * MEBIBYTE


def test_a_deflated_object_too_large_to_be_held_is_not_given_without_identity(theo, cast, program_of):
    [stored] = told(theo(multipart(deflated_bomb(260 * MEBIBYTE)))).ReferencedSOPSequence
    before = peak_kib()

    answer = program_of(cast.theo).get(
        f"/dicomweb/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.4&anonymize=yes"
        f"&objectUID={stored.ReferencedSOPInstanceUID}&contentType=application/dicom"
    )

    assert (answer.status_code, answer.json()["code"]) == (406, "OBJECT_TOO_LARGE")
    assert peak_kib() - before < 40 * 1024


def test_an_object_that_is_not_inflated_in_time_is_told_of_by_its_uids_alone(
    theo, cast, program_of, monkeypatch
):
    [stored] = told(theo(multipart(deflated_bomb(MEBIBYTE)))).ReferencedSOPSequence
    path = stored.RetrieveURL.removeprefix("http://testserver")
    asked = []

    def too_slow(decoder, head, body, *, timeout_s):
        asked.append((head["task"], timeout_s))
        raise TimeoutError

    monkeypatch.setattr(Decoder, "ask", too_slow)
    answer = program_of(cast.theo).get(f"{path}/metadata", headers={"Accept": "application/dicom+json"})

    assert asked == [("inflate", TIME_LIMIT_S)]
    assert set(answer.json()[0]) == {"00080016", "00080018", "0020000D", "0020000E"}


def test_a_film_larger_than_any_is_refused_and_its_decoder_no_burden(theos, cast):
    dataset = ct_slice("1.2.3", "1.2.3.4", 9, NumberOfFrames=300, PixelData=bytes(300 * 128))
    store_part10(part10(dataset), site=cast.county, actor=MODALITY)
    before = peak_kib()

    answer = theos.get(
        f"{STUDIES}/1.2.3/series/1.2.3.4/instances/{dataset.SOPInstanceUID}/rendered?viewport=8192,8192",
        headers={"Accept": "image/gif"},
    )

    assert answer.status_code == 406
    assert answer.json()["code"] == "PIXELS_TOO_LARGE"
    assert peak_kib() - before < 100 * 1024


@pytest.mark.parametrize(
    "accept",
    ["image/png;" + "q=1;" * 20_000, ",".join(f"image/x{number}" for number in range(20_000)), '"' * 60_000,
     "/" * 60_000, "multipart/related; type=" + '"' + "\\" * 30_000],
    ids=["parameters", "types", "quotes", "slashes", "escapes"],
)  # fmt: skip
def test_what_is_accepted_may_be_said_at_any_length(theos, accept):
    answer = theos.get(f"{STUDIES}/1.2.3/series/1.2.3.4", headers={"Accept": accept})

    assert 400 <= answer.status_code < 500


def test_a_packed_message_is_not_unpacked(theo):
    """HTTP's own compression is not taken (RFC 9110 §15.5.16)."""
    packed = gzip.compress(multipart(*slices(1)) + bytes(100 * MEBIBYTE))
    before = peak_kib()

    assert theo(packed, headers={"Content-Encoding": "gzip"}).status_code == 415
    assert theo(multipart(*slices(1)), headers={"Content-Encoding": "br"}).status_code == 415
    assert peak_kib() - before < 50 * 1024
    assert not Instance.objects.exists()


def test_a_message_that_says_it_is_not_packed_is_taken(theo):
    assert theo(multipart(*slices(1)), headers={"Content-Encoding": "identity"}).status_code == 200


def test_a_request_may_hold_so_many_parts(theo, settings):
    settings.STOW_MOST_PARTS = 3

    assert theo(multipart(*[b"x"] * 4)).status_code == 413


def test_a_request_may_be_so_large(theo, settings):
    settings.STOW_LARGEST_REQUEST_MIB = 0

    assert theo(multipart(*slices(1))).status_code == 413
    assert not Instance.objects.exists()


def test_refused_parts_do_not_fill_the_store(theo, monkeypatch):
    monkeypatch.setattr(intake, "_REFUSALS_KEPT", 5)
    damaged = [file[:-10] for file in slices(9)]

    answer = theo(multipart(*damaged))

    assert len(told(answer).FailedSOPSequence) == 9
    assert RejectedObject.objects.count() == 5


class Parts:
    """The input of a request in chunks: parts of zeros, made as they are read."""

    def __init__(self, count: int) -> None:
        part = b"--frontier\r\nContent-Type: application/dicom\r\n\r\n" + bytes(MEBIBYTE) + b"\r\n"
        self._pieces = iter([*[part] * count, b"--frontier--"])

    def read(self, _size: int) -> bytes:
        return next(self._pieces, b"")

    readline = read


def test_what_a_request_takes_of_memory_does_not_follow_its_size(theo):
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input": Parts(100)}
    tracemalloc.start()
    try:
        answer = theo(b"in chunks", **chunked)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(told(answer).OtherFailuresSequence) == 100
    assert peak < 20 * MEBIBYTE  # of 100 that came


def test_a_message_in_chunks_is_read_to_its_end(theo):
    """Chunks have no Content-Length: what ends them is the server's input."""
    chunked = {
        "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(multipart(*slices(1))),
    }  # fmt: skip

    assert theo(b"in chunks", **chunked).status_code == 200


def test_no_file_of_a_form_is_ever_taken(theos):
    answer = theos.post(STUDIES, {"file": "x"}, content_type=RELATED.replace("related", "form-data"))

    assert answer.status_code == 415
