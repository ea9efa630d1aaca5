"""Edges made plainer: each pixel drawn away from the mean of those around it.

How strong the strongest filter is, is left to who applies it: here it adds the whole difference once.
Reference  PS3.4 §N.2.5.2 (edge enhancement), PS3.3 §C.11.21 (display filter percentage)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.pixels.rendering.tables import Values


def enhanced(samples: NDArray[Any], share: float) -> Values:
    """The samples with edges enhanced by a share from 0 to 1 of what can be. Beyond the border its pixels go on."""
    values = samples.astype(np.float64)
    rows, columns = values.shape
    around = np.pad(values, 1, mode="edge")
    nine = sum(
        (around[down : down + rows, right : right + columns] for down in range(3) for right in range(3)),
        start=np.zeros(()),
    )
    plainer: Values = values + share * (values - nine / 9)
    return plainer
