"""Workitems as answers, in the media type agreed on.

Reference  PS3.18 §11.1.3 (media types), §11.5.3.3, §11.9.3.3
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.http import HttpResponse, HttpResponseBase

from archive.workitems.datasets import Model
from integrations.dicomweb.media_types import MediaType
from integrations.dicomweb.xml_answers import is_xml, xml_answer


def one_workitem(media: MediaType, model: Model) -> HttpResponseBase:
    return workitems(media, [model])


def workitems(media: MediaType, models: Sequence[Model]) -> HttpResponseBase:
    """A JSON array, or a part of XML each. Raises  NotAcceptable for several as one document of XML."""
    ordered = [dict(sorted(model.items())) for model in models]
    if is_xml(media):
        return xml_answer(media, ordered, count=len(ordered))
    body = json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpResponse(body, content_type=str(media))
