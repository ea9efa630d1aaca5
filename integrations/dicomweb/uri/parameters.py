"""The query of a request to the URI service, checked.

Names are case-sensitive and may come in any order; names that the clause does not know are passed over.

Reference  PS3.18 §9.1.2 (common), §9.4.1.2 (Retrieve DICOM Instance), §9.5.1.2 (Retrieve Rendered Instance)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from archive.pixels.rendering.wishes import LARGEST, Region
from archive.pixels.windowing import VoiFunction, Window, is_valid
from common.errors import InvalidInput
from common.uids import is_uid_lenient
from integrations.dicomweb.media_types import ANY_SYNTAX
from integrations.dicomweb.rendering import ANNOTATIONS, DEFAULT_QUALITY, Parameters, keywords_of

REQUEST_TYPE = "WADO"
_LONGEST_NUMBER = 9
_LARGEST_VALUE = 1e9
# Of the one transaction only (§9.4.1.2, §9.5.1.2). What asks to hide somebody must never be passed over.
OF_OBJECTS = frozenset(["anonymize", "transferSyntax"])
OF_PICTURES = frozenset([
    "frameNumber", "rows", "columns", "region", "windowCenter", "windowWidth", "imageQuality",
    "presentationUID", "presentationSeriesUID",
])  # fmt: skip
_TOLD_BY_STATE = ("frameNumber", "windowCenter", "windowWidth")
Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """The instance that is asked for, by all three of its UIDs."""

    study: str
    series: str
    instance: str


@dataclass(frozen=True, slots=True)
class ObjectWish:
    """In which transfer syntax an object is to come, if one is named, and whether nobody is to be told from it."""

    transfer_syntax: str
    is_anonymous: bool


@dataclass(frozen=True, slots=True)
class PictureWish:
    """How an instance is to be shown, in the words of the Rendered resources. A frame of 0 is left to the image."""

    frame: int
    parameters: Parameters
    presentation: Target | None


def given(request: HttpRequest) -> dict[str, str]:
    """Every parameter with its value. Raises  InvalidInput for one that is given twice."""
    found: dict[str, str] = {}
    for name in request.GET:
        values = set(request.GET.getlist(name))
        if len(values) > 1:
            raise _refused(name, "is given twice")
        found[name] = values.pop().strip()
    return {name: value for name, value in found.items() if value}


def target(query: Given) -> Target:
    """What is asked for. Raises  InvalidInput naming the parameter that is missing or no UID."""
    if query.get("requestType") != REQUEST_TYPE:
        raise _refused("requestType", "is WADO")
    return Target(*(_uid(query, name) for name in ("studyUID", "seriesUID", "objectUID")))


def object_wish_of(query: Given) -> ObjectWish:
    """How the object is to be. Raises  InvalidInput."""
    syntax, anonymize = query.get("transferSyntax", ""), query.get("anonymize", "")
    if syntax not in {"", ANY_SYNTAX} and not is_uid_lenient(syntax):
        raise _refused("transferSyntax", "is one UID")
    if anonymize not in {"", "yes"}:
        raise _refused("anonymize", "is yes, or is not given")
    return ObjectWish(syntax, bool(anonymize))


def picture_wish(query: Given, *, study: str) -> PictureWish:
    """How the picture is to be. Raises  InvalidInput naming the parameter that cannot be meant."""
    presentation = _presentation(query, study)
    if presentation is not None:
        refuse_beside_state(query, _TOLD_BY_STATE)
    keywords = _annotations(query)
    return PictureWish(
        frame=_whole(query, "frameNumber", default=0),
        parameters=Parameters(
            window=_window(query),
            function="LINEAR",
            size=_size(query),
            region=_region(query.get("region", "")),
            quality=_whole(query, "imageQuality", default=DEFAULT_QUALITY, most=100),
            annotations=keywords & ANNOTATIONS,
            with_profile=False,
            unsupported=tuple(sorted(keywords - ANNOTATIONS)),
        ),
        presentation=presentation,
    )


def refuse_mixed(query: Given, others: frozenset[str], *, media_type: str) -> None:
    """Raises  InvalidInput for a parameter that is not of the transaction which the media type makes it."""
    mixed = sorted(others & set(query))
    if mixed:
        raise _refused(mixed[0], f"does not go with {media_type}")


def refuse_beside_state(query: Given, names: Sequence[str] = (*_TOLD_BY_STATE, "region")) -> None:
    """Raises  InvalidInput for a parameter that does not go with a presentation state.

    Beside the parameters that name one, a region may be given, which is cut out of what the state shows (§9.5.1.2.7,
    §9.5.2.4); where it is itself the target resource, none may (§9.5.2.3).
    """
    for name in names:
        if name in query:
            raise _refused(name, "shall not be present with a presentation state")


def _presentation(query: Given, study: str) -> Target | None:
    named = {"presentationUID", "presentationSeriesUID"} & set(query)
    if not named:
        return None
    return Target(study, _uid(query, "presentationSeriesUID"), _uid(query, "presentationUID"))


def _window(query: Given) -> tuple[float, float] | None:
    if not _both(query, "windowCenter", "windowWidth"):
        return None
    center, width = (
        _number("windowCenter", query["windowCenter"]),
        _number("windowWidth", query["windowWidth"]),
    )
    if not is_valid(Window(center, width), VoiFunction.LINEAR):
        raise _refused("windowWidth", "is 1 or more")
    return center, width


def _size(query: Given) -> tuple[int, int] | None:
    if not _both(query, "rows", "columns"):
        return None
    return _whole(query, "columns", most=LARGEST), _whole(query, "rows", most=LARGEST)


def _region(text: str) -> Region | None:
    """`xmin,ymin,xmax,ymax` in fractions of the picture."""
    if not text:
        return None
    corners = [_number("region", part) for part in text.split(",")]
    if len(corners) != 4:
        raise _refused("region", "is xmin,ymin,xmax,ymax")
    left, top, right, bottom = corners
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise _refused("region", "lies from 0.0,0.0 to 1.0,1.0, and has a size")
    return Region(left, top, right - left, bottom - top, is_relative=True)


def _annotations(query: Given) -> frozenset[str]:
    """Named `annotation` by the syntax of §9.5.1 and `imageAnnotation` by its table."""
    return keywords_of(query.get("annotation")) | keywords_of(query.get("imageAnnotation"))


def _both(query: Given, one: str, other: str) -> bool:
    missing = {one, other} - set(query)
    if len(missing) == 1:
        raise _refused(missing.pop(), f"goes with {one if one in query else other}")
    return not missing


def _uid(query: Given, name: str) -> str:
    uid = query.get(name, "")
    if not is_uid_lenient(uid):
        raise _refused(name, "is a UID")
    return uid


def _whole(query: Given, name: str, *, default: int | None = None, most: int = 10**_LONGEST_NUMBER) -> int:
    text = query.get(name, "")
    if not text and default is not None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    if not is_number or not 1 <= int(text) <= most:
        raise _refused(name, f"is a whole number from 1 to {most}")
    return int(text)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > _LARGEST_VALUE:
        raise _refused(name, "is a decimal number")
    return value


def _refused(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(f"{name} {sentence}", code="PARAMETER_INVALID", fields={name: sentence})
