from __future__ import annotations

import pytest
from django.test import Client

from config.celery import app

pytestmark = pytest.mark.django_db


def test_a_process_that_answers_says_it_lives_without_asking_anything(
    client: Client, settings, django_assert_num_queries
):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_ready_means_database_broker_and_storage_can_be_used(client: Client):
    response = client.get("/readyz")

    assert response.json() == {"database": "ok", "broker": "ok", "storage": "ok"}
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]


def test_a_storage_that_cannot_be_written_is_named(client: Client, settings, tmp_path):
    (tmp_path / "a file").write_text("where a folder should be")
    settings.STORAGE_URL = f"file://{tmp_path / 'a file' / 'objects'}"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": "ok", "broker": "ok", "storage": "unavailable"}


def test_a_broker_out_of_reach_is_named(client: Client, monkeypatch):
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["broker"] == "unavailable"


def test_health_is_only_read(client: Client):
    assert client.post("/healthz").status_code == 405
