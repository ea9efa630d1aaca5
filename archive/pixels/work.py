"""What the decoder's processes can be asked to do, by name. A task is given an object and plain values.

It returns facts that JSON can carry, and bytes. Nothing here may need Django's models or settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Data = bytes | memoryview
Task = Callable[..., tuple[dict[str, Any], bytes]]

TASKS: dict[str, Task] = {}
