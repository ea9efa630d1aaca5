"""Films of video: what nothing here decodes passes through unharmed.

The stream is none that plays: to an archive it is bytes in fragments (PS3.5 §8.2.5 to §8.2.8, §A.4.5).
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID, VideoEndoscopicImageStorage

from tests.integrations.dicomweb.answers import parts_of
from tests.integrations.dicomweb.retrieve.stored_series import ANY_DICOM, DICOM
from tests.integrations.dicomweb.storing import multipart, told
from tests.portal.stored_images import ct_slice, part10

STREAM = np.random.default_rng(7).bytes(100_001)
MPEG2, MPEG4, HEVC = (f"1.2.840.10008.1.2.4.{number}" for number in ("100", "102", "107"))
FRAGMENTABLE = "1.2.840.10008.1.2.4.102.1"


def film(syntax: str, *, fragments: int) -> bytes:
    """250 frames that are one stream: its length says nothing of where a frame begins."""
    dataset = ct_slice("1.2.3", "1.2.3.4", 0, NumberOfFrames=250, Rows=576, Columns=720, SamplesPerPixel=3,
                       PhotometricInterpretation="YBR_PARTIAL_420", PlanarConfiguration=0, BitsAllocated=8,
                       BitsStored=8, HighBit=7, Modality="ES")  # fmt: skip
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = VideoEndoscopicImageStorage
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.PixelData = encapsulate([STREAM], fragments_per_frame=fragments, has_bot=fragments == 1)
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return part10(dataset)


@pytest.mark.parametrize(
    ("syntax", "fragments", "kind"),
    [
        (MPEG2, 1, "video/mpeg"),
        (MPEG4, 1, "video/mp4"),
        (HEVC, 1, "video/mp4"),
        (FRAGMENTABLE, 4, "video/mp4"),
    ],
)
def test_video_leaves_as_it_came_and_in_no_other_syntax(theo, cast, program_of, syntax, fragments, kind):
    sent = film(syntax, fragments=fragments)
    [stored] = told(theo(multipart(sent))).ReferencedSOPSequence
    path, client = stored.RetrieveURL.removeprefix("http://testserver"), program_of(cast.theo)

    [whole] = parts_of(client.get(path, headers={"Accept": ANY_DICOM}))
    [stream] = parts_of(
        client.get(
            f"{path}/bulkdata/7FE00010",
            headers={"Accept": f'multipart/related; type="{kind}"; transfer-syntax=*'},
        )
    )

    assert whole.get_payload(decode=True) == sent
    assert stream.get_payload(decode=True).startswith(STREAM)
    assert client.get(path, headers={"Accept": DICOM}).status_code == 406
    assert client.get(f"{path}/rendered", headers={"Accept": "image/jpeg"}).status_code == 406
    told_of = client.get(f"{path}/metadata").json()[0]
    assert "BulkDataURI" in told_of["7FE00010"]
    assert dcmread(io.BytesIO(sent)).NumberOfFrames == told_of["00280008"]["Value"][0]
