"""What the foundations themselves have the timers do."""

from events.duties import _duties


def test_undelivered_news_and_the_audit_trail_are_looked_after() -> None:
    assert {"events.deliver", "audit.seal"} <= set(_duties)
