"""Slices and thumbnails rendered by the server, and the facts a stack viewer starts from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Person
from archive.pixels.errors import PixelsUnreadable
from archive.studies.models import Series
from archive.studies.selectors import visible_series
from common.errors import NotFound, ServiceError
from portal.api.errors import body_of, status_of
from portal.viewer.access import note_viewing, series_to_show
from portal.viewer.pictures import CONTENT_TYPES, Format, picture, placeholder
from portal.viewer.presets import presets_for
from portal.viewer.requests import size_of, wish_of
from portal.viewer.stacks import Stack, facts_of, frame_of, stack_of

P = ParamSpec("P")
PersonView = Callable[Concatenate[HttpRequest, Person, P], HttpResponseBase]

UNPROCESSABLE = 422
KEPT_S = 3600
THUMBNAIL_SIZE = 160
THUMBNAIL_KEPT_S = 7 * 24 * 3600
_FORMATS: dict[str, Format] = {"jpg": "JPEG", "png": "PNG"}


def for_scripts(view: PersonView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A view that scripts and images read: refusals are JSON, and somebody signed out gets 401."""

    @wraps(view)
    @require_safe
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, Person):
            return JsonResponse({"code": "NOT_AUTHENTICATED", "message": _("Please sign in.")}, status=401)
        try:
            return view(request, request.user, *args, **kwargs)
        except ServiceError as error:
            return JsonResponse(body_of(error), status=status_of(error))

    return answer


@for_scripts
def slice_picture(  # noqa: PLR0917 - the route passes its parts by name
    request: HttpRequest, person: Person, study_uid: str, series_uid: str, index: int, suffix: str
) -> HttpResponseBase:
    """One slice by its place in the stack, windowed as asked; 304 where the browser has it already.

    Returns  422 with a crossed-out frame if the pixels cannot be read.
    """
    wish = wish_of(request)
    series = series_to_show(person, study_uid=study_uid, series_uid=series_uid)
    stack = stack_of(series)
    instance = stack.instance(index)
    note_viewing(request, person, series)
    etag = f'"{instance.sha256[:24]}-{wish.key}"'
    is_current = request.GET.get("v") == stack.version
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return _kept(unchanged, etag, is_immutable=is_current)
    image_format = _FORMATS[suffix]
    try:
        frame = frame_of(instance, frame=wish.frame)
    except PixelsUnreadable as error:
        return _no_picture(error, wish.size or 512, image_format)
    body = picture(frame, window=wish.window, size=wish.size, image_format=image_format)
    response = HttpResponse(body, content_type=CONTENT_TYPES[image_format])
    return _kept(response, etag, is_immutable=is_current)


@for_scripts
def series_thumbnail(
    request: HttpRequest, person: Person, study_uid: str, series_uid: str
) -> HttpResponseBase:
    """The middle slice of a series, small."""
    series = series_to_show(person, study_uid=study_uid, series_uid=series_uid)
    return _thumbnail(request, series)


@for_scripts
def study_thumbnail(request: HttpRequest, person: Person, study_uid: str) -> HttpResponseBase:
    """The middle slice of the study's first acquired series that has pictures, small."""
    series = (
        visible_series(person)
        .filter(study__study_instance_uid=study_uid, instances__rows__gt=0)
        .order_by("is_derived", "series_number", "pk")
        .first()
    )
    if series is None:
        raise NotFound(_("There is no such study with images that you may see."))
    return _thumbnail(request, series)


@for_scripts
def stack_facts(request: HttpRequest, person: Person, study_uid: str, series_uid: str) -> HttpResponseBase:
    """What the stack viewer starts from: slices in order with positions, scale, edges, windows."""
    series = series_to_show(person, study_uid=study_uid, series_uid=series_uid)
    stack = stack_of(series)
    try:
        facts = facts_of(stack)
    except PixelsUnreadable as error:
        return JsonResponse(body_of(error), status=UNPROCESSABLE)
    first_slice = reverse("series-slice", args=[study_uid, series_uid, 0])
    body: dict[str, Any] = {
        "series_instance_uid": series_uid,
        "version": stack.version,
        "slice_url": first_slice.replace("/0.jpg", "/{index}.jpg"),
        "slices": [
            [item.index, item.frame, None if item.position_mm is None else round(item.position_mm, 2)]
            for item in stack.slices
        ],
        "width": facts.width,
        "height": facts.height,
        "mm_per_pixel": facts.mm_per_pixel,
        "window": {"center": facts.window.center, "width": facts.window.width} if facts.window else None,
        "edges": {
            side: getattr(facts.edges, side) for side in ("left", "right", "top", "bottom")
        } if facts.edges else None,
        "presets": [
            {"key": preset.key, "label": str(preset.label), "center": preset.center, "width": preset.width}
            for preset in presets_for(series.modality)
        ],
    }  # fmt: skip
    response = JsonResponse(body)
    response["Cache-Control"] = "private, no-cache"
    return response


def _thumbnail(request: HttpRequest, series: Series) -> HttpResponseBase:
    size = min(size_of(request) or THUMBNAIL_SIZE, 512)
    stack = stack_of(series)
    etag = f'"{series.pk}-{stack.version}-{size}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return _kept(unchanged, etag, is_immutable=False)
    key = f"thumbnail:{series.pk}:{stack.version}:{size}"
    body = cache.get(key)
    if body is None:
        try:
            body = _thumbnail_bytes(stack, size)
        except PixelsUnreadable as error:
            return _no_picture(error, size, "JPEG")
        cache.set(key, body, timeout=THUMBNAIL_KEPT_S)
    return _kept(HttpResponse(body, content_type="image/jpeg"), etag, is_immutable=False)


def _thumbnail_bytes(stack: Stack, size: int) -> bytes:
    middle = stack.middle
    return picture(frame_of(stack.instance(middle.index), frame=middle.frame), size=size)


def _no_picture(error: PixelsUnreadable, size: int, image_format: Format) -> HttpResponse:
    response = HttpResponse(
        placeholder(size, image_format), content_type=CONTENT_TYPES[image_format], status=UNPROCESSABLE
    )
    response["X-Refusal-Code"] = error.code
    response["Cache-Control"] = "private, no-store"
    return response


def _kept(response: HttpResponseBase, etag: str, *, is_immutable: bool) -> HttpResponseBase:
    """Kept by the browser alone: for a while where the address names the version, else to be asked again."""
    response["ETag"] = etag
    response["Cache-Control"] = (
        f"private, max-age={KEPT_S}, immutable" if is_immutable else "private, no-cache"
    )
    response["Vary"] = "Cookie"
    return response
