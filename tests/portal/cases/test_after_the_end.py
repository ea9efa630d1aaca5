"""What a case shows once it has ended: its history and the report to its author, the images to their hospital."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.services import revoke_grants
from archive.reports.models import Report
from tests.personas import Cast
from tests.portal.cases_in_work import make_order
from tests.portal.real_case import case_to_read, read
from workflows.models import ProcessInstance

BrowserOf = Callable[..., Client]
TEXT = {"findings": "Nodule of 8 mm", "impression": "Follow up in three months"}


@pytest.fixture
def ended(cast: Cast) -> ProcessInstance:
    """A consultation that Rosa read and that ended, so that its grants are taken back."""
    case, _task = case_to_read(cast, make_order(cast))
    read(case, cast.rosa, **TEXT)
    ProcessInstance.objects.filter(pk=case.pk).update(status="completed")
    revoke_grants(cause=f"case:{case.uid}")
    return case


def thumbnail(case: ProcessInstance) -> str:
    return f"/studies/{case.subjects.get(kind='study').uid}/thumbnail.jpg"


def test_the_expert_reads_their_report_and_is_told_that_the_images_are_closed(
    cast: Cast, browser_of: BrowserOf, ended: ProcessInstance
) -> None:
    page = browser_of(cast.rosa).get(f"/cases/{ended.uid}/").content.decode()

    assert TEXT["impression"] in page
    assert "Your access to the images ended with the case." in page
    assert "No images yet." not in page


def test_the_coordinator_keeps_the_history_but_neither_report_nor_images(
    cast: Cast, browser_of: BrowserOf, ended: ProcessInstance
) -> None:
    page = browser_of(cast.carla).get(f"/cases/{ended.uid}/").content.decode()

    assert "Case started" in page
    assert "No report that you may read." in page
    assert TEXT["impression"] not in page


def test_lists_ask_for_no_thumbnail_that_would_be_refused(
    cast: Cast, browser_of: BrowserOf, ended: ProcessInstance
) -> None:
    browser = browser_of(cast.rosa)

    assert browser.get(thumbnail(ended)).status_code == 404
    assert thumbnail(ended) not in browser.get("/cases/").content.decode()
    assert thumbnail(ended) not in browser.get("/search/?q=Zhang").content.decode()


def test_the_hospital_that_asked_keeps_both(
    cast: Cast, browser_of: BrowserOf, ended: ProcessInstance
) -> None:
    browser = browser_of(cast.rafael)

    assert thumbnail(ended) in browser.get("/cases/").content.decode()
    assert Report.objects.get().impression in browser.get(f"/cases/{ended.uid}/").content.decode()
