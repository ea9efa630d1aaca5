"""Files in a case: what is accepted, who puts them in, reads them and takes them out again."""

from __future__ import annotations

import io
import zipfile

import pytest

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.workflows.conftest import chain, user
from workflows import services
from workflows.models import Attachment, UserTask
from workflows.people.attachments import MAX_BYTES, attachments_of, visible_attachments
from workflows.people.file_kinds import OFFICE, kind_of

pytestmark = pytest.mark.django_db
BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")
PDF = b"%PDF-1.7\n%%EOF"


@pytest.fixture
def case(begin):
    return begin(BODY)


def office(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        for name in names:
            package.writestr(name, "x")
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.PNG", b"\x89PNG\r\n\x1a\n0", "image/png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.tif", b"II*\x00", "image/tiff"),
        ("a.txt", "危急值".encode(), "text/plain"),
        ("a.csv", b"a;b\r\n1;2", "text/csv"),
        ("a.docx", office("word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
        ("a.docx", office("word/document.xml", "word/vbaProject.bin"), None),
        ("a.docx", b"PK\x03\x04 torn", None),
        ("a.xlsx", office("word/document.xml"), None),
        ("a.pdf", b"MZ\x90\x00", None),
        ("a.txt", b"<html><script>1</script>", None),
        ("a.txt", b"\x00\x01", None),
        ("a.txt", "ü".encode("latin-1"), None),
        ("a.svg", b"<svg/>", None),
        ("a.html", b"x", None),
        ("a.exe", b"MZ", None),
        ("a", PDF, None),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_are_and_its_name_must_agree(name, data, kind):
    assert kind_of(name, data) == kind


def test_a_file_is_kept_and_read_back_and_both_are_audited(case, cast):
    made = services.attach(
        case, person=cast.rosa, name="C:\\letters\\../Zhang.pdf", data=PDF, task=UserTask.objects.get()
    )

    assert (made.name, made.content_type, made.size_bytes) == ("Zhang.pdf", "application/pdf", len(PDF))
    seen = visible_attachments(cast.rosa).get()
    assert services.open_attachment(seen, person=cast.rosa).read() == PDF
    lines = AuditEvent.objects.filter(object_kind="attachment", object_uid=str(made.uid)).order_by("pk")
    assert [line.action for line in lines] == ["attachment.added", "attachment.read"]
    assert "Zhang" not in str([line.detail for line in lines])


def test_the_same_file_twice_lies_there_twice_and_removing_one_leaves_the_other(
    case, cast, django_capture_on_commit_callbacks
):
    first, second = (services.attach(case, person=cast.rosa, name="a.pdf", data=PDF) for _ in range(2))

    with django_capture_on_commit_callbacks(execute=True):
        services.remove_attachment(first, person=cast.rosa)

    assert list(attachments_of(case)) == [second]
    assert services.open_attachment(second, person=cast.rosa).read() == PDF
    first.refresh_from_db()
    with pytest.raises(NotFound):
        services.open_attachment(first, person=cast.rosa)


def test_only_those_of_the_case_put_files_in_and_only_who_did_takes_them_out(case, cast):
    with pytest.raises(NotFound):
        services.attach(case, person=cast.otto, name="a.pdf", data=PDF)
    made = services.attach(case, person=cast.rosa, name="a.pdf", data=PDF)

    assert not visible_attachments(cast.otto).exists()
    with pytest.raises(NotPermitted):
        services.remove_attachment(made, person=cast.carla)


@pytest.mark.parametrize(
    ("name", "data"), [("a.pdf", b""), ("a.exe", b"MZ"), ("a.txt", b"x" * (MAX_BYTES + 1))]
)
def test_what_is_empty_too_large_or_no_accepted_kind_is_refused(case, cast, name, data):
    with pytest.raises(InvalidInput) as refusal:
        services.attach(case, person=cast.rosa, name=name, data=data)

    assert set(refusal.value.fields) == {"file"}
    assert not Attachment.objects.exists()


def test_a_case_that_has_ended_takes_and_loses_no_files(case, cast):
    made = services.attach(case, person=cast.rosa, name="a.pdf", data=PDF)
    services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={})
    case.refresh_from_db()
    made = visible_attachments(cast.rosa).get(pk=made.pk)

    with pytest.raises(Conflict):
        services.attach(case, person=cast.rosa, name="b.pdf", data=PDF)
    with pytest.raises(Conflict):
        services.remove_attachment(made, person=cast.rosa)


def test_bytes_no_row_comes_to_name_are_let_go_of(case, cast, monkeypatch, own_storage):
    monkeypatch.setattr("workflows.people.attachments.record_audit", lambda *_a, **_k: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        services.attach(case, person=cast.rosa, name="a.pdf", data=PDF)

    assert not [path for path in own_storage.rglob("*") if path.is_file() and path.read_bytes() == PDF]
