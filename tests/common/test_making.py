"""Models made of rows are the models Django makes of them, whatever is selected along and whatever is left out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Model, QuerySet
from django.db.models.signals import post_init

from accounts.models import Membership, Person, Site
from common.making import copied, made
from common.prepared import PreparedQuery
from workflows.models import UserTask

pytestmark = pytest.mark.django_db


def as_seen(one: Model) -> dict[str, Any]:
    """What a model holds, of itself and of those selected along with it."""
    state = one._state
    related = {name: other and as_seen(other) for name, other in state.fields_cache.items()}
    own = {name: value for name, value in one.__dict__.items() if name != "_state"}
    return own | {"related": related, "adding": state.adding, "db": state.db}


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: Membership.objects.select_related("person", "site__expert_site").order_by("pk"),
        lambda: Membership.objects.select_related("site").only("role", "site__code").order_by("pk"),
        lambda: Person.objects.defer("password").order_by("pk"),
        lambda: Site.objects.select_related("expert_site").order_by("pk"),
    ],
)
def test_a_model_is_as_django_makes_it(cast: object, queryset: Callable[[], QuerySet[Any]]) -> None:
    made, djangos = PreparedQuery(queryset).all(), list(queryset())

    assert [as_seen(one) for one in made] == [as_seen(one) for one in djangos]
    assert made == djangos
    assert made


def test_what_was_left_out_is_read_when_it_is_asked_for(cast: Any, django_assert_num_queries: Any) -> None:
    found = PreparedQuery(lambda: Person.objects.filter(username="rosa").only("username")).first()

    assert found is not None
    with django_assert_num_queries(1):
        assert found.display_name == cast.rosa.display_name


def test_who_listens_to_models_being_made_hears_of_these_too(cast: Any) -> None:
    heard: list[Model] = []

    def listen(instance: Model, **_: object) -> None:
        heard.append(instance)

    post_init.connect(listen, sender=Site)
    try:
        made = PreparedQuery(lambda: Site.objects.order_by("pk")).all()
    finally:
        post_init.disconnect(listen, sender=Site)

    assert heard == made != []


def test_a_new_model_is_as_django_makes_it(cast: Any) -> None:
    values = {"site": cast.county, "person": cast.rosa, "role": "referrer"}

    ours, djangos = made(Membership, **values), Membership(**values)

    assert as_seen(ours) | {"db": "default"} == as_seen(
        djangos
    )  # whose database Django knows by the related ones
    ours.save()
    assert Membership.objects.get(pk=ours.pk).site == cast.county


def test_a_new_model_has_its_defaults_and_none_it_has_no_field_for(cast: Any) -> None:
    before, after = made(UserTask, uid=uuid.uuid4(), assignee=None), UserTask(uid=uuid.uuid4())

    assert {name: value for name, value in as_seen(before).items() if name not in ("uid", "related")} == {
        name: value for name, value in as_seen(after).items() if name not in ("uid", "related")
    }
    with pytest.raises(TypeError, match="no colour"):
        made(UserTask, colour="red")


def test_what_is_set_on_a_copy_the_first_does_not_have(cast: Any) -> None:
    first = Membership.objects.select_related("site").first()
    assert first is not None
    other = copied(first)

    other.role, other.site = "coordinator", cast.provincial

    fresh = Membership.objects.select_related("site").get(pk=first.pk)
    assert as_seen(first) == as_seen(fresh)
    assert other == first
