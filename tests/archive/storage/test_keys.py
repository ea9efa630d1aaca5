"""Keys of loose objects and of slices; nothing else is ever taken for one."""

import pytest

from archive.storage.keys import (
    ObjectKey,
    check_segment_key,
    content_key,
    new_segment_key,
    parse_key,
    slice_key,
)
from common.errors import InvalidInput

DIGEST = "ab" * 32


def test_a_loose_object_is_named_by_its_digest():
    assert parse_key(content_key(DIGEST)) == ObjectKey(f"sha256/aba/{DIGEST}")


def test_a_slice_names_its_segment_offset_and_length():
    segment = new_segment_key()
    key = parse_key(slice_key(segment, 4096, 525_312))

    assert (key.segment, key.offset, key.length) == (segment, 4096, 525_312)
    assert str(key) == f"{segment}@4096+525312"


@pytest.mark.parametrize(
    "key",
    [
        "", "/etc/passwd", "../../etc/passwd", "sha256/abc/../../x", "sha256/ABC/0", f"sha256/abc/{DIGEST}",
        f"sha256/aba/{DIGEST}\n", "series/00/" + "1" * 32 + "@0+1", "series/11/" + "1" * 32,
        "series/11/" + "1" * 32 + "@-1+1", "series/11/" + "1" * 32 + "@0+" + "9" * 16,
    ],
)  # fmt: skip
def test_anything_else_is_no_key(key):
    with pytest.raises(InvalidInput):
        parse_key(key)


def test_a_slice_is_not_the_key_of_a_segment():
    with pytest.raises(InvalidInput):
        check_segment_key(slice_key(new_segment_key(), 0, 1))
