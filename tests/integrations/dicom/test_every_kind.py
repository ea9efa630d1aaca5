"""Every storage SOP Class and transfer syntax of the standard is taken at the door; what DCMTK sends is kept so."""

from __future__ import annotations

import pytest
from pydicom import dcmread
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import build_context

from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from common.uids import derived_uid
from integrations.dicom.scu.association import associate
from tests.integrations.dicom.retrieving import dcmtk, installed

DCMSEND = "/usr/bin/dcmsend"
MOST_CONTEXTS = 128  # identifiers are the odd numbers up to 255, PS3.8 §9.3.2.2
# PS3.4 §GG: hanging protocols, colour palettes, implants, defined protocols and inventories belong to no study.
OF_NO_PATIENT = {
    "1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.43.1", "1.2.840.10008.5.1.4.44.1",
    "1.2.840.10008.5.1.4.45.1", "1.2.840.10008.5.1.4.1.1.200.1", "1.2.840.10008.5.1.4.1.1.200.3",
    "1.2.840.10008.5.1.4.1.1.200.7", "1.2.840.10008.5.1.4.1.1.201.1",
}  # fmt: skip
OF_OTHER_SERVICES = {
    f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("200.4", "200.6", "201.2", "201.4", "201.5")
}
OF_A_LATER_EDITION = "1.2.840.10008.5.1.4.1.1.4711"
# PS3.6 §A: names that hold the word without being a class of objects, and a transfer syntax of no service of DICOM.
NO_OBJECTS = ("Storage Commitment", "Media Storage Directory")
PAPYRUS_3 = "1.2.840.10008.1.20"
AS_DCMTK_SENDS = {
    ImplicitVRLittleEndian: ExplicitVRLittleEndian
}  # of what is not compressed it converts the header
CLASSES = [
    uid
    for uid, (name, kind, *_rest) in UID_dictionary.items()
    if kind == "SOP Class"
    and "Storage" in name
    and not name.startswith(NO_OBJECTS)
    and uid not in OF_NO_PATIENT
]
SYNTAXES = [
    uid for uid, (_, kind, *_rest) in UID_dictionary.items() if kind == "Transfer Syntax" and uid != PAPYRUS_3
]


def test_every_storage_class_and_every_transfer_syntax_is_taken(peer):
    """Each class in six syntaxes, each syntax with some twenty classes: the door judges the two apart."""
    assert len(CLASSES) > 190
    assert len(SYNTAXES) > 50
    pairs = [
        (uid, SYNTAXES[(turn + more) % len(SYNTAXES)])
        for turn, uid in enumerate(CLASSES)
        for more in range(6)
    ]
    refused = set(pairs)
    for start in range(0, len(pairs), MOST_CONTEXTS):
        proposed = [build_context(*pair) for pair in pairs[start : start + MOST_CONTEXTS]]
        with associate(peer, proposed) as assoc:
            refused -= {(one.abstract_syntax, one.transfer_syntax[0]) for one in assoc.accepted_contexts}

    assert refused == set()


def test_what_belongs_to_no_study_or_is_no_object_is_refused_at_the_door(peer):
    refused = OF_NO_PATIENT | OF_OTHER_SERVICES
    with associate(peer, [build_context(uid) for uid in (*sorted(refused), OF_A_LATER_EDITION)]) as assoc:
        assert {one.abstract_syntax for one in assoc.rejected_contexts} == refused
        assert {one.result for one in assoc.rejected_contexts} == {3}  # abstract syntax not supported
        assert [one.abstract_syntax for one in assoc.accepted_contexts] == [OF_A_LATER_EDITION]


@pytest.mark.skipif(not installed(DCMSEND), reason="DCMTK is not installed")
def test_what_dcmtk_sends_in_its_own_syntax_is_kept_in_it(peer, shared_data, tmp_path):
    sources = sorted((shared_data / "dicom" / "transfer_syntax" / "ct_same_slice").glob("*.dcm"))
    sent = {}
    for number, source in enumerate(sources):
        dataset = dcmread(source)
        dataset.SOPInstanceUID = UID(derived_uid("same slice", number))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(tmp_path / f"{number}.dcm")
        sent[dataset.SOPInstanceUID] = dataset

    result = dcmtk(DCMSEND, peer, "-v", "-dn", "+sd", peer.host, peer.port, tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr
    held = {instance.sop_instance_uid: instance for instance in Instance.objects.all()}
    assert {uid: instance.transfer_syntax_uid for uid, instance in held.items()} == {
        uid: AS_DCMTK_SENDS.get(dataset.file_meta.TransferSyntaxUID, dataset.file_meta.TransferSyntaxUID)
        for uid, dataset in sent.items()
    }
    assert len({instance.transfer_syntax_uid for instance in held.values()}) == len(sources) >= 13
    assert all(read_dataset(held[uid]).PixelData == dataset.PixelData for uid, dataset in sent.items())
