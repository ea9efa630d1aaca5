"""Files of cases coming in by a form, and going out as downloads that no browser runs."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.utils.translation import gettext as _

from accounts.models import Person
from common.errors import InvalidInput
from workflows.models import Attachment, ProcessInstance, UserTask
from workflows.people.attachments import MAX_BYTES
from workflows.services import attach, open_attachment


def take_in(
    case: ProcessInstance, *, person: Person, uploaded: UploadedFile[Any] | None, task: UserTask | None = None
) -> Attachment:
    """Put an uploaded file into a case. Raises what `attach` raises, and InvalidInput where no file came."""
    if uploaded is None:
        sentence = _("Choose a file.")
        raise InvalidInput(sentence, code="FILE_REFUSED", fields={"file": sentence})
    data = uploaded.read(MAX_BYTES + 1)
    return attach(case, person=person, name=uploaded.name or "", data=data, task=task)


def download(attachment: Attachment, person: Person) -> FileResponse:
    """The file as a download: always saved, never shown or run by the browser, never kept by a cache."""
    answer = FileResponse(
        open_attachment(attachment, person=person),
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    answer["Content-Length"] = str(attachment.size_bytes)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer
