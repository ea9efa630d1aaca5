"""Look-up tables of the grey scale: modality, VOI and presentation (PS3.3 §C.11.1.1, §C.11.2.1.1, §C.11.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """Entries from `first` on, each of `bits` bits; what lies beyond takes the entry at the end."""

    first: int
    bits: int
    entries: NDArray[np.uint16]

    @property
    def largest(self) -> int:
        return (1 << self.bits) - 1

    def of_values(self, values: NDArray[Any]) -> Values:
        """The entries of whole numbers; fractions are rounded."""
        index = np.clip(np.rint(values).astype(np.int64) - self.first, 0, self.entries.size - 1)
        found: Values = self.entries[index].astype(np.float64)
        return found

    def of_shares(self, shares: Values) -> Values:
        """The entries of shares in [0, 1] of the whole table, as shares of the largest entry."""
        index = np.rint(shares * (self.entries.size - 1)).astype(np.int64)
        found: Values = self.entries[index] / self.largest
        return found


def table_of(item: Dataset, *, is_signed: bool = False) -> Table:
    """The table of a sequence item. `is_signed` says how its first mapped value is to be read.

    Raises  PixelsUnreadable if it is none.
    """
    try:
        count, first, bits = (int(value) for value in item.LUTDescriptor)
        entries = _entries(item.LUTData, count or 1 << 16)
    except (AttributeError, TypeError, ValueError) as error:
        raise unreadable() from error
    if not entries.size or not 1 <= bits <= 16:
        raise unreadable()
    if is_signed and first > 0x7FFF:
        first -= 0x10000
    return Table(first, bits, entries)


def _entries(data: Any, count: int) -> NDArray[np.uint16]:
    """Of 16 bits each, or of 8 bits two to a word (PS3.3 §C.11.1.1.1)."""
    if isinstance(data, bytes):
        kind = "<u2" if len(data) >= 2 * count else "u1"
        return np.frombuffer(data, kind)[:count].astype(np.uint16)
    return np.atleast_1d(np.array(data, np.int64))[:count].astype(np.uint16)
