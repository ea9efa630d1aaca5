"""What is kept of where frames lie: the last ones asked for, and never more than so many parts."""

from __future__ import annotations

from archive.pixels.encapsulation import Extent, Layout
from integrations.dicomweb.retrieve.stored_frames import Layouts


def layout(frames: int) -> Layout:
    parts = [(Extent(number, 1),) for number in range(frames)]
    return Layout("1.2.840.10008.1.2.5", True, False, 0, frames, 8, 0, 0, encoded=parts)


def test_the_layouts_asked_for_last_are_kept():
    kept = Layouts(2, 100)
    for key in ("a", "b"):
        kept.keep(key, layout(1))
    kept.get("a")
    kept.keep("c", layout(1))

    assert [kept.get(key) is not None for key in ("a", "b", "c")] == [True, False, True]


def test_layouts_of_many_parts_leave_less_room_for_others():
    kept = Layouts(10, 100)
    for key, frames in (("a", 40), ("b", 40), ("c", 40), ("c", 40)):
        kept.keep(key, layout(frames))
    assert [kept.get(key) is not None for key in ("a", "b", "c")] == [False, True, True]

    kept.keep("larger than all", layout(101))
    assert not any(kept.get(key) for key in ("a", "b", "c", "larger than all"))

    kept.keep("d", layout(100))
    assert kept.get("d") is not None
