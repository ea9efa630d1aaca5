"""Everything of ours that writes DICOM objects: what it makes anew, and what it makes of an object.

Whatever has a registry is taken from there, so that a new template, option or compression is judged unasked.
`WRITERS` says which module is behind which of these; a module that writes and is not there fails the test.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.utils.module_loading import import_string
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import JPEGBaseline8Bit

from archive.deidentification.options import Option, Profile
from archive.deidentification.services import deidentify, reidentify
from archive.mpi.models import Patient, PatientIdentifier
from archive.pixels.conversion import converted_object
from archive.pixels.transcoding import INSTANCE_SYNTAXES
from archive.studies.coercion import with_values
from archive.studies.corrections.copying import rewritten
from archive.studies.corrections.notes import Named, make_note
from archive.studies.corrections.reasons import NOTES, ReasonCode
from archive.studies.models import Study
from archive.studies.modified_header import Modification
from archive.studies.outgoing import Identity, coerced
from common.errors import InvalidInput
from common.uids import derived_uid
from compute.phantoms.corpus import CASES, Case
from compute.phantoms.geometry import StackGeometry
from compute.phantoms.headers import GB18030, StudyHeader
from compute.phantoms.writing import MAKERS, TRANSFER_SYNTAXES, make_phantom, write_series
from compute.results import Origin, secondary_captures
from compute.templates.contract import TemplateInput
from compute.templates.library import Template, complete_parameters, templates
from integrations.dicom.nodes.specimen import specimen
from integrations.dicom.part10 import part10_head
from integrations.dicom.scu.transcoding import UNCOMPRESSED, transcoded
from integrations.dicomweb.store.metadata import Fetcher, part10_of
from integrations.routing.transforms.catalogue import COERCIBLE, COMPRESSIONS
from integrations.routing.transforms.pipeline import data_set_offset, transformed
from tests.compute.test_volumes import sources
from tests.personas import Cast

Make = Callable[[Path], Iterator[bytes]]
Change = Callable[[bytes, Cast], bytes]

MOMENT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
TINY = StackGeometry(40, 36, 3, (9.0, 9.0), 3.0, 3.0)
ENOUGH = StackGeometry(48, 48, 24, (5.0, 5.0), 8.0, 8.0)
KEY = "trial"

WRITERS = {
    "archive/deidentification/decoders.py": ["de-identified"],
    "archive/deidentification/encryption.py": ["de-identified: reversible"],
    "archive/deidentification/services.py": ["de-identified", "re-identified"],
    "archive/pixels/conversion.py": ["converted"],
    "archive/pixels/decoding.py": ["converted"],
    "archive/pixels/parsing.py": ["converted"],
    "archive/studies/modified_header.py": ["corrected", "with values"],
    "archive/studies/corrections/copying.py": ["copied"],
    "archive/studies/corrections/notes.py": ["rejection note"],
    "compute/phantoms/corpus.py": ["corpus"],
    "compute/phantoms/enhanced.py": ["corpus: enhanced"],
    "compute/phantoms/headers.py": ["phantom"],
    "compute/phantoms/secondary.py": ["corpus: secondary"],
    "compute/phantoms/writing.py": ["phantom"],
    "compute/results.py": ["template"],
    "integrations/dicom/nodes/specimen.py": ["specimen"],
    "integrations/dicom/scu/transcoding.py": ["transcoded"],
    "integrations/dicomweb/store/metadata.py": ["described"],
    "integrations/routing/transforms/pipeline.py": ["coerced", "compressed"],
}


def as_file(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def makes() -> dict[str, Make]:
    """What is made anew, by name."""
    found: dict[str, Make] = {"specimen": lambda _: iter([as_file(specimen())])}
    for kind in MAKERS:
        for syntax in TRANSFER_SYNTAXES:
            found[f"phantom: {kind}, {syntax}"] = partial(_phantom, kind, syntax)
    for case in CASES:
        found[f"corpus: {case.name}"] = partial(_case, case)
    for template in templates().values():
        for kind in MAKERS:
            if make_phantom(kind).modality in template.predicate["modality"]:
                found[f"template: {template.key}, {kind}"] = partial(_results, template, kind)
    for code in sorted(NOTES):
        found[f"rejection note: {code}"] = partial(_note, ReasonCode(code))
    return found


def _phantom(kind: str, syntax: str, folder: Path) -> Iterator[bytes]:
    header = StudyHeader(patient_name="Ouyang^Xiaohong=欧阳^晓红", character_set=GB18030)
    written = write_series(
        folder, kind=kind, geometry=TINY, header=header, transfer_syntax_uid=TRANSFER_SYNTAXES[syntax]
    )
    yield written.files[1].read_bytes()


def _case(case: Case, folder: Path) -> Iterator[bytes]:
    files = case.write(folder)
    yield from (file.read_bytes() for file in {files[0], files[-1]})


def _results(template: Template, kind: str, folder: Path) -> Iterator[bytes]:
    written = write_series(folder, kind=kind, geometry=ENOUGH, header=StudyHeader(character_set=GB18030))
    output = import_string(template.runner)(
        TemplateInput(
            instances=sources(list(written.files)), parameters=complete_parameters(template, {}),
            device="cpu", threads=2, progress=lambda _percent, _step: None,
        )
    )  # fmt: skip
    origin = Origin("8e1c", template.key, template.version, {}, "ab" * 32, MOMENT)
    yield from secondary_captures(output, origin)


def _note(reason: ReasonCode, _folder: Path) -> Iterator[bytes]:
    for comment in ("", "运动伪影"):
        yield make_note(
            Study(study_instance_uid=derived_uid("study")),
            [Named(derived_uid("series"), "1.2.840.10008.5.1.4.1.1.2", derived_uid("instance"))],
            reason=reason, like=_header(), sop_instance_uid=derived_uid("note"),
            series_instance_uid=derived_uid("notes"), comment=comment,
        )  # fmt: skip


def _header() -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName, header.PatientID, header.PatientSex = "Li^Hua=李^华", "P1", "F"
    header.PatientBirthDate, header.StudyDate, header.StudyTime = "19600101", "20260302", "080000"
    return header


def changes() -> dict[str, Change]:
    """What is made of an object, by name; each raises InvalidInput for one that it does not take."""
    found: dict[str, Change] = {
        "corrected: another patient and order": _corrected,
        "with values: a name that needs another character set": _with_values,
        "copied: into a study of its own": _copied,
        "copied: to another study": partial(_copied, like=_another_study()),
        "copied: to another patient": _moved_to_another_patient,
        "re-identified": _brought_back,
    }
    for syntax in UNCOMPRESSED:
        found[f"transcoded: to {syntax}"] = partial(_transcoded, syntax)
    for syntax in sorted(INSTANCE_SYNTAXES - {str(JPEGBaseline8Bit)}):  # of more than 8 bits it loses some
        found[f"converted: to {syntax}"] = partial(_converted, syntax)
    found["described: in DICOM JSON"] = _described
    found["coerced: all that may be"] = _coerced
    for name in COMPRESSIONS:
        found[f"compressed: {name}"] = partial(_compressed, name)
    for name, options in profiles():
        found[f"de-identified: {name}"] = partial(_deidentified, options)
    found["de-identified: reversible"] = partial(_deidentified, frozenset(), is_reversible=True)
    return found


def _converted(syntax: str, data: bytes, _cast: Cast) -> bytes:
    """As an answer of WADO-RS, here without the pool: a decoder that ends its process is tried elsewhere."""
    if dcmread(io.BytesIO(data), stop_before_pixels=True).file_meta.TransferSyntaxUID.is_compressed:
        raise InvalidInput("Its decoder belongs into a process of its own", code="NOT_TRIED")
    return converted_object(data, syntax)


def _described(data: bytes, _cast: Cast) -> bytes:
    """As STOW-RS stores what comes as JSON metadata, with all values in line."""
    dataset = dcmread(io.BytesIO(data))
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        raise InvalidInput("Compressed pixel data are not told in line", code="NOT_TRIED")
    named = str(dataset.SOPClassUID), str(dataset.SOPInstanceUID)
    return part10_of(dataset.to_json_dict(), Fetcher({}, io.BytesIO(), 0), named)


def profiles() -> Iterator[tuple[str, frozenset[Option]]]:
    """The Basic profile, with each option, and with all that go together."""
    yield "basic", frozenset()
    known = set()
    for option in Option:
        try:
            Profile(frozenset([option]))
        except InvalidInput:  # stated as not done
            continue
        yield str(option), frozenset([option])
        known.add(option)
    for dates in (Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES):
        yield f"all but {dates}", frozenset(known - {dates})


def _corrected(data: bytes, _cast: Cast) -> bytes:
    values = {
        "PatientName": "Wang^Fang=王^芳", "PatientID": "2002", "IssuerOfPatientID": "COUNTY",
        "PatientBirthDate": "19580412", "PatientSex": "F", "AccessionNumber": "A1",
    }  # fmt: skip
    return coerced(data, Identity(tuple(values.items()), "county", MOMENT))


def _with_values(data: bytes, _cast: Cast) -> bytes:
    return with_values(data, {"PatientName": "Wang^Fang=王^芳"}, Modification("county", MOMENT, "COERCE"))


def _another_study() -> Study:
    return Study(
        study_instance_uid=derived_uid("other"), accession_number="A1", study_id="S1",
        study_description="胸部 CT", study_date=dt.date(2026, 3, 1), study_time=dt.time(7, 30),
    )  # fmt: skip


def _copied(data: bytes, _cast: Cast, like: Study | None = None) -> bytes:
    return rewritten(data, _new_uids(data), target_study_uid=derived_uid("other"), moment=MOMENT, like=like)


def _transcoded(syntax: str, data: bytes, _cast: Cast) -> bytes:
    start = data_set_offset(data)
    named = dcmread(io.BytesIO(data), stop_before_pixels=True)
    meta = named.file_meta
    head = part10_head(
        sop_class_uid=str(named.SOPClassUID), sop_instance_uid=str(named.SOPInstanceUID), transfer_syntax_uid=syntax,
    )  # fmt: skip
    return head + transcoded(data[start:], str(meta.TransferSyntaxUID), syntax)


def _coerced(data: bytes, _cast: Cast) -> bytes:
    # Whether Laterality may be there depends on the body part (PS3.3 §C.7.3.1): a table has to know.
    wanted = sorted(COERCIBLE - {"Laterality", "BodyPartExamined"})
    values = {keyword: "7" if keyword == "SeriesNumber" else "测试" for keyword in wanted}
    return transformed(data, [{"do": "coerce", "values": values}], at=MOMENT).data


def _compressed(name: str, data: bytes, _cast: Cast) -> bytes:
    return transformed(data, [{"do": "compress", "to": name}], at=MOMENT).data


def _deidentified(
    options: frozenset[Option], data: bytes, _cast: Cast, *, is_reversible: bool = False
) -> bytes:
    return deidentify(data, profile=Profile(options, key_name=KEY, is_reversible=is_reversible))


def _brought_back(data: bytes, cast: Cast) -> bytes:
    """De-identified with its originals sealed in it, and opened again."""
    sealed = _deidentified(frozenset(), data, cast, is_reversible=True)
    return reidentify(sealed, key_name=KEY, actor=cast.ines)


def _moved_to_another_patient(data: bytes, cast: Cast) -> bytes:
    patient = Patient.objects.create(
        family_name="Wang", given_name="Fang", ideographic_name="王^芳", sex="F",
        birth_date=dt.date(1958, 4, 12), registered_at=MOMENT,
    )  # fmt: skip
    PatientIdentifier.objects.create(
        patient=patient, value=f"P{patient.pk}", authority_namespace="COUNTY", linked_at=MOMENT
    )
    return rewritten(
        data, _new_uids(data), target_study_uid=derived_uid("other"), moment=MOMENT, patient=patient,
        site=cast.county,
    )  # fmt: skip


def _new_uids(data: bytes) -> dict[str, str]:
    named = dcmread(io.BytesIO(data), stop_before_pixels=True)
    if not all(keyword in named for keyword in ("SeriesInstanceUID", "SOPInstanceUID")):
        raise InvalidInput("The archive holds no such object", code="NO_INSTANCE")
    return {
        str(named[keyword].value): derived_uid(keyword) for keyword in ("SeriesInstanceUID", "SOPInstanceUID")
    }
