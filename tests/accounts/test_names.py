"""A person is called by the name that the reader reads."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from accounts.models import Person
from accounts.names import name_of_person

LI = Person(username="li", display_name="Li Na", display_name_zh="李娜")


@pytest.mark.parametrize(("language", "name"), [("en", "Li Na"), ("zh-hans", "李娜")])
def test_the_name_is_in_the_readers_language(language: str, name: str) -> None:
    with override(language):
        assert name_of_person(LI) == name


def test_who_has_no_name_in_it_is_called_by_the_other_or_as_they_sign_in() -> None:
    with override("zh-hans"):
        assert name_of_person(Person(username="rosa", display_name="Rosa")) == "Rosa"
        assert name_of_person(Person(username="rosa")) == "rosa"
