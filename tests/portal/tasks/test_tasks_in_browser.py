"""A person's task in a real browser: taken, typed, refused, delegated, declined, fought over, signed and finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from accounts.models import AuditEvent, Person
from tests.personas import PASSWORD, Cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in
from workflows.models import Attachment, CaseComment, FormDraft, ProcessInstance, UserTask

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("TASK_PICTURES")
Desk = Callable[..., Page]


def test_a_task_is_claimed_by_key_and_its_clock_is_told_in_words(
    live_cast: Cast, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa)
    expect(page.locator("[data-countdown] time")).to_have_text("1 hr 59 min left")
    picture(page, "inbox")
    page.keyboard.press("j")
    page.keyboard.press("c")

    expect(page.locator("tr[data-row]")).to_contain_text("Mine")
    task.refresh_from_db()
    assert (task.assignee, task.status) == (live_cast.rosa, "claimed")


def test_typed_text_outlives_a_reload_and_hidden_fields_come_and_go(
    live_cast: Cast, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    expect(page.get_by_label("Who was called")).to_be_hidden()

    page.get_by_label("Size in mm").fill("14")
    page.get_by_label("Critical finding").check()
    page.get_by_label("Who was called").fill("Dr Rafael")
    page.get_by_label("Your password").fill("never kept")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.reload()

    expect(page.get_by_label("Size in mm")).to_have_value("14")
    expect(page.get_by_label("Who was called")).to_have_value("Dr Rafael")
    expect(page.get_by_label("Your password")).to_have_value("")
    assert "never kept" not in str(FormDraft.objects.get().data)
    page.get_by_label("Critical finding").uncheck()
    expect(page.get_by_label("Who was called")).to_be_hidden()


def test_what_is_typed_before_the_script_has_arrived_is_a_draft_too(
    live_cast: Cast, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa)
    underway: list[Route] = []
    page.route("**/portal/dist/case*.js", lambda route: underway.append(route))  # noqa: PLW0108 - none of C can be marked
    with page.expect_request("**/portal/dist/case*.js"):
        page.goto(page.url + f"cases/{case.uid}/?tab=task", wait_until="commit")
    page.get_by_label("Size in mm").fill("14")
    assert not FormDraft.objects.exists()

    underway[0].continue_()

    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    assert FormDraft.objects.get().data["sign_off"]["size_mm"] == "14"
    page.unroute_all()
    page.reload()
    expect(page.get_by_label("Size in mm")).to_have_value("14")
    assert page.evaluate("document.querySelector('[data-draft]').draft.timer") is None  # nothing new to save


def test_what_is_wrong_stands_beside_the_field_and_a_signature_finishes_the_task(
    live_cast: Cast, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    page.get_by_label("Size in mm").fill("4000")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign off").click()

    expect(page.locator("#sign_off-size_mm-error")).to_have_text("Size in mm must be at most 300.")
    expect(page.get_by_label("Size in mm")).to_be_focused()
    picture(page, "refused")
    page.get_by_label("Size in mm").fill("14")
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Sign off").click()
    expect(page.locator("#sign_off-password-error")).to_contain_text("This is not your password")
    expect(page.get_by_label("Size in mm")).to_have_value("14")

    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign off").click()
    expect(page.locator(".notice.success")).to_contain_text("Done: Sign off.")
    task.refresh_from_db()
    assert (task.status, task.outcome, task.completed_by) == ("completed", "sign_off", live_cast.rosa)
    signed = AuditEvent.objects.get(action="task.signed")
    assert signed.detail["meaning"] == "I have looked at the images myself."
    assert AuditEvent.objects.filter(action="signature.refused", person=live_cast.rosa).count() == 1


def test_a_task_is_delegated_filled_in_by_the_colleague_and_comes_back(
    live_cast: Cast, li: Person, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    page.get_by_label("Size in mm").fill("14")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.get_by_text("Delegate…").click()
    page.get_by_role("button", name="Delegate", exact=True).click()
    expect(page.locator("#delegate-to-error")).to_have_text("Choose a colleague.")
    page.locator("#delegate-to").select_option("li")
    page.get_by_label("Note", exact=True).fill("Please measure on the thin slices")
    picture(page, "delegating")
    page.get_by_role("button", name="Delegate", exact=True).click()
    expect(page.locator(".notice.success")).to_contain_text("Li Na has been asked, and hands it back to you.")
    expect(page.locator(".held")).to_contain_text("Li Na does this for you and hands it back")
    expect(page.locator("#case-state .timeline li").first).to_contain_text("Delegated")
    expect(page.locator("#case-state .timeline li").first).to_contain_text("to Li Na")
    picture(page, "delegated")

    hers = desk_of(li)
    expect(hers.locator("tr[data-row]")).to_contain_text("For Rosa")
    hers.locator("[data-open]").click()
    expect(hers.get_by_label("Size in mm")).to_have_value("14")
    expect(hers.locator(".said")).to_contain_text("Please measure on the thin slices")
    expect(hers.get_by_role("button", name="Sign off")).to_have_count(0)
    hers.get_by_label("Size in mm").fill("15")
    expect(hers.locator("[data-draft-state]")).to_have_text("Draft saved")
    picture(hers, "for_a_colleague")
    hers.get_by_role("button", name="Hand back").click()
    expect(hers.locator(".notice.success")).to_contain_text("Handed back.")

    page.reload()
    expect(page.get_by_label("Size in mm")).to_have_value("15")
    task.refresh_from_db()
    assert (task.assignee, task.delegation) == (live_cast.rosa, "resolved")


def test_a_task_taken_is_declined_with_a_reason_that_the_next_one_reads(
    live_cast: Cast, li: Person, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    page.get_by_role("button", name="Claim").click()
    page.get_by_text("Decline…").click()
    page.get_by_role("button", name="Decline", exact=True).click()
    expect(page.locator("#decline-reason-error")).to_have_text("Say why.")
    page.get_by_label("Reason").fill("I read the first opinion")
    page.get_by_role("button", name="Decline", exact=True).click()
    expect(page.locator(".notice.success")).to_contain_text("Declined.")

    hers = desk_of(li, f"/cases/{case.uid}/?tab=task")
    expect(hers.locator(".said")).to_contain_text("I read the first opinion")
    task.refresh_from_db()
    assert (task.assignee, task.status) == (None, "ready")


def test_who_comes_second_is_told_who_has_it_and_keeps_what_they_typed(
    live_cast: Cast, li: Person, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    second = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=task")
    second.get_by_label("Size in mm").fill("14")
    first = desk_of(li)
    first.get_by_role("button", name="Claim").click()
    expect(first.locator("tr[data-row]")).to_contain_text("Mine")

    second.get_by_label("Your password").fill(PASSWORD)
    second.get_by_role("button", name="Sign off").click()

    expect(second.get_by_role("alert").first).to_contain_text("Li Na has taken this task.")
    expect(second.locator(".refused-text dl")).to_contain_text("14")
    expect(second.locator(".held")).to_contain_text("Li Na has it.")
    picture(second, "conflict")
    task.refresh_from_db()
    assert (task.assignee, task.status) == (li, "claimed")


def test_the_coordinator_sees_who_has_what_and_gives_it_to_somebody_else(
    live_cast: Cast, li: Person, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    desk_of(live_cast.rosa).get_by_role("button", name="Claim").click()
    page = desk_of(live_cast.carla, "/tasks/")
    expect(page.locator("tr[data-row]")).to_contain_text("Rosa")
    picture(page, "team")
    page.get_by_role("link", name="Reassign…").click()
    page.get_by_label("To").select_option("li")
    page.get_by_role("button", name="Reassign").click()
    expect(page.locator("#reassign-reason-error")).to_have_text("Say why.")
    picture(page, "reassign")
    page.get_by_label("Reason").fill("Rosa is ill")
    page.get_by_role("button", name="Reassign").click()

    expect(page.locator(".notice.success")).to_contain_text("Li Na has the task now.")
    task.refresh_from_db()
    assert task.assignee == li


def test_people_talk_in_the_case_and_name_one_another(
    live_cast: Cast, li: Person, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    desk_of(li).get_by_role("button", name="Claim").click()
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=conversation")
    page.get_by_label("Write to the others in this case").fill("@otto look")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#comment-error")).to_have_text("Nobody who may see this case is called @otto.")
    expect(page.get_by_label("Write to the others in this case")).to_have_value("@otto look")

    page.get_by_label("Write to the others in this case").fill("Which phase is this?")
    page.locator("[data-mention]").click()
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".thread li")).to_have_count(1)
    picture(page, "conversation")
    assert CaseComment.objects.get().mentioned == ["li"]


def test_a_file_is_added_offered_in_the_form_downloaded_and_removed(
    live_cast: Cast, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    page = desk_of(live_cast.rosa, f"/cases/{case.uid}/?tab=documents")
    page.set_input_files(
        "#case-file", {"name": "page.html", "mimeType": "text/html", "buffer": b"<script>1</script>"}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#file-error")).to_contain_text("or not what its name says")
    page.set_input_files(
        "#case-file", {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    )
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".files li")).to_contain_text("letter.pdf")
    picture(page, "files")

    with page.expect_download() as saved:
        page.get_by_role("link", name="letter.pdf").click()
    assert Path(saved.value.path()).read_bytes() == b"%PDF-1.7"
    page.goto(page.url.replace("documents", "task"))
    expect(page.get_by_label("Letter to go with it").locator("option")).to_have_text(
        ["Choose…", "letter.pdf"]
    )
    page.goto(page.url.replace("tab=task", "tab=documents"))
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".files li")).to_have_count(0)
    assert Attachment.objects.get().removed_at is not None


def test_all_of_it_is_read_in_chinese(
    live_cast: Cast, li: Person, case: ProcessInstance, task: UserTask, desk_of: Desk
) -> None:
    Person.objects.update(language="zh-hans")
    page = desk_of(live_cast.rosa)
    expect(page.locator("[data-countdown] time")).to_have_text("剩余 1小时 59分钟")
    picture(page, "inbox_zh")
    page.goto(f"{page.url}cases/{case.uid}/?tab=task")
    page.get_by_text("委托…").click()
    expect(page.get_by_role("button", name="签发")).to_be_visible()
    expect(page.locator(".signature .meaning")).to_contain_text("本人已亲自阅片。")
    picture(page, "task_zh")
    page.get_by_role("tab", name="讨论").click()
    picture(page, "conversation_zh")
    team = desk_of(live_cast.carla, "/tasks/")
    expect(team.get_by_role("heading", level=1)).to_have_text("团队任务")
    picture(team, "team_zh")
