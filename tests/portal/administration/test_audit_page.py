"""The audit trail as those who keep it read it."""

from __future__ import annotations

import pytest

from accounts.audit import record_audit, seal_trail


@pytest.fixture
def ines(cast, client):
    client.force_login(cast.ines)
    record_audit(
        cast.rosa, "study.opened", object_kind="study", object_uid="1.2.3", study_instance_uid="1.2.3",
        site_code="provincial",
    )  # fmt: skip
    return client


def test_lines_are_sealed_or_not_yet(ines):
    assert "not yet" in ines.get("/audit/").content.decode()

    seal_trail()

    assert "not yet" not in ines.get("/audit/").content.decode()


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("study=1.2.3", True), ("study=1.2.4", False), ("actor=rosa", True), ("actor=theo", False),
        ("action=study.", True), ("action=report.", False),
    ],
)  # fmt: skip
def test_trail_is_searched_by_study_person_and_action(ines, query, is_found):
    assert ("study.opened" in ines.get(f"/audit/?{query}").content.decode()) is is_found


def test_whole_chain_is_told_from_a_broken_one(ines, monkeypatch):
    seal_trail()
    assert "The chain is whole" in ines.get("/audit/?check=1").content.decode()

    monkeypatch.setattr("portal.administration.views.first_broken_position", lambda: 7)

    assert "broken at line 7" in ines.get("/audit/?check=1").content.decode()


def test_trace_id_that_is_none_is_said_beside_its_field(ines):
    answer = ines.get("/audit/?trace=xyz")

    assert answer.status_code == 400
    assert "A trace id looks like" in answer.content.decode()


def test_trail_is_not_there_for_those_who_do_not_keep_it(cast, client):
    for person in (cast.rosa, cast.ivo, cast.otto):
        client.force_login(person)
        assert client.get("/audit/").status_code == 404
