"""A thin series reaches the post-processing workstation without anybody doing anything, by a region's first table."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from config.demo.waiting import wait_for
from tests.integrations.routing.peers import running_orthanc
from tests.journey.conftest import MakeJourney
from tests.journey.running import RunningProduct

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

ADD_NODE = """
from accounts.models import Site
from integrations.dicom.models import ApplicationEntity
ApplicationEntity.objects.create(
    ae_title="POSTPROC", site=Site.objects.get(code="provincial"), roles=["storage_scp"], takes="thin",
    host="127.0.0.1", port={port},
)
"""


SWITCH_OFF = """
from integrations.dicom.models import ApplicationEntity
ApplicationEntity.objects.filter(ae_title="POSTPROC").update(is_enabled=False)
"""


def test_a_thin_series_reaches_the_post_processing_workstation(
    region: RunningProduct, make_journey: MakeJourney, tmp_path: Path
) -> None:
    with running_orthanc(tmp_path / "workstation") as workstation:
        in_the_product(region, ADD_NODE.format(port=workstation.port))
        journey = make_journey()
        journey.order()
        journey.send_images()
        journey.await_series()

        study = journey.study.study_instance_uid
        wait_for(
            lambda: workstation.held_of(study) >= 40, within_s=60, otherwise="The workstation got nothing"
        )

        assert workstation.held_of(study) == 40
        in_the_product(region, SWITCH_OFF)


def in_the_product(region: RunningProduct, code: str) -> None:
    subprocess.run(
        region.product.command("shell", "-c", code),
        env=region.product.environment, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
