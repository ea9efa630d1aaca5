"""What waits for one socket stays small, whatever happens to its line."""

from __future__ import annotations

import asyncio

from notifications.outbox import REFETCH, Outbox


async def drain(outbox: Outbox) -> list[str]:
    return [await outbox.take() for _ in range(len(outbox))]


def test_texts_leave_in_order_and_each_once() -> None:
    outbox = Outbox()
    for text in ("a", "b", "a", "c"):
        outbox.put(text)

    assert asyncio.run(drain(outbox)) == ["a", "b", "c"]


def test_a_page_that_falls_behind_is_told_to_fetch_everything_anew() -> None:
    outbox = Outbox(limit=3)
    for number in range(1000):
        outbox.put(str(number))

    assert asyncio.run(drain(outbox)) == [REFETCH]


def test_after_that_it_hears_of_changes_again() -> None:
    outbox = Outbox(limit=1)
    outbox.put("a")
    outbox.put("b")
    assert asyncio.run(drain(outbox)) == [REFETCH]

    outbox.put("c")

    assert asyncio.run(drain(outbox)) == ["c"]


def test_taking_waits_for_something_to_take() -> None:
    async def scene() -> str:
        outbox = Outbox()
        taker = asyncio.create_task(outbox.take())
        await asyncio.sleep(0)
        assert not taker.done()
        outbox.put("late")
        return await asyncio.wait_for(taker, 5)

    assert asyncio.run(scene()) == "late"
