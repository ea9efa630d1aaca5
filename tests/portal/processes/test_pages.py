"""The pages of processes: versions, problems, uploading, deploying, for workflow designers alone."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.workflows.conftest import bpmn, chain, machine, operators  # noqa: F401 - fixtures
from tests.workflows.scripting.designing import make_designer
from workflows.deployment import bundles
from workflows.models import ProcessDefinition

END = '<bpmn:endEvent id="end"/>'
GOOD = bpmn(machine("do") + END + chain("start", "do", "end"))
BAD = bpmn('\n<bpmn:complexGateway id="a" name="Which one?"/>' + END + chain("start", "a", "end"))


@pytest.fixture
def dora(cast, operators, browser_of):  # noqa: F811
    return browser_of(make_designer(cast.provincial))


def keep(cast, text):
    return bundles.keep_bundle({"a.bpmn": text}, actor=cast.ines)


def send(browser, content):
    file = SimpleUploadedFile("a.bpmn", content.encode())
    return browser.post("/processes/upload/", {"file": file}, follow=True)


def test_an_uploaded_file_is_shown_with_what_keeps_it_from_running(dora):
    page = send(dora, BAD).content.decode()

    assert "Cannot run" in page
    assert "Which one?" in page
    assert "A complex gateway is not supported" in page
    assert "Deploy</button>" not in page


@pytest.mark.parametrize(("language", "kind"), [("en", "Complex gateway"), ("zh-hans", "复杂网关")])
def test_the_kind_of_an_element_is_told_in_the_readers_language(cast, browser_of, language, kind):
    browser = browser_of(make_designer(cast.provincial), language=language)

    page = send(browser, BAD).content.decode()

    assert f" · {kind}</span>" in page


def test_what_is_drawn_and_does_nothing_is_told_and_keeps_nothing_from_running(dora):
    link = "<bpmn:dataOutputAssociation><bpmn:targetRef>S</bpmn:targetRef></bpmn:dataOutputAssociation>"
    store = '<bpmn:dataStoreReference id="S" name="Image archive"/>'
    text = GOOD.replace("</bpmn:serviceTask>", f"{link}</bpmn:serviceTask>").replace(
        "</bpmn:process>", f"{store}</bpmn:process>"
    )

    page = send(dora, text).content.decode()

    assert "Drawn, but without effect" in page
    assert "no data go to or from the data store Image archive by themselves" in page
    assert "Deploy</button>" in page


def test_a_version_is_deployed_and_retired(dora):
    page = send(dora, GOOD)
    key = ProcessDefinition.objects.get().pk
    assert "Nothing speaks against it." in page.content.decode()

    deployed = dora.post(f"/processes/{key}/deploy/", follow=True).content.decode()
    assert "New cases run on version 1." in deployed
    assert "In force" in deployed
    retired = dora.post(f"/processes/{key}/retire/", follow=True).content.decode()

    assert "Retired" in retired
    assert not ProcessDefinition.objects.filter(is_active=True).exists()


def test_what_is_no_process_is_refused_beside_the_form(dora):
    answer = dora.post("/processes/upload/", {"file": SimpleUploadedFile("a.bpmn", b"no model")})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert dora.post("/processes/upload/").status_code == 422


def test_why_a_file_is_no_xml_is_said_in_the_readers_language(cast, browser_of):
    browser = browser_of(make_designer(cast.provincial), language="zh-hans")

    answer = browser.post("/processes/upload/", {"file": SimpleUploadedFile("a.bpmn", b"<a>\n </b>")})
    page = answer.content.decode()

    assert "不是 XML：结束标签与最近开始的元素不符，第 2 行第 6 列" in page
    assert "mismatch" not in page


def test_the_file_and_all_files_are_saved_as_they_came(dora, cast):
    kept = keep(cast, GOOD)

    assert dora.get(f"/processes/{kept.pk}/file/").content == GOOD.encode()
    archive = zipfile.ZipFile(io.BytesIO(dora.get(f"/processes/{kept.pk}/export/").content))
    assert archive.read("a.bpmn") == GOOD.encode()


def test_the_drawing_names_the_elements_in_trouble(dora, cast):
    facts = dora.get(f"/processes/{keep(cast, BAD).pk}/diagram.json").json()

    assert facts["elements"]["a"]["status"] == "failed"
    assert "complex gateway" in facts["elements"]["a"]["word"]
    assert facts["active"] == []


def test_the_pages_are_there_for_designers_alone(client, cast):
    kept = keep(cast, GOOD)
    for person in (cast.carla, cast.ines, cast.otto):
        client.force_login(person)
        for path in ("", f"{kept.pk}/", f"{kept.pk}/file/", f"{kept.pk}/diagram.json"):
            assert client.get(f"/processes/{path}").status_code == 404
        assert client.post(f"/processes/{kept.pk}/deploy/").status_code == 404


def test_a_designer_reads_it_in_chinese(cast, operators, browser_of):  # noqa: F811
    browser = browser_of(make_designer(cast.provincial), language="zh-hans")
    keep(cast, BAD)

    page = browser.get("/processes/").content.decode()

    assert "流程" in page
    assert "无法运行" in page


def test_a_long_list_costs_what_a_short_one_does(dora, cast, django_assert_max_num_queries):
    for number in range(60):
        keep(cast, GOOD.replace('name="do"', f'name="{number}"'))

    with django_assert_max_num_queries(8):
        page = dora.get("/processes/").content.decode()

    assert page.count("data-row") == 50
    assert 'rel="next"' in page
