"""What nodes were told: on the node's page, and the region's dead letters with sending them once more."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from common import clock
from common.errors import InvalidInput, Unavailable
from integrations.dicom.models import ApplicationEntity, Notice
from integrations.dicom.notices.delivery import mark_delivered, put_back, queue_notice


@pytest.fixture
def node(cast) -> ApplicationEntity:
    return ApplicationEntity.objects.create(ae_title="RIS", site=cast.provincial, host="10.0.0.9", port=104)


def dead_notice(node: ApplicationEntity, kind: Notice.Kind = Notice.Kind.AVAILABILITY) -> Notice:
    notice = queue_notice(node, kind, {"patient": "Zhang^Wei"}, lane="x", study_instance_uid="1.2.3")
    put_back(notice, InvalidInput("no", code="STATUS_0106"))
    return notice


def test_a_node_shows_what_it_was_told_and_how_each_notice_stands(cast, node, browser_of):
    mark_delivered(queue_notice(node, Notice.Kind.STEP_CREATED, {}, lane="s"))
    waiting = queue_notice(node, Notice.Kind.COMMITMENT_RESULT, {}, lane="c")
    tried = queue_notice(node, Notice.Kind.REJECTION_NOTE, {}, lane="r")
    tried.attempts = 1
    put_back(tried, Unavailable("away", code="NODE_UNREACHABLE"))
    dead_notice(node)

    page = browser_of(cast.ivo).get(reverse("node", args=[node.pk])).content.decode()

    for words in ("Performed step created", "Storage commitment result", "Rejection note", "Instance availability",
                  "Delivered", "Will be tried again", "Given up", "STATUS_0106", "NODE_UNREACHABLE"):  # fmt: skip
        assert words in page, words
    assert page.count("Send again</button>") == 1
    assert "Zhang" not in page
    assert waiting.attempts == 0


def test_a_dead_notice_is_sent_again_from_the_page_of_its_node(cast, node, browser_of):
    notice = dead_notice(node)

    answer = browser_of(cast.ivo).post(reverse("resend-notices"), {"notice": notice.pk, "back": node.pk})

    assert answer.headers["Location"] == reverse("node", args=[node.pk])
    notice.refresh_from_db()
    assert (notice.failed_at, notice.attempts) == (None, 0)
    assert AuditEvent.objects.get(action="notice.resent").person == cast.ivo


def test_the_chosen_or_all_of_a_node_are_sent_again(cast, node, browser_of):
    other = ApplicationEntity.objects.create(ae_title="HIS", site=cast.provincial)
    first, second, third, theirs = (dead_notice(one) for one in (node, node, node, other))
    browser = browser_of(cast.ivo)

    browser.post(reverse("resend-notices"), {"notice": [first.pk]})
    assert set(Notice.objects.exclude(failed_at=None)) == {second, third, theirs}

    browser.post(reverse("resend-notices"), {"node": "RIS", "all": ""})
    assert set(Notice.objects.exclude(failed_at=None)) == {theirs}


def test_dead_notices_of_the_region_are_narrowed_to_a_node(cast, node, browser_of):
    other = ApplicationEntity.objects.create(ae_title="HIS", site=cast.provincial)
    dead_notice(node)
    dead_notice(other, Notice.Kind.REJECTION_NOTE)
    browser = browser_of(cast.ivo)

    assert "Rejection note" in browser.get(reverse("dead-notices")).content.decode()
    assert "Rejection note" not in browser.get(reverse("dead-notices") + "?node=RIS").content.decode()


def test_nothing_given_up_is_said_so(cast, node, browser_of):
    queue_notice(node, Notice.Kind.AVAILABILITY, {}, lane="x")
    page = browser_of(cast.ivo).get(reverse("dead-notices")).content.decode()
    assert "Every notice was taken, or is on its way." in page


def test_those_without_business_find_no_notices_and_send_none(cast, node, browser_of):
    notice = dead_notice(node)
    for person in (cast.otto, cast.rosa):
        browser = browser_of(person)
        assert browser.get(reverse("dead-notices")).status_code == 404
        assert browser.post(reverse("resend-notices"), {"notice": notice.pk}).status_code == 404
    notice.refresh_from_db()
    assert notice.failed_at is not None


def test_notices_of_another_region_are_neither_shown_nor_sent(cast, browser_of):
    theirs = dead_notice(ApplicationEntity.objects.create(ae_title="THEIRS", site=cast.elsewhere))
    browser = browser_of(cast.ivo)
    assert "THEIRS" not in browser.get(reverse("dead-notices")).content.decode()
    browser.post(reverse("resend-notices"), {"all": ""})
    theirs.refresh_from_db()
    assert theirs.failed_at is not None


def test_a_list_of_fifty_dead_notices_takes_few_statements(cast, browser_of, django_assert_max_num_queries):
    for number in range(55):
        made = ApplicationEntity.objects.create(ae_title=f"N{number}", site=cast.provincial)
        Notice.objects.create(
            node=made, kind="availability", lane="x", queued_at=clock.now(), next_attempt_at=clock.now(),
            failed_at=clock.now(), trace_id="0" * 32,
        )  # fmt: skip
    browser = browser_of(cast.ivo)
    browser.get(reverse("dead-notices"))
    with django_assert_max_num_queries(8):
        assert browser.get(reverse("dead-notices")).status_code == 200
