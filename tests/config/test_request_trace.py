"""Requests served by one thread do not share a trace."""

from __future__ import annotations

from accounts.models import AuditEvent


def test_two_requests_leave_their_lines_under_two_traces(cast, client):
    for person in (cast.rosa, cast.rafael):
        client.post("/sign-in/", {"username": person.username, "password": "not-the-password"})

    traces = AuditEvent.objects.filter(action="person.sign_in_failed").values_list("trace_id", flat=True)
    assert len(set(traces)) == len(traces) == 2
