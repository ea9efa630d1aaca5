"""Access tokens: whom they let in, for how long, and what is kept of them."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import AccessToken, AuditEvent
from accounts.tokens import AT_MOST, actor_of_token, issue_token, revoke_token, tokens_of
from common.errors import Conflict, InvalidInput, NotFound

A_MONTH = dt.timedelta(days=30)


def test_whoever_shows_a_token_acts_as_its_person(cast, clock):
    _token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)

    assert actor_of_token(secret) == cast.rosa
    assert actor_of_token(secret, username="rosa") == cast.rosa
    assert actor_of_token(secret, username="theo") is None


def test_of_a_token_its_digest_is_kept_and_nothing_else(cast, clock):
    token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)

    assert secret not in str(AccessToken.objects.filter(pk=token.pk).values())
    assert secret not in str(list(AuditEvent.objects.values()))


def test_a_token_opens_nothing_from_the_moment_it_expires(cast, clock):
    _token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)

    clock.advance(A_MONTH - dt.timedelta(seconds=1))
    assert actor_of_token(secret) == cast.rosa
    clock.advance(dt.timedelta(seconds=1))
    assert actor_of_token(secret) is None


def test_a_token_taken_back_opens_nothing(cast, clock):
    token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)

    revoke_token(cast.rosa, token.uid)

    assert actor_of_token(secret) is None
    actions = AuditEvent.objects.filter(object_uid=str(token.uid)).order_by("id")
    assert list(actions.values_list("action", flat=True)) == ["token.issued", "token.revoked"]


def test_a_token_opens_nothing_once_the_account_is_closed(cast, clock):
    _token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)
    cast.rosa.is_active = False
    cast.rosa.save(update_fields=["is_active"])

    assert actor_of_token(secret) is None


def test_nobody_takes_back_the_token_of_another(cast, clock):
    token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)

    with pytest.raises(NotFound):
        revoke_token(cast.otto, token.uid)
    assert actor_of_token(secret) == cast.rosa


@pytest.mark.parametrize("shown", ["", "cst_", "x" * 47, "cst_" + "é" * 43, "cst_" + "A" * 43])
def test_what_is_no_token_opens_nothing(cast, shown):
    assert actor_of_token(shown) is None


def test_use_costs_one_statement_and_is_noted_once_a_minute(cast, clock, django_assert_num_queries):
    token, secret = issue_token(cast.rosa, label="OHIF", lasts=A_MONTH)
    actor_of_token(secret)
    first_used = clock.now

    clock.advance(dt.timedelta(seconds=59))
    with django_assert_num_queries(1):
        actor_of_token(secret)
    assert tokens_of(cast.rosa).get(pk=token.pk).last_used_at == first_used

    clock.advance(dt.timedelta(seconds=1))
    actor_of_token(secret)
    assert tokens_of(cast.rosa).get(pk=token.pk).last_used_at == clock.now


@pytest.mark.parametrize(
    ("label", "lasts"),
    [
        ("  ", A_MONTH),
        ("x" * 61, A_MONTH),
        ("OHIF", dt.timedelta(0)),
        ("OHIF", dt.timedelta(days=367)),
        ("OHIF", -A_MONTH),
    ],
)
def test_a_token_has_a_purpose_and_an_end(cast, label, lasts):
    with pytest.raises(InvalidInput):
        issue_token(cast.rosa, label=label, lasts=lasts)


def test_a_person_has_so_many_tokens_in_force_and_no_more(cast, clock):
    for number in range(AT_MOST):
        issue_token(cast.rosa, label=f"Program {number}", lasts=A_MONTH)

    with pytest.raises(Conflict):
        issue_token(cast.rosa, label="One more", lasts=A_MONTH)
    clock.advance(A_MONTH)
    issue_token(cast.rosa, label="One more", lasts=A_MONTH)
