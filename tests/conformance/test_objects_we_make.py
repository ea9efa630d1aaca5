"""dciodvfy finds no error in any object we make, and none in what we change that was not there before."""

from __future__ import annotations

import ast
import io
import secrets
import shutil
from pathlib import Path

import pytest
from django.conf import settings as product
from pydicom import dcmread

from archive.deidentification.pixels import is_screen
from common.errors import InvalidInput
from compute.phantoms.corpus import CASES
from compute.phantoms.writing import write_series
from integrations.dicom.nodes.certificates import Authority
from tests.conformance.objects import KEY, TINY, WRITERS, changes, makes
from tests.dciodvfy import dicom_errors, new_errors

PACKAGES = (
    "accounts", "archive", "common", "compute", "config", "integrations", "notifications", "portal", "workflows",
)  # fmt: skip
WRITING = {"dcmwrite", "save_as", "write_dataset", "FileMetaDataset"}
MAKES, CHANGES = makes(), changes()
OF_ENCODING = ("transcoded", "compressed")
LARGEST_REAL = 150_000
# Without Pixel Representation nothing in implicit VR says whether a mapped value is US or SS: the judge gives up there.
UNREADABLE_IN_IMPLICIT_VR = "Missing Pixel Representation, can't set VR"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A folder with a project's key and the certificate that originals are sealed for."""
    folder = tmp_path_factory.mktemp("keys")
    issued = Authority(tmp_path_factory.mktemp("authority"), key_bits=2048).issue(KEY, hosts=["127.0.0.1"])
    shutil.copy(issued.certificate, folder / f"{KEY}.pem")
    shutil.copy(issued.key, folder / f"{KEY}.private.pem")
    (folder / f"{KEY}.key").write_bytes(secrets.token_bytes(32))
    return folder


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Objects without an error: an image, a multi-frame one, a screen and a document."""
    folder = tmp_path_factory.mktemp("ours")
    named = {case.name: case for case in CASES}
    return {
        "CT": write_series(folder / "ct", kind="ct", geometry=TINY).files[1].read_bytes(),
        "MR": write_series(folder / "mr", kind="mr", geometry=TINY).files[1].read_bytes(),
        "enhanced": named["enhanced CT"].write(folder / "enhanced")[0].read_bytes(),
        "capture": named["secondary capture"].write(folder / "capture")[0].read_bytes(),
        "note": next(MAKES["rejection note: 113001"](folder)),
    }


@pytest.fixture(scope="module")
def real(shared_data):
    """A real object of each SOP class and transfer syntax, as far as it is whole and not too large."""
    found: dict[tuple[str, str], bytes] = {}
    for path in sorted((shared_data / "dicom").rglob("*")):
        if not path.is_file() or path.stat().st_size > LARGEST_REAL or "malformed" in path.parts:
            continue
        data = path.read_bytes()
        if data[128:132] != b"DICM":
            continue
        dataset = dcmread(io.BytesIO(data), stop_before_pixels=True)
        if "SOPInstanceUID" in dataset:
            found.setdefault((str(dataset.SOPClassUID), str(dataset.file_meta.TransferSyntaxUID)), data)
    return {f"{sop_class} in {syntax}": data for (sop_class, syntax), data in found.items()}


def suited(name, real):
    """What a change does to the header does not depend on how the object is encoded: one of each class will do.

    Screens are read letter by letter when they are de-identified, which takes seconds: the basic
        profile does it, and its options have no part in it.
    """
    if name.startswith(OF_ENCODING):
        return real
    of_each_class = {source.partition(" ")[0]: data for source, data in real.items()}
    if name.startswith("de-identified: ") and name != "de-identified: basic":
        return {
            source: data for source, data in of_each_class.items() if not is_screen(dcmread(io.BytesIO(data)))
        }
    return of_each_class


@pytest.mark.parametrize("name", MAKES)
def test_what_we_make_has_no_error(name, tmp_path):
    judged = [dicom_errors(data) for data in MAKES[name](tmp_path)]

    assert judged
    assert judged == [[]] * len(judged)


@pytest.mark.django_db
@pytest.mark.parametrize("name", CHANGES)
def test_what_we_change_has_no_error_that_it_had_not(name, ours, real, keys, cast, settings):
    settings.DEIDENTIFICATION_KEYS = str(keys)
    worse, refused, taken = {}, set(), 0
    for source, data in {**ours, **suited(name, real)}.items():
        try:
            changed = CHANGES[name](data, cast)
        except InvalidInput as error:
            refused.add(error.code)
            continue
        taken += 1
        found = new_errors(changed, data)
        if found and not any(UNREADABLE_IN_IMPLICIT_VR in line for line in found):
            worse[source] = found
    assert taken > len(ours) / 2, refused
    assert worse == {}


def test_every_module_that_writes_objects_is_judged_here():
    writing = {
        path.relative_to(product.BASE_DIR).as_posix()
        for package in PACKAGES
        for path in (Path(product.BASE_DIR) / package).rglob("*.py")
        if _writes(path)
    }
    assert writing == set(WRITERS)
    for module, prefixes in WRITERS.items():
        for prefix in prefixes:
            assert any(name.startswith(prefix) for name in (*MAKES, *CHANGES)), module


def _writes(path: Path) -> bool:
    """Whether a module calls what writes objects, or makes their file meta information."""
    called = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(getattr(one, "id", getattr(one, "attr", "")) in WRITING for one in called)
