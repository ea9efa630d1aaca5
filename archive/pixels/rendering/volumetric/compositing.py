"""Colours of several inputs made one: each pair by weights that depend on the opacity of both.

    first pair   C = C1 * W1(A1, A2) + C2 * W2(A1, A2)
    each next    the same, with what has been made as the first, and 1 - A2 for its opacity

Reference  PS3.4 §FF.2.3.3.2 (RGB compositor), PS3.3 §C.11.27.3, §C.11.27.4 (weighting transfer functions)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.tables import Table, Values, table_of
from archive.pixels.rendering.volumetric.classification import Colours

_LARGEST_WEIGHT = 255


@dataclass(frozen=True, slots=True)
class Weighting:
    """A table by both opacities: half of the bits of an index are the first one's, and above the other's."""

    table: Table

    def weights(self, first: Values, second: Values) -> Values:
        count = 1 << (self.table.entries.size.bit_length() - 1) // 2
        high, low = (np.rint(alpha * (count - 1)).astype(np.int64) for alpha in (first, second))
        found: Values = self.table.entries[high * count + low] / _LARGEST_WEIGHT
        return found


@dataclass(frozen=True, slots=True)
class Compositor:
    """The weights of two inputs."""

    first: Weighting
    second: Weighting

    def composed(self, one: Colours, other: Colours, *, alpha: Values) -> Colours:
        """Both together, the first with this opacity instead of its own; it keeps no opacity."""
        weights = [each.weights(alpha, other[..., 3])[..., None] for each in (self.first, self.second)]
        made: Colours = np.clip(one[..., :3] * weights[0] + other[..., :3] * weights[1], 0, 1)
        return made


def composed(inputs: Sequence[Colours], compositors: Sequence[Compositor]) -> Colours:
    """Shares of red, green and blue. Shapes  inputs (..., 4) to (..., 3)."""
    made, alpha = inputs[0], inputs[0][..., 3]
    for number, (compositor, other) in enumerate(zip(compositors, inputs[1:], strict=True)):
        made = compositor.composed(made, other, alpha=alpha if number == 0 else 1 - other[..., 3])
    return made[..., :3]


def compositors_of(state: Dataset, *, inputs: int) -> list[Compositor]:
    """One fewer than there are inputs. Raises PixelsUnreadable PRESENTATION_UNSUITED."""
    items = state.get("PresentationStateCompositorComponentSequence") or ()
    if len(items) != inputs - 1:
        raise unreadable("PRESENTATION_UNSUITED")
    return [_compositor(item) for item in items]


def _compositor(item: Dataset) -> Compositor:
    tables = item.get("WeightingTransferFunctionSequence") or ()
    if len(tables) != 2:
        raise unreadable("PRESENTATION_UNSUITED")
    first, second = (_weighting(one) for one in tables)
    return Compositor(first, second)


def _weighting(item: Dataset) -> Weighting:
    """The number of entries is an even power of two, and 8 bits the size of each."""
    table = table_of(item)
    power = table.entries.size.bit_length() - 1
    if (
        table.entries.size != 1 << power
        or power % 2
        or table.bits != 8
        or table.entries.max() > _LARGEST_WEIGHT
    ):
        raise unreadable("PRESENTATION_UNSUITED")
    return Weighting(table)
