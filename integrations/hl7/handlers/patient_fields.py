"""Who a message is about: PID in our words.

Reference  HL7 v2.5.1 §3.4.2 (PID), §2.A.14 (CX), §2.A.88 (XPN)
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from accounts.models import Site
from archive.mpi.models import Patient
from archive.mpi.selectors import site_of_authority
from archive.mpi.services import register_patient
from common import clock
from common.errors import InvalidInput
from common.identifiers import Authority, Identifier
from integrations.hl7.fields import Field, Message
from integrations.hl7.models import Link
from integrations.hl7.refusals import DATA_TYPE, UnknownKey, missing

# Table 0001 to the sexes we know
SEX = {"F": "F", "M": "M", "O": "O", "A": "O", "N": "O"}


@dataclass(frozen=True, slots=True)
class Name:
    family: str = ""
    given: str = ""
    ideographic: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""


def site_of(message: Message, link: Link) -> Site:
    """The site a message speaks for: the link's own, or for a region's link the one MSH-4 names.

    Raises  UnknownKey at MSH-4 (AE 204).
    """
    if link.sending_facility:
        return link.site
    facility = message["MSH"][4]
    site = site_of_authority(Authority(facility.value, facility.component(2)))
    if site is None:
        raise UnknownKey("MSH-4 names no site of this region.", location="MSH-4", code="SITE_UNKNOWN")
    return site


def register(message: Message, link: Link) -> tuple[Patient, Site]:
    """The patient in PID, registered or brought up to date, and the site the message speaks for.

    Raises  InvalidInput at PID-3 where there is no identifier (AE 101); UnknownKey where no identifier is of
            a site of this region (AE 204); Conflict where they name different patients (AE 205).
    """
    site = site_of(message, link)
    pid = message["PID"]
    name = read_name(pid[5])
    patient = register_patient(
        identifiers=read_identifiers(pid[3], site),
        site=site,
        family_name=name.family,
        given_name=name.given,
        ideographic_name=name.ideographic,
        middle_name=name.middle,
        name_prefix=name.prefix,
        name_suffix=name.suffix,
        birth_date=read_birth_date(pid[7]),
        sex=SEX.get(pid[8].value.upper(), "U"),
        actor=link.actor,
        source=f"hl7:{link.name}",
        overwrite=True,
    )
    return patient, site


def read_identifiers(field: Field, site: Site) -> list[Identifier]:
    """The identifiers in PID-3; one without an assigning authority is of the sending site."""
    found: list[Identifier] = []
    knows_a_site = False
    for repetition in field.repetitions:
        value = repetition.component(1)
        if not value:
            continue
        authority = Authority(
            repetition.component(4, 1), repetition.component(4, 2), repetition.component(4, 3)
        )
        issuer = site if authority == Authority("") else site_of_authority(authority)
        if issuer is not None:
            knows_a_site = True
            authority = issuer.authority
        elif not authority.namespace:
            authority = Authority(authority.universal_id, authority.universal_id, "ISO")
        if max(len(value), len(authority.namespace), len(authority.universal_id)) > 64:
            raise InvalidInput(
                "An identifier in PID-3 is longer than 64 characters.",
                code=DATA_TYPE,
                fields={"PID-3": "At most 64 characters."},
            )
        found.append(Identifier(value, authority, repetition.component(5)[:8] or "MR"))
    if not found:
        raise missing("PID-3")
    if not knows_a_site:
        raise UnknownKey(
            "No identifier in PID-3 was issued by a site of this region.",
            location="PID-3",
            code="AUTHORITY_UNKNOWN",
        )
    return found


def read_name(field: Field) -> Name:
    """The name in PID-5, each script from the repetition that holds it (XPN.8: I ideographic).

    Senders without XPN.8 put Chinese names where alphabetic ones go; they are known by their letters.
    """
    ideographic = ""
    alphabetic = Name()
    for repetition in field.repetitions:
        one, two = repetition.component(1), repetition.component(2)
        if repetition.component(8) == "I" or _is_ideographic(one):
            ideographic = ideographic or f"{one}{two}"
        elif not alphabetic.family and not alphabetic.given:
            alphabetic = _alphabetic(repetition)
    return replace(alphabetic, ideographic=ideographic)


def _alphabetic(repetition: Field) -> Name:
    """The five components; a degree (XPN.6, withdrawn) is a suffix to DICOM (PS3.5 §6.2.1.1)."""
    suffixes = (repetition.component(4), repetition.component(6))
    return Name(
        repetition.component(1),
        repetition.component(2),
        middle=repetition.component(3),
        prefix=repetition.component(5),
        suffix=", ".join(suffix for suffix in suffixes if suffix),
    )


def read_birth_date(field: Field) -> dt.date | None:
    """The day in PID-7, whatever its precision; None where no whole day is given."""
    return clock.parse_da(field.value[:8])


def _is_ideographic(text: str) -> bool:
    return any("\u3400" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff" for sign in text)
