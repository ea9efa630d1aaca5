"""How a client wishes for a rendered picture: the query parameters of the Rendered and Thumbnail resources.

Reference  PS3.18 §8.3.5 (rendering query parameters), §8.3.5.1 (annotation, quality, viewport, window, iccprofile)
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseBase

from archive.pixels.rendering.wishes import LARGEST, Region
from archive.pixels.windowing import VoiFunction, Window, is_valid
from common.errors import InvalidInput
from integrations.dicomweb.door import warn
from integrations.dicomweb.media_types import GIF

FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
ANNOTATIONS = frozenset(["patient", "technique"])
_KEYWORD = re.compile(r"[a-z0-9._-]{1,64}")
_PROFILES = {"": (False, False), "no": (False, False), "yes": (True, False), "srgb": (True, True)}
DEFAULT_QUALITY = 90
_FEWEST_PARTS, _MOST_PARTS = 2, 6  # of a viewport


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the query said, checked. `unsupported` are the keywords of annotations that are passed over."""

    window: tuple[float, float] | None
    function: str
    size: tuple[int, int] | None
    region: Region | None
    quality: int
    annotations: frozenset[str]
    with_profile: bool
    in_srgb: bool = False
    unsupported: tuple[str, ...] = ()


_NOTHING_SAID = Parameters(None, "LINEAR", None, None, DEFAULT_QUALITY, frozenset(), with_profile=False)


def parameters_of(request: HttpRequest) -> Parameters:
    """The parameters of a Rendered resource. Raises InvalidInput naming the one that cannot be meant."""
    if not request.META.get("QUERY_STRING"):
        return _NOTHING_SAID
    window, function = _window(request.GET.get("window"))
    size, region = _viewport(request.GET.get("viewport"))
    keywords = keywords_of(request.GET.get("annotation"))
    with_profile, in_srgb = _profile(request.GET.get("iccprofile"))
    return Parameters(
        window=window,
        function=function,
        size=size,
        region=region,
        quality=_quality(request.GET.get("quality")),
        annotations=keywords & ANNOTATIONS,
        with_profile=with_profile,
        in_srgb=in_srgb,
        unsupported=tuple(sorted(keywords - ANNOTATIONS)),
    )


def refuse_beside_state(parameters: Parameters) -> None:
    """Raises InvalidInput for what a Rendered resource of a presentation state does not take: the state says it itself.

    Reference  PS3.18 §8.3.5.1.3 (its viewport is a width and a height), §8.3.5.1.4 (it has no window)
    """
    if parameters.region is not None:
        raise _refused("viewport", "of a presentation state nothing but vw and vh are specified")
    if parameters.window is not None:
        raise _refused("window", "shall not be used if the target resource is a presentation state")


def refuse_profile(parameters: Parameters, kind: str) -> None:
    """Raises InvalidInput if a profile is wished for in a media type that holds none (§8.3.5.1.5)."""
    if parameters.with_profile and kind == GIF.type:
        raise _refused("iccprofile", "the media type does not support embedded ICC profiles")


def thumbnail_size(request: HttpRequest, default: int) -> tuple[int, int]:
    """The viewport of a Thumbnail resource, of which only width and height may be said. Raises InvalidInput."""
    size, region = _viewport(request.GET.get("viewport"))
    if region is not None:
        raise _refused("viewport", "the viewport of a thumbnail is its width and height")
    return size or (default, default)


def warned(request: HttpRequest, response: HttpResponseBase, parameters: Parameters) -> HttpResponseBase:
    """The answer, which tells of annotations that were asked for and are not supported (§8.3.5.1.1)."""
    if parameters.unsupported:
        names = ", ".join(parameters.unsupported)
        warn(request, response, f"The following annotation values are not supported: {names}")
    return response


def _window(text: str | None) -> tuple[tuple[float, float] | None, str]:
    """`center,width,function`: all three shall be present (§8.3.5.1.4)."""
    if text is None:
        return None, "LINEAR"
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3:
        raise _refused("window", "a window is center,width,function")
    function = FUNCTIONS.get(parts[2].lower().replace("_", "-"))
    if function is None:
        raise _refused("window", "a function is linear, linear-exact or sigmoid")
    center, width = (_number("window", part) for part in parts[:2])
    if not is_valid(Window(center, width), VoiFunction(function)):
        raise _refused("window", "a width is 1 or more for linear, and above 0 for the other functions")
    return (center, width), function


def _viewport(text: str | None) -> tuple[tuple[int, int] | None, Region | None]:
    """`vw,vh,sx,sy,sw,sh`: size of the picture, then corner and size of the region of the image.

    Of a region parts may be empty, and those at the end left away; of its corner absolute values count (§8.3.5.1.3).
    """
    if text is None:
        return None, None
    parts = [part.strip() for part in text.split(",")]
    if not _FEWEST_PARTS <= len(parts) <= _MOST_PARTS:
        raise _refused("viewport", "a viewport is vw,vh or vw,vh,sx,sy,sw,sh")
    width, height = (_pixels(part) for part in parts[:2])
    if len(parts) == _FEWEST_PARTS:
        return (width, height), None
    given = (_number("viewport", part) if part else None for part in parts[2:])
    x, y, region_width, region_height = itertools.islice(itertools.chain(given, itertools.repeat(None)), 4)
    if 0 in {region_width, region_height}:
        raise _refused("viewport", "the region has a size")
    return (width, height), Region(abs(x or 0.0), abs(y or 0.0), region_width, region_height)


def _pixels(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= LARGEST):
        raise _refused("viewport", f"width and height are whole numbers from 1 to {LARGEST}")
    return int(text)


def _quality(text: str | None) -> int:
    if text is None:
        return DEFAULT_QUALITY
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= 100):
        raise _refused("quality", "a quality is a whole number from 1 to 100")
    return int(text)


def keywords_of(text: str | None) -> frozenset[str]:
    """The keywords of a list, of which those that are not supported are passed over (§8.3.5.1.1).

    Raises  InvalidInput if there are none, or some are no keywords.
    """
    if text is None:
        return frozenset()
    asked = frozenset(part.strip().lower() for part in text.split(","))
    if not all(_KEYWORD.fullmatch(word) for word in asked):
        raise _refused("annotation", "this is no list of keywords")
    return asked


def _profile(text: str | None) -> tuple[bool, bool]:
    """Whether a profile comes with the picture, and whether it is that of sRGB."""
    wish = _PROFILES.get((text or "").strip().lower())
    if wish is None:
        raise _refused("iccprofile", "profiles are no, yes and srgb")
    return wish


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e9:
        raise _refused(name, "this is no number")
    return value


def _refused(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(f"{name}: {sentence}", code="PARAMETER_INVALID", fields={name: sentence})
