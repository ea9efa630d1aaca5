"""Every kind of refusal in DIMSE's words (PS3.4 §B.2.3, §K.4.1.1.4)."""

import pytest

from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, Unavailable
from integrations.dicom.status import find_status, storage_status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("damaged", code="DATA_SET_DAMAGED"), 0xC000),
        (InvalidInput("mismatch", code="SOP_MISMATCH"), 0xA900),
        (InvalidInput("no UID", code="UID_UNUSABLE"), 0xA900),
        (Conflict("held", code="DUPLICATE_SOP_INSTANCE"), 0x0111),
        (NotPermitted("no"), 0x0124),
        (NotFound("no"), 0x0112),
        (Unavailable("full", code="STORAGE_FULL"), 0xA700),
    ],
)
def test_a_refused_object_gets_the_status_that_fits(error, status):
    assert storage_status(error) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidInput("key"), 0xA900), (NotPermitted("no"), 0x0124), (Unavailable("later"), 0xA700)],
)
def test_a_refused_query_gets_the_status_that_fits(error, status):
    assert find_status(error) == status
