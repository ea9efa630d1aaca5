"""What branches changed of the same data, brought together.

Spiff merges branch by branch: what one branch left as it was overwrites what another changed, and lists are mixed
item by item. Here a value counts if a branch changed it; of two changes the later one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

Data = Mapping[str, Any]


def changes(base: Data, version: Data) -> dict[str, Any]:
    """What a version of the data has that its base has not, or has otherwise."""
    return {key: value for key, value in version.items() if key not in base or base[key] != value}


def merged(base: Data, versions: Iterable[Data]) -> dict[str, Any]:
    """The data with every version's changes, the first version's first. Objects are merged key by key."""
    result = deepcopy(dict(base))
    for version in versions:
        for key, value in changes(base, version).items():
            before, now = base.get(key), result.get(key)
            if isinstance(value, dict) and isinstance(before, dict) and isinstance(now, dict):
                result[key] = _merged_into(now, before, value)
            else:
                result[key] = deepcopy(value)
        for key in base.keys() - version.keys():
            result.pop(key, None)
    return result


def _merged_into(now: Data, before: Data, version: Data) -> dict[str, Any]:
    """An object with the changes of one more version of it."""
    return merged(before, [now, version])
