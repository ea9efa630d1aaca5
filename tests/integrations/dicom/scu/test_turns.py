"""The turn of reading on an association we opened."""

from __future__ import annotations

import threading

from integrations.dicom.scu.turns import Turnstile


def coming_by(turnstile: Turnstile, ended: threading.Event) -> threading.Thread:
    """A thread that comes by again and again, as an association's own does."""

    def run() -> None:
        while not ended.is_set():
            turnstile.wait()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def until(said: object) -> None:
    waiting = threading.Event()
    for _ in range(5000):
        if said():  # type: ignore[operator]
            return
        waiting.wait(0.001)
    raise AssertionError("it did not come about")


def test_who_asks_for_the_turn_gets_it_and_the_other_rests_until_it_is_given_back():
    turnstile, ended = Turnstile(), threading.Event()
    thread = coming_by(turnstile, ended)

    turnstile.clear()
    until(lambda: turnstile.is_at_rest)
    ended.set()
    assert thread.is_alive()

    turnstile.set()
    thread.join(timeout=5)
    assert not thread.is_alive()


def test_a_turn_taken_again_at_once_lets_the_other_read_nothing_in_between():
    turnstile, passed = Turnstile(), []

    def run() -> None:
        turnstile.wait()
        passed.append(True)

    turnstile.clear()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    until(lambda: turnstile.is_at_rest)
    with turnstile._changed:  # the other cannot wake between the two
        turnstile._is_wanted = False
        turnstile._changed.notify_all()
        turnstile._is_wanted = True

    thread.join(timeout=0.2)
    assert thread.is_alive()
    assert turnstile.is_at_rest
    assert not passed
    turnstile.set()
    thread.join(timeout=5)
    assert passed == [True]
