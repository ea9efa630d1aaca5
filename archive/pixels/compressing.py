"""pydicom's encoders where several threads compress at once."""

from __future__ import annotations

import threading
from typing import Any

from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import JPEG2000Lossless

_one_jpeg2000 = threading.Lock()


def compress(
    dataset: Dataset, transfer_syntax_uid: str, pixels: NDArray[Any] | None = None, *, plugin: str = ""
) -> None:
    """Compress in place, losslessly; the SOP Instance UID stays. Raises what the encoder raises.

    JPEG 2000 takes its turn: OpenJPEG as pylibjpeg calls it hands what it writes to Python with state that all threads
    share, and a second one damages the memory of the process or ends it.
    """
    if transfer_syntax_uid != JPEG2000Lossless:
        dataset.compress(transfer_syntax_uid, pixels, generate_instance_uid=False, encoding_plugin=plugin)
        return
    with _one_jpeg2000:
        dataset.compress(transfer_syntax_uid, pixels, generate_instance_uid=False, encoding_plugin=plugin)
