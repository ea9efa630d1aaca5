"""Retrieve Capabilities: OPTIONS on any resource, and the same as OpenAPI.

Reference  PS3.18 §8.9 (Retrieve Capabilities transaction)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from accounts.models import Person
from common.errors import NotFound
from integrations.dicomweb.capabilities.openapi import openapi
from integrations.dicomweb.capabilities.tree import RESOURCES, Resource
from integrations.dicomweb.capabilities.wadl import wadl_json, wadl_xml
from integrations.dicomweb.door import dicomweb_view
from integrations.dicomweb.media_types import JSON, WADL, negotiate

P = ParamSpec("P")


def describing(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """A resource that also answers OPTIONS, with what it and all below it can do."""

    @csrf_exempt  # the view within asks for the token itself
    def enter(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request = args[0]
        if isinstance(request, HttpRequest) and request.method == "OPTIONS":
            return capabilities(request)
        response = view(*args, **kwargs)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response["Allow"] = ", ".join(sorted({*response["Allow"].split(", "), "OPTIONS"}))
        return response

    return enter


@dicomweb_view("OPTIONS")
def capabilities(request: HttpRequest, actor: Person) -> HttpResponse:  # noqa: ARG001 - all who may ask are told alike
    """The resource that the path names, and all below it; at the base URI, all resources."""
    media = negotiate(request, (WADL, JSON))
    base = _base(request)
    found = _named(request.path.removeprefix(reverse("dicomweb:base")))
    if media.type == WADL.type:
        response = HttpResponse(wadl_xml(found, base=base), content_type=str(WADL))
    else:
        response = HttpResponse(json.dumps(wadl_json(found, base=base)), content_type=str(JSON))
    methods = {"OPTIONS", *(one.name for _path, resource in found for one in resource.methods)}
    response["Allow"] = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
    return response


@dicomweb_view("GET")
def description(request: HttpRequest, actor: Person) -> HttpResponse:  # noqa: ARG001 - all who may ask are told alike
    """The service as OpenAPI 3.1, for tools that read that."""
    return HttpResponse(json.dumps(openapi(RESOURCES, base=_base(request))), content_type="application/json")


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("dicomweb:base")).removesuffix("/")


def _named(path: str) -> list[tuple[str, Resource]]:
    """The resources a path names, with the names of its parts in place of what stands there. Raises  NotFound."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return [(resource.path, resource) for resource in RESOURCES]
    taken: list[str] = []
    among: tuple[Resource, ...] = RESOURCES
    found: Resource | None = None
    for part in parts:
        found = next((one for one in among if one.path == part), None)
        found = found or next((one for one in among if one.path.startswith("{")), None)
        if found is None:
            raise NotFound("There is no such resource", code="RESOURCE_UNKNOWN")
        taken.append(found.path)
        among = found.children
    return [("/".join(taken), found)] if found else []
