"""The page of a person's access tokens, and REST beside it."""

import datetime as dt
import re

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AccessToken
from accounts.tokens import actor_of_token, issue_token

PAGE, API = "/account/tokens/", "/api/access-tokens/"


@pytest.fixture
def rosas(cast, browser_of):
    return browser_of(cast.rosa)


def test_a_new_token_is_shown_once(cast, rosas):
    answer = rosas.post(PAGE, {"label": "OHIF", "days": "90"})

    [secret] = re.findall(r'value="(cst_[^"]+)"', answer.content.decode())
    assert actor_of_token(secret) == cast.rosa
    assert "no-store" in answer["Cache-Control"]
    assert secret not in rosas.get(PAGE).content.decode()
    assert b"OHIF" in rosas.get(PAGE).content


def test_a_token_is_taken_back_on_the_page(cast, rosas):
    token, secret = issue_token(cast.rosa, label="OHIF", lasts=dt.timedelta(days=1))

    answer = rosas.post(f"{PAGE}{token.uid}/revoke/", follow=True)

    assert b"opens nothing any more" in answer.content
    assert actor_of_token(secret) is None


@pytest.mark.parametrize("typed", [{"label": "", "days": "90"}, {"label": "OHIF", "days": "9999"}, {}])
def test_a_refusal_stands_beside_its_field(rosas, typed):
    answer = rosas.post(PAGE, typed)

    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content
    assert not AccessToken.objects.exists()


def test_nobody_sees_or_takes_back_the_tokens_of_another(cast, browser_of):
    token, secret = issue_token(cast.rosa, label="Rosas viewer", lasts=dt.timedelta(days=1))
    ottos = browser_of(cast.otto)

    assert b"Rosas viewer" not in ottos.get(PAGE).content
    assert ottos.post(f"{PAGE}{token.uid}/revoke/").status_code == 404
    assert actor_of_token(secret) == cast.rosa


def test_the_page_is_for_people_who_signed_in(db):
    answer = Client().get(PAGE)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/")


def test_the_page_speaks_chinese(cast, browser_of):
    page = browser_of(cast.rosa, language="zh-hans").get(PAGE).content.decode()

    assert "访问令牌" in page
    assert "Make a token" not in page


def test_however_many_tokens_the_page_costs_the_same(cast, rosas, django_assert_max_num_queries):
    for number in range(15):
        issue_token(cast.rosa, label=f"Program {number}", lasts=dt.timedelta(days=1))
    with django_assert_max_num_queries(8):
        rosas.get(PAGE)


def test_rest_makes_lists_and_takes_back(cast):
    client = APIClient()
    client.force_login(cast.rosa)

    made = client.post(API, {"label": "script", "days": 7}, format="json")
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    assert actor_of_token(made.json()["secret"]) == cast.rosa
    [listed] = client.get(API).json()["results"]
    assert listed["label"] == "script"
    assert "secret" not in listed
    assert client.delete(f"{API}{listed['uid']}/").status_code == 204
    assert actor_of_token(made.json()["secret"]) is None
    assert client.post(API, {"label": "", "days": 7}, format="json").status_code == 400
    assert client.post(API, {"label": "x", "days": 400}, format="json").status_code == 400
    client.force_login(cast.otto)
    assert client.delete(f"{API}{listed['uid']}/").status_code == 404
