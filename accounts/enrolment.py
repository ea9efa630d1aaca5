"""Hospitals and people of a region: who joins it, and with which role where."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Membership, Person, Role, Site
from common.errors import Conflict, InvalidInput, NotFound


def add_site(
    *,
    code: str,
    name: str,
    name_zh: str = "",
    kind: Site.Kind,
    authority_namespace: str = "",
    authority_universal_id: str = "",
    expert_site: Site | None = None,
    actor: Actor,
) -> Site:
    """Add a hospital. Its authority namespace, which its patient identifiers carry, is its code if not given.

    Raises  InvalidInput for a code that is none or a missing name; Conflict if code or namespace is taken.
    """
    namespace = authority_namespace or code.upper()
    _check_code(code)
    if not name:
        raise InvalidInput(_("The hospital needs a name."), fields={"name": _("Is missing.")})
    with transaction.atomic():
        if (
            Site.objects.filter(code=code).exists()
            or Site.objects.filter(authority_namespace=namespace).exists()
        ):
            raise Conflict(_("There is a hospital with this code or namespace already."), code="SITE_EXISTS")
        site = Site.objects.create(
            code=code, name=name, name_zh=name_zh, kind=kind, authority_namespace=namespace,
            authority_universal_id=authority_universal_id, expert_site=expert_site,
        )  # fmt: skip
        record_audit(actor, "site.created", object_kind="site", object_uid=code, site_code=code)
    return site


def add_person(*, username: str, display_name: str, password: str, actor: Actor, title: str = "") -> Person:
    """Make an account; it opens nothing until a role is given.

    Raises  InvalidInput for a password that is too weak; Conflict if the user name is taken.
    """
    if Person.objects.filter(username=username).exists():
        raise Conflict(_("There is an account of this name already."), code="PERSON_EXISTS")
    try:
        validate_password(password, Person(username=username, display_name=display_name))
    except ValidationError as error:
        sentences = " ".join(error.messages)
        raise InvalidInput(sentences, code="WEAK_PASSWORD", fields={"password": sentences}) from None
    with transaction.atomic():
        person = Person.objects.create_user(
            username, password=password, display_name=display_name, title=title
        )
        record_audit(actor, "person.created", object_kind="person", object_uid=str(person.uid))
    return person


def give_role(person: Person, *, role: Role, site: Site, actor: Actor) -> bool:
    """Let a person act in a role at a site; False if they do already."""
    with transaction.atomic():
        _membership, is_new = Membership.objects.get_or_create(person=person, role=role, site=site)
        if is_new:
            record_audit(
                actor, "role.given", object_kind="person", object_uid=str(person.uid), site_code=site.code,
                role=role.value,
            )  # fmt: skip
    return is_new


def find_site(code: str) -> Site:
    """The site of a code. Raises NotFound."""
    site = Site.objects.filter(code=code).first()
    if site is None:
        raise NotFound(_("There is no hospital with this code."), code="SITE_UNKNOWN")
    return site


def _check_code(code: str) -> None:
    try:
        validate_slug(code)
    except ValidationError:
        sentence = _("A site code has letters, digits and - only.")
        raise InvalidInput(sentence, fields={"code": sentence}) from None
