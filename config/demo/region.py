"""Two hospitals of one region, people in every role, a scanner and the record system of the county."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Person, Role, Site
from archive.lifecycle.services import add_volume
from archive.storage.models import Tier, Volume
from integrations.dicom.models import ApplicationEntity
from integrations.hl7.models import Link

PASSWORD = "consilium-demo"  # noqa: S105 - everybody knows it; it exists in demo regions only
COUNTY, PROVINCIAL = "county", "provincial"
WARM_VOLUME = "warm"
COUNTY_CT, COUNTY_MR = "COUNTY_CT1", "COUNTY_MR1"
HIS_LINK, EMR_LINK = "county-his", "county-emr"
CONSULTATION_CODES = {"CT": "CONSULT-CT", "MR": "CONSULT-MR"}


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account: who it is, and which roles they hold where."""

    username: str
    name: str
    name_zh: str
    title: str
    roles: tuple[tuple[str, Role], ...]


ACCOUNTS = (
    Account("rafael", "Rafael Wu", "吴瑞", "Dr.", ((COUNTY, Role.REFERRER),)),
    Account("theo", "Theo Lin", "林涛", "", ((COUNTY, Role.TECHNOLOGIST),)),
    Account("rosa", "Rosa Chen", "陈若", "Prof.", ((PROVINCIAL, Role.RADIOLOGIST),)),
    Account("li", "Li Jing", "李静", "Dr.", ((PROVINCIAL, Role.RADIOLOGIST),)),
    Account("carla", "Carla Huang", "黄嘉", "", ((PROVINCIAL, Role.COORDINATOR),)),
    Account("ines", "Ines Zhou", "周颖", "", ((COUNTY, Role.ADMINISTRATOR), (PROVINCIAL, Role.ADMINISTRATOR))),
    Account("dana", "Dana Sun", "孙丹", "", ((PROVINCIAL, Role.DESIGNER),)),
    Account("ivo", "Ivo Tang", "唐毅", "", ((COUNTY, Role.INTEGRATOR), (PROVINCIAL, Role.INTEGRATOR))),
)  # fmt: skip


def load_region() -> None:
    """Make the demo region, or bring it up to date; what people changed of their own stays."""
    with transaction.atomic():
        sites = _load_sites()
        for account in ACCOUNTS:
            _load_account(account, sites)
        _load_peers(sites[COUNTY])
    _load_warm_volume()
    settings.DEMO_MARK.parent.mkdir(parents=True, exist_ok=True)
    settings.DEMO_MARK.touch()


def describe_accounts() -> list[str]:
    """The demo accounts, one a line, for the person who has just started all this."""
    lines = [f"Accounts (the password of each is {PASSWORD}):"]
    for account in ACCOUNTS:
        sites = " and ".join(site for site, _ in account.roles)
        lines.append(f"  {account.username:<8}{account.roles[0][1].label}, {sites}")
    return lines


def _load_sites() -> dict[str, Site]:
    provincial, _ = Site.objects.update_or_create(
        code=PROVINCIAL,
        defaults={
            "name": "Jiangxi Provincial Hospital", "name_zh": "江西省立医院", "kind": Site.Kind.PROVINCIAL,
            "authority_namespace": "PROV", "authority_universal_id": "2.25.1001",
        },
    )  # fmt: skip
    county, _ = Site.objects.update_or_create(
        code=COUNTY,
        defaults={
            "name": "Ganxian County Hospital", "name_zh": "赣县人民医院", "kind": Site.Kind.COUNTY,
            "authority_namespace": "COUNTY", "authority_universal_id": "2.25.1002",
            "expert_site": provincial,
        },
    )  # fmt: skip
    return {COUNTY: county, PROVINCIAL: provincial}


def _load_account(account: Account, sites: dict[str, Site]) -> None:
    person = Person.objects.filter(username=account.username).first()
    if person is None:
        person = Person.objects.create_user(
            account.username,
            password=PASSWORD,
            display_name=account.name,
            display_name_zh=account.name_zh,
            title=account.title,
        )
    for code, role in account.roles:
        Membership.objects.get_or_create(person=person, site=sites[code], role=role)


def _load_peers(county: Site) -> None:
    for ae_title, description in ((COUNTY_CT, "CT scanner"), (COUNTY_MR, "MR scanner")):
        ApplicationEntity.objects.update_or_create(
            ae_title=ae_title, defaults={"site": county, "description": description}
        )
    Link.objects.update_or_create(
        name=HIS_LINK,
        defaults={
            "site": county, "direction": Link.Direction.INBOUND, "sending_application": "HIS",
            "sending_facility": "COUNTY", "consultation_codes": sorted(CONSULTATION_CODES.values()),
        },
    )  # fmt: skip
    Link.objects.get_or_create(
        name=EMR_LINK,
        defaults={
            "site": county, "direction": Link.Direction.OUTBOUND, "receiving_application": "EMR",
            "receiving_facility": "COUNTY", "host": "127.0.0.1", "port": settings.HL7_EMR_PORT,
        },
    )  # fmt: skip


def _load_warm_volume() -> None:
    """A second folder beside that of new images, so that rules and routing can move series to another tier.

    Where new images go to a bucket, whoever runs it says where the warm tier is.
    """
    folder = settings.STORAGE_URL
    if not folder.startswith("file://") or Volume.objects.filter(name=WARM_VOLUME).exists():
        return
    administrator = Person.objects.get(username="ines")
    add_volume(name=WARM_VOLUME, url=f"{folder.rstrip('/')}-warm", tier=Tier.WARM, actor=administrator)
