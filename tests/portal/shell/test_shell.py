"""The frame of every page: signing in and out, language, theme, the rail, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Person
from tests.personas import PASSWORD, Cast
from tests.portal.cases_in_work import make_case, make_order, offer_task

BrowserOf = Callable[..., Client]


def test_signing_in_leads_to_the_inbox_and_keeps_the_language_chosen_before(
    cast: Cast, client: Client
) -> None:
    client.post("/preferences/language/", {"language": "zh-hans", "next": "/sign-in/"})

    answer = client.post("/sign-in/", {"username": "rosa", "password": PASSWORD})

    assert answer.headers["Location"] == "/"
    assert Person.objects.get(username="rosa").language == "zh-hans"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "User name and password do not match."), ("zh-hans", "用户名与密码不匹配")],
)
def test_a_wrong_password_is_refused_in_a_sentence_and_keeps_the_name(
    cast: Cast, client: Client, language: str, sentence: str
) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    page = client.post("/sign-in/", {"username": "rosa", "password": "wrong"}).content.decode()

    assert sentence in page
    assert 'value="rosa"' in page


def test_too_many_wrong_passwords_lock_the_door_even_for_the_right_one(cast: Cast, client: Client) -> None:
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post("/sign-in/", {"username": "rosa", "password": "wrong"})

    right = client.post("/sign-in/", {"username": "rosa", "password": PASSWORD})

    assert (answer.status_code, right.status_code) == (429, 429)
    assert "Locked for a while" in right.content.decode()


def test_demo_accounts_are_named_in_a_demo_region_only(db: None, client: Client) -> None:
    assert "consilium-demo" not in client.get("/sign-in/").content.decode()


def test_sign_out_ends_the_session(cast: Cast, browser_of: BrowserOf) -> None:
    browser = browser_of(cast.rosa)

    browser.post("/sign-out/")

    assert browser.get("/").status_code == 302


def test_a_language_follows_the_person_to_another_browser(cast: Cast, browser_of: BrowserOf) -> None:
    browser_of(cast.rosa).post("/preferences/language/", {"language": "zh-hans", "next": "/"})

    elsewhere = Client()
    elsewhere.force_login(Person.objects.get(pk=cast.rosa.pk))

    assert '<html lang="zh-hans"' in elsewhere.get("/").content.decode()


def test_a_theme_is_in_the_page_before_any_script_runs(cast: Cast, browser_of: BrowserOf) -> None:
    browser = browser_of(cast.rosa)
    browser.post("/preferences/theme/", {"theme": "dark"})

    assert 'data-theme="dark"' in browser.get("/").content.decode()
    browser.post("/sign-out/")
    assert 'data-theme="dark"' in browser.get("/sign-in/").content.decode()


@pytest.mark.parametrize(
    ("address", "wish"),
    [("/preferences/theme/", {"theme": "pink"}), ("/preferences/language/", {"language": "tlh"})],
)
def test_a_preference_that_is_none_is_refused(
    cast: Cast, browser_of: BrowserOf, address: str, wish: dict[str, str]
) -> None:
    assert browser_of(cast.rosa).post(address, wish).status_code == 400


def test_choosing_a_language_never_leads_to_another_host(cast: Cast, browser_of: BrowserOf) -> None:
    answer = browser_of(cast.rosa).post(
        "/preferences/language/", {"language": "en", "next": "https://elsewhere.example/"}
    )

    assert answer.headers["Location"] == "/"


def test_the_rail_shows_only_what_ones_privileges_open(cast: Cast, browser_of: BrowserOf) -> None:
    def rail(person: Person) -> set[str]:
        groups = browser_of(person).get("/").context["rail"]
        return {entry.url_name for group in groups for entry in group}

    assert {"inbox", "cases", "studies", "patients"} <= rail(cast.rosa)
    assert "cases" not in rail(cast.ivo)
    assert "messages" in rail(cast.ivo)
    assert "messages" not in rail(cast.rosa)
    assert "incidents" not in rail(cast.rosa)
    assert {"incidents", "messages"} <= rail(cast.ivo)


def test_an_unknown_page_is_refused_in_the_readers_language(cast: Cast, browser_of: BrowserOf) -> None:
    answer = browser_of(cast.rosa, language="zh-hans").get("/no-such-page/")

    assert answer.status_code == 404
    assert "此处无内容" in answer.content.decode()


def test_no_page_carries_inline_scripts_or_styles(cast: Cast, browser_of: BrowserOf) -> None:
    case = make_case(make_order(cast))
    offer_task(case, site=cast.provincial, assignee=cast.rosa)
    browser = browser_of(cast.rosa)

    for address in ("/", "/cases/", f"/cases/{case.uid}/", "/search/?q=zhang", "/notifications/"):
        answer = browser.get(address)
        page = answer.content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert " onclick=" not in page
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


def test_search_finds_by_either_script_identifier_and_accession_number(
    cast: Cast, browser_of: BrowserOf
) -> None:
    order = make_order(cast)
    offer_task(make_case(order), site=cast.provincial)
    browser = browser_of(cast.rosa)

    for query in ("zhang", "wei zhang", "张伟", "C-1001", order.accession_number):
        found = browser.get("/search/", {"q": query}).context["found"]
        assert [row.subject.order for row in found.cases] == [order], query


def test_search_finds_nothing_for_who_may_see_nothing(cast: Cast, browser_of: BrowserOf) -> None:
    offer_task(make_case(make_order(cast)), site=cast.provincial)

    answer = browser_of(cast.otto).get("/search/", {"q": "zhang"})

    assert not answer.context["found"]
    assert "Wei" not in answer.content.decode()


def test_pages_of_a_signed_in_person_are_not_kept_by_the_browser(cast: Cast, browser_of: BrowserOf) -> None:
    assert browser_of(cast.rosa).get("/").headers["Cache-Control"] == "private, no-store"


def test_a_part_fetched_after_the_sign_in_ran_out_is_401_and_no_form_in_the_page(
    db: None, client: Client
) -> None:
    assert client.get("/inbox/list/", headers={"HX-Request": "true"}).status_code == 401
    assert client.get("/inbox/list/").status_code == 302
