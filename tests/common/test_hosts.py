"""Host names and addresses, as people type them."""

from __future__ import annotations

import pytest

from common.hosts import host_in


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("10.1.0.7", "10.1.0.7"), ("2001:DB8::0001", "2001:db8::1"), ("emr.county.example", "emr.county.example"),
        ("EMR_1", "EMR_1"), ("emr.", "emr."), ("x" * 63, "x" * 63),
    ],
)  # fmt: skip
def test_a_name_or_an_address_is_a_host(text: str, host: str) -> None:
    assert host_in(text) == host


@pytest.mark.parametrize(
    "text", ["", "10.1.0.700", "-emr", "emr-", "a b", "a..b", "http://emr", "x" * 64, "a." * 127]
)
def test_anything_else_is_none(text: str) -> None:
    assert host_in(text) is None
