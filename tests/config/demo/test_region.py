"""The demo region: who is in it, that loading it again changes nothing, and that it says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from accounts.models import Membership, Person, Role, Site
from archive.storage.models import Tier, Volume
from config.demo.region import ACCOUNTS, EMR_LINK, HIS_LINK, PASSWORD, load_region
from integrations.dicom.models import ApplicationEntity
from integrations.hl7.models import Link


@pytest.fixture(autouse=True)
def mark(settings: object, tmp_path: Path) -> Path:
    settings.DEMO_MARK = tmp_path / "var" / "demo-region"  # type: ignore[attr-defined]
    return tmp_path / "var" / "demo-region"


def test_there_is_somebody_in_every_role_and_consultations_go_to_the_province(db: None) -> None:
    load_region()

    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values)
    county = Site.objects.get(code="county")
    assert county.expert_site == Site.objects.get(code="provincial")
    assert (county.name, county.name_zh) == ("Ganxian County Hospital", "赣县人民医院")


def test_everyone_may_sign_in(db: None, rf: object) -> None:
    load_region()

    for account in ACCOUNTS:
        request = rf.post("/sign-in/")  # type: ignore[attr-defined]
        assert authenticate(request, username=account.username, password=PASSWORD) is not None


def test_the_peers_of_the_county_are_known(db: None) -> None:
    load_region()

    assert set(ApplicationEntity.objects.values_list("ae_title", "site__code")) == {
        ("COUNTY_CT1", "county"),
        ("COUNTY_MR1", "county"),
    }
    his, emr = Link.objects.get(name=HIS_LINK), Link.objects.get(name=EMR_LINK)
    assert (his.direction, his.sending_application, his.sending_facility) == ("inbound", "HIS", "COUNTY")
    assert (emr.direction, emr.host) == ("outbound", "127.0.0.1")


def test_there_is_a_warm_tier_to_move_series_to(db: None, settings: object, tmp_path: Path) -> None:
    settings.STORAGE_URL = f"file://{tmp_path / 'objects'}"  # type: ignore[attr-defined]
    load_region()
    load_region()

    volume = Volume.objects.get(tier=Tier.WARM)
    assert (volume.name, volume.url) == ("warm", f"file://{tmp_path / 'objects-warm'}")


def test_loading_it_again_keeps_what_people_changed(db: None) -> None:
    load_region()
    rosa = Person.objects.get(username="rosa")
    rosa.language = "zh-hans"
    rosa.set_password("something-of-her-own")
    rosa.save()
    Link.objects.filter(name=EMR_LINK).update(port=40_000)
    counts = [model.objects.count() for model in (Site, Person, Membership, ApplicationEntity, Link)]

    load_region()

    assert [model.objects.count() for model in (Site, Person, Membership, ApplicationEntity, Link)] == counts
    rosa.refresh_from_db()
    assert rosa.language == "zh-hans"
    assert rosa.check_password("something-of-her-own")
    assert Link.objects.get(name=EMR_LINK).port == 40_000


def test_a_demo_region_is_marked_as_one(db: None, mark: Path) -> None:
    assert not mark.exists()
    load_region()
    assert mark.exists()


def test_the_command_lists_the_accounts(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_demo_region")

    said = capsys.readouterr().out
    assert PASSWORD in said
    for account in ACCOUNTS:
        assert account.username in said
