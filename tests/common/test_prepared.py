"""A prepared queryset answers as the queryset itself would, with one statement and the values of the day."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Person, Role, Site
from common.prepared import PreparedQuery, PreparedUpdate, Slot

MEMBERS = PreparedQuery(
    lambda: (
        Membership.objects.select_related("site", "person")
        .filter(site__code=Slot("site"), role=Role.RADIOLOGIST)
        .order_by("person__username")
    )
)


@pytest.mark.django_db
def test_models_come_back_with_their_related_rows(cast, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = MEMBERS.all(site="provincial")
        assert [(m.person.username, m.site.code, m.role) for m in found] == [
            ("rosa", "provincial", "radiologist")
        ]
    assert MEMBERS.first(site="nowhere") is None
    assert found == list(Membership.objects.filter(site=cast.provincial, role=Role.RADIOLOGIST))


@pytest.mark.django_db
def test_the_statement_stays_the_same_and_only_values_differ(cast):
    with CaptureQueriesContext(connection) as asked:
        MEMBERS.all(site="provincial")
        MEMBERS.all(site="county' OR true --")
    provincial, odd = (query["sql"] for query in asked)
    assert provincial.replace("provincial", "X") == odd.replace("county'' OR true --", "X")


@pytest.mark.django_db
def test_annotations_and_deferred_fields_are_kept(cast, django_assert_num_queries):
    roles = Membership.objects.filter(person=Slot("person"), site=OuterRef("pk"))
    sites = PreparedQuery(
        lambda: Site.objects.defer("name").annotate(is_mine=Exists(roles)).filter(code=Slot("code"))
    )

    mine = sites.first(person=cast.rosa.pk, code="provincial")
    other = sites.first(person=cast.otto.pk, code="provincial")

    assert mine is not None
    assert other is not None
    assert (mine.is_mine, other.is_mine) == (True, False)  # type: ignore[attr-defined]
    with django_assert_num_queries(1):
        assert mine.name == cast.provincial.name


@pytest.mark.django_db
def test_a_row_that_refers_to_nothing_has_nothing_there(cast):
    sites = PreparedQuery(lambda: Site.objects.select_related("expert_site").filter(pk=Slot("pk")))

    assert sites.first(pk=cast.provincial.pk).expert_site is None  # type: ignore[union-attr]
    assert sites.first(pk=cast.county.pk).expert_site == cast.provincial  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_rows_cannot_be_locked_outside_a_transaction(cast):
    locking = PreparedQuery(lambda: Site.objects.select_for_update().filter(pk=Slot("pk")))

    with pytest.raises(TransactionManagementError):
        locking.first(pk=cast.county.pk)
    with transaction.atomic():
        assert locking.first(pk=cast.county.pk) == cast.county
    with pytest.raises(TransactionManagementError):
        locking.first(pk=cast.county.pk)


@pytest.mark.django_db
def test_an_update_changes_the_rows_it_finds_and_counts_them(cast):
    retitle = PreparedUpdate(
        lambda: Person.objects.filter(username=Slot("username")), title=Slot("title"), is_staff=True
    )

    assert retitle.run(username="rosa", title="Dr.") == 1
    assert retitle.run(username="nobody", title="Dr.") == 0

    cast.rosa.refresh_from_db()
    assert (cast.rosa.title, cast.rosa.is_staff, Person.objects.filter(title="Dr.").count()) == (
        "Dr.",
        True,
        1,
    )
