"""What a signed form becomes, and who can be asked to read."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Person, Role
from archive.reports.models import Report
from common.errors import InvalidInput
from portal.reports.submissions import radiologists, sign
from tests.personas import Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task
from tests.portal.real_case import case_to_read
from workflows.forms import find_choices, find_submission


def test_forms_find_both_by_the_names_designers_write() -> None:
    assert find_submission("reports.sign") is sign
    assert find_choices("people.radiologists") is radiologists


def test_signing_tells_the_process_uid_and_status_only(cast: Cast) -> None:
    _case, task = case_to_read(cast, make_order(cast))

    told = sign(task, cast.rosa, {"findings": "Nodule of 8 mm", "impression": "Follow up"})

    report = Report.objects.get()
    assert told == {"report_uid": str(report.uid), "status": "final"}
    assert report.cause == f"task:{task.uid}"


def test_signing_twice_for_one_task_is_one_report(cast: Cast) -> None:
    _case, task = case_to_read(cast, make_order(cast))
    text = {"findings": "Nodule of 8 mm", "impression": "Follow up"}

    assert sign(task, cast.rosa, text) == sign(task, cast.rosa, text)
    assert Report.objects.count() == 1


def test_without_images_there_is_nothing_to_report_on(cast: Cast) -> None:
    task = offer_task(make_case(make_order(cast)), site=cast.provincial, assignee=cast.rosa)

    with pytest.raises(InvalidInput, match="images of this case have not arrived"):
        sign(task, cast.rosa, {"findings": "a", "impression": "b"})


def test_radiologists_of_the_tasks_site_stand_in_the_order_of_their_load(cast: Cast) -> None:
    li = Person.objects.create_user("li", display_name="Li")
    Membership.objects.create(person=li, site=cast.provincial, role=Role.RADIOLOGIST)
    task = offer_task(make_case(make_order(cast, 1)), site=cast.provincial, assignee=cast.rosa)

    assert radiologists(task) == [("li", "Li (0 open tasks)"), ("rosa", "Rosa (1 open task)")]
