"""kill -9 in the middle of commitment and of a correction: what was answered holds, nothing is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from pynetdicom.presentation import build_context

from archive.studies.corrections.models import Correction
from archive.studies.corrections.services import split_study
from archive.studies.models import Instance, Study
from archive.studies.services import store_part10
from common.uids import derived_uid
from events.delivery import deliver_due
from events.models import Bulletin
from integrations.dicom.commitment.messages import SOP_CLASS
from integrations.dicom.models import Commitment, Notice
from integrations.dicom.notices import delivery
from integrations.dicom.scu.association import Peer, associate
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.conftest import ROOT, database_url
from tests.integrations.dicom.test_commitment import (
    CT,
    IMAGES,
    ask,
    listening_modality,
    reports,
    request,
)

__all__ = ["listening_modality", "reports"]

DIES_WHILE_COPYING = """
import os, signal, django
django.setup()
from archive.studies.corrections import copying
from events.delivery import deliver_due
stored = copying.store_part10
def store_and_die(*arguments, **named):
    stored(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
copying.store_part10 = store_and_die
deliver_due()
"""


@pytest.fixture
def stored(modality, cast):
    for series in ("series", "other"):
        for number in (1, 2, 3):
            data = part10(ct_slice(number, series=series))
            store_part10(data, site=cast.county, actor=CT, calling_ae_title="COUNTY_CT1")
    return Study.objects.get()


def test_a_commitment_that_was_accepted_is_answered_once_though_the_listener_dies(
    stored, listening_modality, reports, start_daemon, settings
):
    daemon = start_daemon()
    ours = Peer("127.0.0.1", daemon.port, settings.DICOM_AE_TITLE, "COUNTY_CT1")
    with associate(ours, [build_context(SOP_CLASS)]) as assoc:
        assert ask(assoc, request(*IMAGES)) == 0x0000
        daemon.kill(signal.SIGKILL)

    Notice.objects.update(next_attempt_at=Notice.objects.get().queued_at)
    delivery.deliver_due()
    delivery.deliver_due()

    ((event_type, said),) = reports.got
    assert (event_type, len(said.ReferencedSOPSequence)) == (1, 3)
    assert Commitment.objects.get().state == "committed"


def test_a_split_that_is_killed_half_way_has_not_begun_and_is_then_done(stored, cast, settings):
    correction = split_study(stored, [derived_uid("study", "other")], actor=cast.theo, comment="wrong entry")
    Bulletin.objects.update(next_attempt_at=correction.made_at)

    killed = subprocess.run(
        [sys.executable, "-c", DIES_WHILE_COPYING],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url(), "STORAGE_URL": settings.STORAGE_URL},
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert (Study.objects.count(), Instance.objects.count()) == (1, 6)
    assert Correction.objects.get().performed_at is None
    deliver_due()
    assert Correction.objects.get().performed_at is not None
    assert Study.objects.count() == 2
    assert Instance.objects.count() == 6
