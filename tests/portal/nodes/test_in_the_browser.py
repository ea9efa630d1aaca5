"""A person adds nodes in a real browser and watches real peers being checked: DCMTK, Orthanc, and nobody."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from accounts.models import Membership, Person, Role, Site
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes import breaker
from integrations.dicom.nodes import check as checks
from tests.integrations.dicom.nodes.test_check import ORTHANC, STORESCP, free_port, wait_for
from tests.personas import make_cast
from tests.portal.chromium import NEEDS_CHROMIUM, pictures_in, watched

pytestmark = NEEDS_CHROMIUM
picture = pictures_in("NODE_PICTURES")


@pytest.fixture
def worker(transactional_db, monkeypatch) -> Iterator[None]:
    """A worker beside the web server: what is asked for is performed by another thread."""
    working: list[threading.Thread] = []

    def perform(key: int) -> None:
        def run() -> None:
            try:
                checks.perform_check(key)
            finally:
                connection.close()

        working.append(threading.Thread(target=run))
        working[-1].start()

    monkeypatch.setattr(checks._nudge, "_send", perform)
    yield
    for thread in working:
        thread.join(timeout=60)


@pytest.fixture
def page(worker, live_server) -> Iterator[Page]:
    with watched(make_cast().ivo, f"{live_server.url}/nodes/", refused=[422]) as opened:
        yield opened


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., int]]:
    """A peer as a process; the port it listens at."""
    started = []

    def begin(make_command: Callable[[int], list[object]]) -> int:
        port = free_port()
        command = [str(part) for part in make_command(port)]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for(port)
        return port

    yield begin
    for process in started:
        process.kill()
        process.wait()


def add(page: Page, title: str, port: int, *, roles: tuple[str, ...] = ("Takes images",)) -> None:
    page.get_by_role("link", name="Nodes").first.click()
    page.get_by_role("link", name="Add a node").click()
    page.get_by_label("AE title").fill(title)
    page.get_by_label("Site").select_option("provincial")
    page.get_by_label("Host name or IP address").fill("127.0.0.1")
    page.get_by_role("textbox", name="Port").fill(str(port))
    page.get_by_label("Waits for an answer").fill("3")
    for role in roles:
        page.get_by_label(role).check()


def graded(page: Page, step: str) -> str:
    """The grade beside a step, once the check has ended."""
    expect(page.locator("#check[hx-trigger]")).to_have_count(0, timeout=30_000)
    row = page.locator("#check .steps > li").filter(has=page.get_by_text(step, exact=True))
    return row.locator(".status").inner_text()


def test_dcmtk_is_added_and_its_grades_are_seen_with_a_test_image_stored_when_asked(page, start, tmp_path):
    if not STORESCP.exists():
        pytest.skip("DCMTK is not installed")
    port = start(lambda port: [STORESCP, "-aet", "DCMTK", "-od", tmp_path, port])
    add(page, "DCMTK", port)
    page.get_by_role("button", name="Add and check").click()

    assert graded(page, "Network connection") == "In order"
    assert graded(page, "Storing") == "Not tried"
    assert not list(tmp_path.glob("SC.*"))
    page.get_by_label("Store a small test image there, too").check()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("Took a test image")).to_be_visible(timeout=30_000)
    assert graded(page, "Storing") == "In order"
    picture(page, "node")
    page.get_by_text("Which, and how").click()
    expect(page.get_by_role("rowheader", name="CTImage", exact=True)).to_be_visible()
    page.get_by_role("link", name="Nodes").first.click()
    expect(page.get_by_role("row").filter(has_text="DCMTK")).to_contain_text("Answers")


def test_orthanc_is_added_with_its_roles_and_answers_queries(page, start, tmp_path):
    if not ORTHANC.exists():
        pytest.skip("Orthanc is not installed")

    def command(port: int) -> list[object]:
        known = {"us": ["CONSILIUM", "127.0.0.1", 1]}
        facts = {
            "DicomAet": "ORTHANC", "DicomPort": port, "HttpServerEnabled": False, "Plugins": [],
            "StorageDirectory": str(tmp_path), "IndexDirectory": str(tmp_path), "DicomModalities": known,
        }  # fmt: skip
        (tmp_path / "orthanc.json").write_text(json.dumps(facts))
        return [ORTHANC, tmp_path / "orthanc.json"]

    add(page, "ORTHANC", start(command), roles=("Takes images", "Can be queried", "Commits to storage"))
    picture(page, "node-form")
    page.get_by_role("button", name="Add and check").click()

    assert graded(page, "Query") == "In order"
    assert graded(page, "Storage commitment") == "In order"
    assert graded(page, "Association") == "In order"


def test_a_node_that_does_not_answer_shows_why_and_what_to_do(page):
    add(page, "NOBODY", free_port())
    page.get_by_role("button", name="Add and check").click()

    assert graded(page, "Network connection") == "Failed"
    expect(page.locator("#check")).to_contain_text("nothing listens on port")
    expect(page.locator("#check")).to_contain_text("Start the peer's DICOM service, or correct the port.")
    picture(page, "node-failed")


def test_a_peer_that_is_slow_shows_its_steps_one_by_one(page):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        add(page, "SILENT", silent.getsockname()[1])
        page.get_by_role("button", name="Add and check").click()

        expect(page.locator("#check progress")).to_be_visible()
        expect(page.locator("#check .steps > li").nth(2)).to_contain_text("Running")
        assert graded(page, "Association") == "Failed"


def test_what_the_form_refuses_stands_beside_its_field(page):
    add(page, "TITLE_THAT_IS_FAR_TOO_LONG", 104)
    page.get_by_role("button", name="Add and check").click()

    expect(page.locator("#n-ae_title-error")).to_contain_text("1 to 16 characters")
    expect(page.get_by_label("AE title")).to_have_value("TITLE_THAT_IS_FAR_TOO_LONG")
    picture(page, "node-refused")


def test_the_region_shows_each_hospital_with_its_nodes_and_those_in_trouble_first(page):
    provincial, county = Site.objects.get(code="provincial"), Site.objects.get(code="county")
    Membership.objects.create(person=Person.objects.get(username="ivo"), site=county, role=Role.INTEGRATOR)
    words = {
        "PROV_PACS": ("Archive of the hospital", provincial, "pacs.provincial.example"),
        "PROV_CT1": ("CT, emergency department", provincial, "10.2.0.11"),
        "READING_1": ("Workstation, thin slices", provincial, "10.2.0.40"),
        "COUNTY_CT1": ("CT", county, ""),
        "COUNTY_PACS": ("Small archive", county, "10.3.0.5"),
    }
    for title, (description, site, host) in words.items():
        node = ApplicationEntity.objects.create(
            ae_title=title, description=description, site=site, host=host, port=104 if host else None,
            use_tls=title == "PROV_PACS",
        )  # fmt: skip
        if title == "COUNTY_PACS":
            for _ in range(3):
                breaker.note_failure(node, code="NODE_UNREACHABLE", reason="TIMED_OUT", purpose="send")
        elif host:
            breaker.note_success(node)
    page.reload()

    expect(page.locator(".tile").first).to_contain_text("County Hospital")
    expect(page.locator(".tile.troubled")).to_have_count(1)
    expect(page.get_by_role("row").filter(has_text="COUNTY_PACS")).to_contain_text("Left alone")
    picture(page, "nodes")
    page.get_by_role("link", name="COUNTY_PACS").first.click()
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Whoever calls the node next tries it.")).to_be_visible()
