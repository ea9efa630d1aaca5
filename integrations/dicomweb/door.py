"""The door every DICOMweb request comes through: who asks, by which method, and refusals in HTTP's words.

Reference  PS3.18 §8.5 (status codes), §8.4 (header fields)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Concatenate, ParamSpec

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from accounts.models import Person
from common.errors import NotFound, ServiceError, Unavailable
from integrations.dicomweb.credentials import challenges, person_asking
from integrations.dicomweb.errors import MethodRefused, NotSignedIn, refusal

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Person, P], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
_VARY = ("Accept", "Authorization", "Cookie")
log = structlog.get_logger(__name__)


def dicomweb_view(*methods: str) -> Callable[[View[P]], Door[P]]:
    """Make a view of a function of `(request, actor, **parts of the path)` that raises ServiceErrors.

    What the function answers goes out as it is. Without `methods` it is for GET, and so for HEAD.
    """

    def decorate(view: View[P]) -> Door[P]:
        @answering(*methods)
        @functools.wraps(view)
        def ask(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            return view(request, person_asking(request), *args, **kwargs)

        return ask

    return decorate


def answering(*methods: str) -> Callable[[Door[P]], Door[P]]:
    """As `dicomweb_view`, of a function of `(request, **parts of the path)` that finds out itself who asks."""
    allowed = frozenset(methods or ("GET",))

    def decorate(view: Door[P]) -> Door[P]:
        @csrf_exempt  # asked for by `person_asking`, where a session speaks for the person
        @functools.wraps(view)
        def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if _plain_method(request) not in allowed:
                return _method_refused(allowed)
            try:
                response = view(request, *args, **kwargs)
            except ServiceError as error:
                return _refused(request, error)
            except (OperationalError, InterfaceError) as error:
                log.warning("dicomweb.database_away", code=type(error).__name__)
                return _refused(request, Unavailable("The index cannot be asked now", code="DATABASE_AWAY"))
            _vary(response)
            return response

        return enter

    return decorate


def resource(**views: Door[P]) -> Door[P]:
    """One resource of several methods: `resource(GET=search_studies, POST=store_instances)`."""

    @csrf_exempt
    def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        view = views.get(_plain_method(request))
        return view(request, *args, **kwargs) if view else _method_refused(views)

    return enter


def nothing(status: int = 200) -> HttpResponse:
    """A success without a payload, and so without a media type (§8.7.9)."""
    response = HttpResponse(status=status)
    del response.headers["Content-Type"]
    return response


def warn(request: HttpRequest, response: HttpResponseBase, text: str) -> None:
    """Tell the client beside the answer what it ought to know, in the standard's form: `299 <service>: text`.

    Reference  PS3.18 §8.3.4.2 (the service is named by its base URI), §8.3.4.4.1, §8.3.5.1.1, §11.6.3.2
    """
    said = response.headers.get("Warning")
    one = f"299 {service_of(request)}: {text}"
    response["Warning"] = f"{said}, {one}" if said else one


def service_of(request: HttpRequest) -> str:
    """The base URI of the service, as the client reached it."""
    return request.build_absolute_uri(reverse("dicomweb:studies")).removesuffix("/studies")


def no_such_resource(request: HttpRequest, path: str = "") -> HttpResponse:  # noqa: ARG001 - the route's
    """Any path below the base that is no resource of ours."""
    return refusal(NotFound("There is no such resource", code="RESOURCE_UNKNOWN"))


def _vary(response: HttpResponseBase) -> None:
    """An answer is for what the client accepts, and for who asks."""
    if "Vary" in response.headers:
        patch_vary_headers(response, _VARY)
    else:
        response.headers["Vary"] = ", ".join(_VARY)


def _plain_method(request: HttpRequest) -> str:
    return "GET" if request.method == "HEAD" else request.method or ""


def _method_refused(allowed: Collection[str]) -> HttpResponse:
    response = refusal(MethodRefused("The resource has no such method"))
    response["Allow"] = ", ".join(sorted({*allowed, *(["HEAD"] if "GET" in allowed else [])}))
    return response


def _refused(request: HttpRequest, error: ServiceError) -> HttpResponse:
    response = refusal(error)
    if isinstance(error, NotSignedIn):
        response["WWW-Authenticate"] = challenges(request)
    return response
