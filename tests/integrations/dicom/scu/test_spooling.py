"""What is kept of an object that comes over an association we opened, and where."""

from __future__ import annotations

import pytest

from integrations.dicom.scu import spooling
from integrations.dicom.scu.spooling import SpooledDataSet


@pytest.mark.parametrize(("size", "is_in_memory"), [(8, True), (9, False), (100, False)])
def test_a_data_set_goes_to_a_file_once_it_is_large(monkeypatch, size, is_in_memory):
    monkeypatch.setattr(spooling, "IN_MEMORY_AT_MOST", 8)
    data = bytes(range(size))

    spool = SpooledDataSet(data[:3], largest_bytes=1000)
    spool.write(data[3:])

    assert spool.is_in_memory is is_in_memory
    assert b"".join(spool.pieces()) == data
    spool.close()


@pytest.mark.parametrize("in_memory", [8, 1000])
def test_of_one_that_is_too_large_only_that_is_kept_which_shows_it(monkeypatch, in_memory):
    monkeypatch.setattr(spooling, "IN_MEMORY_AT_MOST", in_memory)
    spool = SpooledDataSet(b"", largest_bytes=20)

    for _ in range(1000):
        assert spool.write(b"x" * 10) == 10

    assert b"".join(spool.pieces()) == b"x" * 21
