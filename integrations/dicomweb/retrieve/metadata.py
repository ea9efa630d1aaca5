"""Data sets of a study, a series or an instance without their bulk data, as DICOM JSON or as XML.

Reference  PS3.18 §10.4.1.1.4 (Metadata resources), §F (DICOM JSON), §8.7.3 (application/dicom+xml)
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from accounts.models import Person
from archive.studies.metadata.packing import plain, stream_of
from archive.studies.metadata.reading import instances_in
from archive.studies.metadata.selectors import Metadata, metadata_of
from archive.studies.metadata.services import instance_json
from archive.studies.models import Instance
from common.errors import NotFound
from integrations.dicomweb.charsets import check_charset
from integrations.dicomweb.door import dicomweb_view
from integrations.dicomweb.media_types import DICOM_JSON, JSON, negotiate
from integrations.dicomweb.retrieve.subjects import check_uids, series_named
from integrations.dicomweb.retrieve.trail import note_retrieval
from integrations.dicomweb.xml_answers import XML_OFFERS, is_xml, xml_answer

OFFERS = (DICOM_JSON, JSON, *XML_OFFERS)


@dicomweb_view("GET")
def metadata(request: HttpRequest, actor: Person, *, study: str, series: str = "") -> HttpResponseBase:
    """Of each instance its data set, as it is kept: no object is opened where it is."""
    media = negotiate(request, OFFERS)
    check_charset(request)
    found = metadata_of(series_named(actor, study=study, series=series))
    if found is None:
        raise NotFound("There is no such resource that you may see")
    note_retrieval(
        actor, study=study, site_code=found.site_code, transaction="metadata", instances=found.instances
    )
    if is_xml(media):
        return xml_answer(media, instances_in(plain(found.parts)), count=found.instances)
    return _sent(request, found, media.type)


@dicomweb_view("GET")
def instance_metadata(
    request: HttpRequest, actor: Person, *, study: str, series: str, instance: str
) -> HttpResponseBase:
    """The data set of one instance, made from its bytes."""
    media = negotiate(request, OFFERS)
    check_charset(request)
    check_uids(study, series, instance)
    found = (
        Instance.objects.filter(
            sop_instance_uid=instance, series__in=series_named(actor, study=study, series=series)
        )
        .select_related("series__study__site")
        .first()
    )
    if found is None:
        raise NotFound("There is no such resource that you may see")
    site = found.series.study.site
    note_retrieval(actor, study=study, site_code=site.code, transaction="metadata", instances=1)
    told = b"[" + instance_json(found) + b"]"
    if is_xml(media):
        return xml_answer(media, instances_in([told]), count=1)
    return HttpResponse(told, content_type=media.type)


def _sent(request: HttpRequest, found: Metadata, content_type: str) -> StreamingHttpResponse:
    """Packed as it is kept for who takes it so, else unpacked on the way."""
    if _takes_deflate(request):
        response = StreamingHttpResponse(stream_of(found.parts), content_type=content_type)
        response["Content-Encoding"] = "deflate"
        response["Content-Length"] = str(found.packed_bytes)
    else:
        response = StreamingHttpResponse(plain(found.parts), content_type=content_type)
        response["Content-Length"] = str(found.plain_bytes)
    response["Vary"] = "Accept-Encoding"
    return response


def _takes_deflate(request: HttpRequest) -> bool:
    for item in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, quality = item.partition(";")
        if name.strip() == "deflate":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
