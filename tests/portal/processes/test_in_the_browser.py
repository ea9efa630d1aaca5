"""A designer brings a model of another tool in a real browser: sees it drawn, what blocks it, and deploys the next."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.personas import make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, watched
from tests.portal.one_step_process import DIAGRAM, FORM
from tests.workflows.scripting.designing import make_designer

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("PROCESS_PICTURES")
SHIPPED = Path(__file__).resolve().parents[3] / "bpmn" / "remote_consultation"


@pytest.fixture
def page(transactional_db, live_server, request) -> Iterator[Page]:
    dora = make_designer(make_cast().provincial)
    dora.language = getattr(request, "param", "en")
    dora.save(update_fields=["language"])
    with watched(dora, f"{live_server.url}/processes/", refused=[422]) as opened:
        yield opened


def send(page: Page, path: Path | list[Path]) -> None:
    page.locator("#p-file").set_input_files(path)
    page.locator("#upload button").click()


def test_a_model_of_another_tool_is_drawn_with_its_problems_and_a_click_leads_to_the_element(
    page, shared_data
):
    expect(page.get_by_text("There is no process yet.")).to_be_visible()
    picture(page, "empty")
    send(page, shared_data / "bpmn" / "miwg_reference" / "C.1.0.bpmn")

    expect(page.get_by_text("Cannot run").first).to_be_visible()
    expect(page.locator(".diagram svg .djs-element").first).to_be_visible()
    expect(page.locator(".djs-element.broken").first).to_be_visible()
    picture(page, "problems")
    page.get_by_role("button", name="Approve Invoice").click()
    expect(page.locator("[data-diagram-step]")).to_contain_text("The user task names no form")
    expect(page.get_by_role("button", name="Deploy")).to_have_count(0)


def test_a_bundle_is_uploaded_deployed_exported_and_retired(page, tmp_path):
    archive = tmp_path / "bundle.zip"
    zipped(SHIPPED, archive)
    send(page, archive)

    expect(page.get_by_text("Nothing speaks against it.")).to_be_visible()
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("New cases run on version 1.")).to_be_visible()
    expect(page.locator(".tag")).to_contain_text("In force")
    with page.expect_download() as saved:
        page.get_by_role("link", name="All files").click()
    page.get_by_role("link", name="Processes").first.click()
    send(page, Path(saved.value.path()).rename(tmp_path / "again.zip"))
    expect(page.locator(".tag")).to_contain_text("In force")  # the same files are the same version
    page.get_by_role("button", name="Retire").click()
    expect(page.locator(".tag")).to_contain_text("Retired")


def test_what_is_drawn_and_does_nothing_is_told_in_a_list_and_at_the_element(page, tmp_path):
    store = '<bpmn:dataOutputAssociation id="Out"><bpmn:targetRef>Store</bpmn:targetRef></bpmn:dataOutputAssociation>'
    drawn = DIAGRAM.replace("</bpmn:userTask>", f"{store}</bpmn:userTask>").replace(
        "</bpmn:process>", '<bpmn:dataStoreReference id="Store" name="PACS archive" /></bpmn:process>'
    )
    send(page, second_look(tmp_path, drawn))

    expect(page.get_by_text("Nothing speaks against it.")).to_be_visible()
    expect(page.locator(".diagram svg .djs-element").first).to_be_visible()
    expect(page.locator(".djs-element.broken")).to_have_count(0)
    page.locator("#remarks").get_by_role("button", name="Look again").click()
    expect(page.locator("[data-diagram-step]")).to_have_text(
        "Look again · Is drawn only: no data go to or from the data store PACS archive by themselves"
    )


def test_what_keeps_an_element_without_a_name_from_running_is_told_at_it(page, tmp_path):
    send(page, second_look(tmp_path, DIAGRAM.replace('name="Look again"', ""), form="other"))
    expect(page.locator(".djs-element.broken").first).to_be_visible()
    page.locator("#problems").get_by_role("button", name="Look").click()
    expect(page.locator("[data-diagram-step]")).to_contain_text("look")


def test_a_file_without_a_drawing_says_so(page, tmp_path):
    bare = DIAGRAM[: DIAGRAM.index("<bpmndi:BPMNDiagram")] + "</bpmn:definitions>"
    send(page, second_look(tmp_path, bare))

    expect(page.locator(".diagram")).to_have_text(
        "The file says how the process runs, and holds no drawing of it."
    )


def test_what_is_no_process_is_refused_beside_the_form(page, tmp_path):
    wrong = tmp_path / "a.bpmn"
    wrong.write_text("no model")
    send(page, wrong)

    expect(page.get_by_role("alert")).to_contain_text("Not XML")


@pytest.mark.parametrize("page", ["zh-hans"], indirect=True)
def test_it_all_reads_in_chinese(page, shared_data):
    send(page, shared_data / "bpmn" / "miwg_reference" / "B.1.0.bpmn")

    expect(page.get_by_text("无法运行").first).to_be_visible()
    expect(page.locator(".diagram svg .djs-element").first).to_be_visible()
    picture(page, "chinese")


def second_look(folder: Path, diagram: str, *, form: str = "look") -> Path:
    """The smallest process of a person, packed."""
    source = folder / "second_look"
    (source / "forms").mkdir(parents=True)
    (source / "second_look.bpmn").write_text(diagram, encoding="utf-8")
    (source / "forms" / f"{form}.json").write_text(json.dumps(FORM), encoding="utf-8")
    zipped(source, folder / "second_look.zip")
    return folder / "second_look.zip"


def zipped(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as held:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                held.write(path, path.relative_to(folder))
