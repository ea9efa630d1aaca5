"""The resources below the base URI (PS3.18 §8.2), each with its methods.

A resource of several methods is a `resource(GET=..., POST=...)` of views made by `dicomweb_view`.
"""

from __future__ import annotations

from django.urls import URLPattern, re_path

from integrations.dicomweb.capabilities.views import capabilities, describing, description
from integrations.dicomweb.door import no_such_resource, resource
from integrations.dicomweb.rendered import rendered_resource, thumbnail
from integrations.dicomweb.retrieve.bulkdata import all_bulkdata, bulkdata, pixeldata
from integrations.dicomweb.retrieve.frames import frames
from integrations.dicomweb.retrieve.instances import retrieve
from integrations.dicomweb.retrieve.metadata import instance_metadata, metadata
from integrations.dicomweb.search.views import search_instances, search_series, search_studies
from integrations.dicomweb.store.views import store_instances
from integrations.dicomweb.uri.views import wado
from integrations.dicomweb.worklist.urls import urlpatterns as worklist_patterns

app_name = "dicomweb"
STUDY = r"^studies/(?P<study>[^/]+)"
SERIES = rf"{STUDY}/series/(?P<series>[^/]+)"
INSTANCE = rf"{SERIES}/instances/(?P<instance>[^/]+)"
FRAMES = rf"{INSTANCE}/frames/(?P<frames>[^/]+)"

_resources: list[URLPattern] = [
    re_path(rf"{FRAMES}$", frames),  # tried first: what is asked for by the thousand
    re_path(rf"{FRAMES}/rendered$", rendered_resource),
    re_path(rf"{STUDY}/?$", resource(GET=retrieve, POST=store_instances), name="study"),
    re_path(r"^studies/?$", resource(GET=search_studies, POST=store_instances), name="studies"),
    re_path(r"^series/?$", resource(GET=search_series)),
    re_path(r"^instances/?$", resource(GET=search_instances)),
    re_path(rf"{STUDY}/series/?$", resource(GET=search_series)),
    re_path(rf"{STUDY}/instances/?$", resource(GET=search_instances)),
    re_path(rf"{SERIES}/instances/?$", resource(GET=search_instances)),
    re_path(rf"{SERIES}/?$", retrieve),
    re_path(rf"{INSTANCE}/?$", retrieve),
    re_path(rf"{STUDY}/metadata$", metadata),
    re_path(rf"{SERIES}/metadata$", metadata),
    re_path(rf"{INSTANCE}/metadata$", instance_metadata),
    re_path(rf"{INSTANCE}/bulkdata/(?P<path>.+)$", bulkdata),
    re_path(rf"{STUDY}/bulkdata/?$", all_bulkdata),
    re_path(rf"{SERIES}/bulkdata/?$", all_bulkdata),
    re_path(rf"{INSTANCE}/bulkdata/?$", all_bulkdata),
    re_path(rf"{STUDY}/pixeldata/?$", pixeldata),
    re_path(rf"{SERIES}/pixeldata/?$", pixeldata),
    re_path(rf"{INSTANCE}/pixeldata/?$", pixeldata),
    re_path(rf"{STUDY}/rendered$", rendered_resource),
    re_path(rf"{SERIES}/rendered$", rendered_resource),
    re_path(rf"{INSTANCE}/rendered$", rendered_resource),
    re_path(rf"{STUDY}/thumbnail$", thumbnail),
    re_path(rf"{SERIES}/thumbnail$", thumbnail),
    re_path(rf"{INSTANCE}/thumbnail$", thumbnail),
    re_path(rf"{FRAMES}/thumbnail$", thumbnail),
    re_path(r"^wado/?$", wado, name="wado-uri"),
    *worklist_patterns,
]
for _pattern in _resources:
    _pattern.callback = describing(_pattern.callback)
urlpatterns: list[URLPattern] = [
    re_path(r"^$", capabilities, name="base"),
    re_path(r"^openapi\.json$", description, name="openapi"),
    *_resources,
    re_path(r"^(?P<path>.*)$", no_such_resource),
]
