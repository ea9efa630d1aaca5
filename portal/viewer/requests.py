"""What a request for a picture may ask, read with a clear refusal for what cannot be meant."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from archive.pixels.windowing import Window
from common.errors import InvalidInput

SMALLEST, LARGEST = 16, 2048


@dataclass(frozen=True, slots=True)
class Wish:
    """How a slice is to be shown; None leaves the choice to the image."""

    window: Window | None
    frame: int
    size: int | None

    @property
    def key(self) -> str:
        window = f"{self.window.center:g}/{self.window.width:g}" if self.window else "auto"
        return f"{window}-{self.frame}-{self.size or 'full'}"


def wish_of(request: HttpRequest) -> Wish:
    """The query of a slice: center and width together, frame from 1, size of the longer side.

    Raises  InvalidInput naming the parameter.
    """
    return Wish(_window(request), _integer(request, "frame", least=1) or 1, size_of(request))


def size_of(request: HttpRequest) -> int | None:
    """The largest size asked for, if any."""
    return _integer(request, "size", least=SMALLEST, most=LARGEST)


def _window(request: HttpRequest) -> Window | None:
    center, width = _number(request, "center"), _number(request, "width")
    if center is None and width is None:
        return None
    if center is None or width is None:
        missing = "center" if center is None else "width"
        raise _refused(missing, _("Window center and width belong together: give both or none."))
    if not 1 <= width <= 1e9:
        raise _refused("width", _("Window width must be 1 or more."))
    return Window(center, width)


def _number(request: HttpRequest, name: str) -> float | None:
    text = request.GET.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e9:
        raise _refused(name, _("This is not a number."))
    return number


def _integer(request: HttpRequest, name: str, *, least: int, most: int = 10**6) -> int | None:
    text = request.GET.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 7 or not least <= int(text) <= most:
        raise _refused(
            name,
            _("This must be a whole number from %(least)d to %(most)d.") % {"least": least, "most": most},
        )
    return int(text)


def _refused(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="PARAMETER_INVALID", fields={name: sentence})
