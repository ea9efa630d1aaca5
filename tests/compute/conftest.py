"""What compute's tests share: series in the archive, devices, and the validator of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from accounts.actors import SystemActor
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from compute import services
from compute.phantoms.geometry import StackGeometry
from compute.phantoms.headers import StudyHeader
from compute.phantoms.writing import WrittenSeries, write_series
from tests.dciodvfy import dicom_errors as errors_by_dciodvfy
from tests.personas import Cast

SCANNER = SystemActor("dicom:CT1", "county")


DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    """The processor always; the graphics processor too where there is one."""
    return torch.device(request.param)


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    chosen: torch.dtype = request.param
    return chosen


@pytest.fixture(autouse=True)
def no_job_nudges() -> Iterator[None]:
    services.use_nudge(None)
    yield
    services.use_nudge(None)


@pytest.fixture
def dicom_errors() -> Callable[[Path], list[str]]:
    """The Error lines of dciodvfy for a file."""
    return errors_by_dciodvfy


@pytest.fixture
def small_geometry() -> StackGeometry:
    return StackGeometry(32, 32, 12, (4.0, 4.0), 5.0, 5.0)


@pytest.fixture
def written(tmp_path: Path, small_geometry: StackGeometry) -> WrittenSeries:
    return write_series(
        tmp_path / "series", kind="calibration", geometry=small_geometry, header=StudyHeader(patient_id="P1")
    )


@pytest.fixture
def series(cast: Cast, written: WrittenSeries) -> Series:
    """A small complete CT series of the county hospital, in the archive."""
    return store_series(cast, written)


def store_series(cast: Cast, written: WrittenSeries) -> Series:
    for file in written.files:
        store_part10(file.read_bytes(), site=cast.county, actor=SCANNER)
    stored = Series.objects.get(series_instance_uid=written.series_instance_uid)
    complete_series(stored, "All instances sent.")
    stored.refresh_from_db()
    return stored
