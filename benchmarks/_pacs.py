"""Orthanc as a peer: started on a RAM disk, and filled with the synthetic studies by C-STORE of tiny instances."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from benchmarks._servers import running
from benchmarks._slices import CALLING, NO_NAGLE
from common.errors import ServiceError
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.store import StorageSCU, contexts_of
from launcher.ports import free_port

ORTHANC = "/usr/sbin/Orthanc"
_SENDERS = 4
_STUDIES = """
SELECT s.study_instance_uid, p.family_name || '^' || p.given_name, d.value, to_char(p.birth_date, 'YYYYMMDD'), p.sex,
       s.accession_number, to_char(s.study_date, 'YYYYMMDD'), to_char(s.study_time, 'HH24MISS'), s.study_id,
       s.study_description
FROM studies_study s JOIN mpi_patient p ON p.id = s.patient_id JOIN mpi_patientidentifier d ON d.patient_id = p.id
"""


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[int]:
    """Orthanc with its SQLite index and files in `folder`; its DICOM port."""
    with running_orthanc(folder) as (port, _http):
        yield port


@contextlib.contextmanager
def running_orthanc(folder: Path, *, answers_http: bool = False, **more: Any) -> Iterator[tuple[int, int]]:
    """Orthanc with `more` in its configuration; its DICOM and HTTP ports, the one it is asked for open."""
    home = folder / "orthanc"
    home.mkdir()
    port, http = free_port(), free_port()
    configuration = home / "orthanc.json"
    configuration.write_text(
        json.dumps(
            {
                "StorageDirectory": str(home), "IndexDirectory": str(home), "DicomPort": port, "HttpPort": http,
                "DicomAet": "CONSILIUM", "DicomCheckCalledAet": False, "DicomAlwaysAllowStore": True,
                "DicomAlwaysAllowFind": True, "RemoteAccessAllowed": False, "Plugins": [],
                "AuthenticationEnabled": False, "DicomModalities": {CALLING: [CALLING, "127.0.0.1", 1]},
                "LimitFindResults": 0, **more,
            }
        )
    )  # fmt: skip
    command, log = [ORTHANC, str(configuration)], folder / "orthanc.log"
    with running(command, port=http if answers_http else port, log=log, environment=NO_NAGLE):
        yield port, http


def fill(port: int, database_url: str) -> None:
    """Send one tiny instance of every study in our index."""
    with psycopg.connect(database_url) as connection:
        studies = connection.execute(_STUDIES).fetchall()
    failures: list[ServiceError] = []

    def send(part: Sequence[tuple[str, ...]]) -> None:
        try:
            _send(port, part)
        except ServiceError as error:
            failures.append(error)

    senders = [threading.Thread(target=send, args=(studies[number::_SENDERS],)) for number in range(_SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert not failures, f"the peer was not filled: {failures[0]}"


def _send(port: int, studies: Sequence[tuple[str, ...]]) -> None:
    peer = Peer("127.0.0.1", port, "CONSILIUM", CALLING)
    pair = str(SecondaryCaptureImageStorage), str(ExplicitVRLittleEndian)
    with associate(peer, contexts_of([pair])) as assoc:
        scu = StorageSCU(assoc)
        for study in studies:
            uid, data = _instance(study)
            status = scu.send_encoded(
                data, sop_class_uid=pair[0], sop_instance_uid=uid, transfer_syntax_uid=pair[1]
            )
            assert status == 0


def _instance(study: tuple[str, ...]) -> tuple[str, bytes]:
    dataset = Dataset()
    (
        dataset.StudyInstanceUID, dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate,
        dataset.PatientSex, dataset.AccessionNumber, dataset.StudyDate, dataset.StudyTime, dataset.StudyID,
        dataset.StudyDescription,
    ) = study  # fmt: skip
    dataset.SeriesInstanceUID, dataset.SOPInstanceUID = f"{study[0]}.1", f"{study[0]}.1.1"
    dataset.SOPClassUID, dataset.Modality = SecondaryCaptureImageStorage, "OT"
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, dataset)
    return str(dataset.SOPInstanceUID), bytes(out.getvalue())
