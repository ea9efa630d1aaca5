"""The search resources.

Reference  PS3.18 §10.6.1 (resources), §10.6.3 (responses), §8.3.4.4.1 (no match is 204; a page that is not the last)
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts.models import Person
from archive.studies.metadata.reading import instances_in
from archive.studies.queries.catalogue import RETRIEVE_AE_TITLE
from archive.studies.queries.requests import Level
from archive.studies.queries.search import search_page
from archive.studies.reach import scope_for
from archive.studies.selectors import visible_series, visible_studies
from common.errors import NotFound
from integrations.dicomweb.charsets import check_charset
from integrations.dicomweb.door import dicomweb_view, nothing, service_of, warn
from integrations.dicomweb.media_types import DICOM_JSON, JSON, MediaType, negotiate
from integrations.dicomweb.search.answers import JsonAnswers
from integrations.dicomweb.search.parameters import SearchParameters, search_parameters
from integrations.dicomweb.search.resources import SearchResource
from integrations.dicomweb.search.trail import note_search
from integrations.dicomweb.search.warnings import MORE, warn_of_ignored
from integrations.dicomweb.xml_answers import XML_OFFERS, is_xml, xml_answer


@dicomweb_view("GET")
def search_studies(request: HttpRequest, actor: Person) -> HttpResponseBase:
    """Studies of every site the actor may see."""
    return _answer(request, actor, SearchResource(Level.STUDY))


@dicomweb_view("GET")
def search_series(request: HttpRequest, actor: Person, study: str = "") -> HttpResponseBase:
    """Series: of one study, or of all."""
    return _answer(request, actor, SearchResource(Level.SERIES, study))


@dicomweb_view("GET")
def search_instances(
    request: HttpRequest, actor: Person, study: str = "", series: str = ""
) -> HttpResponseBase:
    """Instances: of one series, of one study, or of all."""
    return _answer(request, actor, SearchResource(Level.IMAGE, study, series))


def _answer(request: HttpRequest, actor: Person, resource: SearchResource) -> HttpResponseBase:
    media_type = negotiate(request, [DICOM_JSON, JSON, *XML_OFFERS])
    check_charset(request)
    asked = search_parameters(request.META.get("QUERY_STRING", ""))
    query, most = resource.query(asked)
    page = search_page(query, within=scope_for(actor))
    rows = page.rows[:most]
    if not rows and resource.named:
        _check_named(actor, resource)
    note_search(actor, resource, asked)
    if rows:
        answers = JsonAnswers(
            page.columns, level=resource.level, base=service_of(request),
            ae_title=settings.DICOM_AE_TITLE if _wants_ae_title(asked) else "",
        )  # fmt: skip
        response = _written(answers.body(rows), media_type, count=len(rows))
    else:
        response = nothing(204)
    if len(page.rows) > most:
        warn(request, response, MORE)
    warn_of_ignored(
        request, response, asked,
        {key.tag for key in asked.keys if not key.is_universal} & set(page.unsupported),
    )  # fmt: skip
    return response


def _written(body: bytes, media_type: MediaType, *, count: int) -> HttpResponseBase:
    if is_xml(media_type):
        return xml_answer(media_type, instances_in([body]), count=count)
    return HttpResponse(body, content_type=str(media_type))


def _wants_ae_title(asked: SearchParameters) -> bool:
    is_key = any(key.tag == RETRIEVE_AE_TITLE for key in asked.keys)
    return asked.is_everything_included or RETRIEVE_AE_TITLE in asked.included or is_key


def _check_named(actor: Person, resource: SearchResource) -> None:
    """Raises NotFound where nothing was found because the actor may see no such study or series."""
    studies = visible_studies(actor).filter(study_instance_uid=resource.study)
    if resource.series:
        found = visible_series(actor).filter(
            series_instance_uid=resource.series, study__study_instance_uid=resource.study
        )
        if not found.exists():
            raise NotFound("There is no such series", code="SERIES_UNKNOWN")
    elif not studies.exists():
        raise NotFound("There is no such study", code="STUDY_UNKNOWN")
