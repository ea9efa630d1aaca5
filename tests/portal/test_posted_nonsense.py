"""Whatever is posted to a page of the portal, or asked of it by its address, is answered: never by an error of ours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Membership, Person, Role
from tests.personas import Cast

NONSENSE = ["\0", "garbage", "-1", "9" * 30, "{}", "x" * 3000]
READS = re.compile(r'(?:\.get(?:list)?|typed|typed_uuid|in_address|\w+_in)\((?:request, )?"(\w+)"')
FIELDS = sorted(
    {
        name
        for file in (settings.BASE_DIR / "portal").rglob("*.py")
        for name in READS.findall(file.read_text())
    }
)
ARGUMENTS = {"uuid": str(uuid.UUID(int=7)), "int": "7", "str": "nobody", "slug": "nobody", "path": "nobody"}
NOT_OURS = re.compile(r"^(admin|static|sign-out|accounts/logout|metrics|oidc)")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """The addresses of the pages, each parameter filled with what names nothing."""
    for each in resolver.url_patterns:
        route = before + str(each.pattern).lstrip("^").rstrip("$")
        if isinstance(each, URLResolver):
            yield from addresses(each, route)
        elif isinstance(each, URLPattern) and getattr(each.callback, "__module__", "").startswith("portal."):
            yield "/" + re.sub(
                r"<(?:(\w+):)?\w+>", lambda match: ARGUMENTS.get(match[1] or "str", "nobody"), route
            )


PAGES = sorted({one for one in addresses(get_resolver()) if "(?P" not in one and not NOT_OURS.match(one[1:])})


@pytest.fixture
def everybody(client: Client, cast: Cast) -> Client:
    """Somebody who holds every role there is."""
    person = Person.objects.create_user("everybody", display_name="Everybody")
    for role in Role:
        Membership.objects.create(person=person, site=cast.provincial, role=role)
    client.force_login(person)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("nonsense", NONSENSE, ids=ascii)
def test_nonsense_in_every_field_of_every_page_is_no_error_of_ours(everybody, nonsense):
    values = dict.fromkeys(FIELDS, nonsense)
    broken = []
    for page in PAGES:
        for send in (everybody.post, everybody.get):
            before = transaction.savepoint()
            answer = send(page, values)
            transaction.savepoint_rollback(before)
            if answer.status_code >= 500:
                broken.append(f"{send.__name__} {page}: {answer.exc_info[1]!r:.120}")
    assert not broken, "\n".join(broken)
