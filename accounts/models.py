"""Sites, people, the roles people hold at sites, grants that follow a case, and the audit trail."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.identifiers import Authority


class Site(models.Model):
    """An institution of the region.

    Its assigning authority is what makes the patient identifiers it issues unique. `expert_site` is the
    hospital its consultations go to.
    """

    class Kind(models.TextChoices):
        COUNTY = "county", _("County hospital")
        PROVINCIAL = "provincial", _("Provincial hospital")

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    authority_namespace = models.CharField(max_length=64, unique=True)
    authority_universal_id = models.CharField(max_length=64, blank=True)
    expert_site = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="served_sites"
    )

    def __str__(self) -> str:
        return self.code

    @property
    def authority(self) -> Authority:
        return Authority(
            self.authority_namespace,
            self.authority_universal_id,
            "ISO" if self.authority_universal_id else "",
        )


class Role(models.TextChoices):
    REFERRER = "referrer", _("Referring doctor")
    RADIOLOGIST = "radiologist", _("Radiologist")
    TECHNOLOGIST = "technologist", _("Technologist")
    COORDINATOR = "coordinator", _("Consultation coordinator")
    DESIGNER = "designer", _("Workflow designer")
    INTEGRATOR = "integrator", _("Integrator")
    ADMINISTRATOR = "administrator", _("Administrator")


class Person(AbstractUser):
    """Someone with an account. Names, language and theme are theirs; rights come from memberships."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    display_name = models.CharField(max_length=120)
    display_name_zh = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)

    def __str__(self) -> str:
        return self.username


class Membership(models.Model):
    """A role a person holds at a site."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "site", "role"], name="membership_once")]
        indexes = [models.Index(fields=["site", "role"], name="membership_site_role")]


class AccessGrant(models.Model):
    """Leave to see one study, given because of a case and taken back with it.

    It is given to one person, or to everyone who holds a role at a site.
    """

    study_instance_uid = models.CharField(max_length=64)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    cause = models.CharField(max_length=80)
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="grant_to_person_or_role",
                condition=models.Q(person__isnull=False, site__isnull=True, role="")
                | (models.Q(person__isnull=True, site__isnull=False) & ~models.Q(role="")),
            ),
            models.UniqueConstraint(
                fields=["study_instance_uid", "person", "site", "role", "cause"],
                name="grant_once",
                nulls_distinct=False,
                condition=models.Q(revoked_at=None),
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "study_instance_uid"],
                name="grant_person",
                condition=models.Q(revoked_at=None),
            ),
            models.Index(
                fields=["site", "role", "study_instance_uid"],
                name="grant_role",
                condition=models.Q(revoked_at=None),
            ),
            models.Index(fields=["cause"], name="grant_cause"),
        ]


class AccessToken(models.Model):
    """What a program shows to act as a person where there is no sign-in page. Only its digest is kept.

    Reference  RFC 6750 (bearer tokens)
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="access_tokens")
    label = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class AuditEvent(models.Model):
    """One line of the audit trail (PS3.15 §A.5, IHE ITI-20). Rows are only ever added.

    `position` and `digest` are set once, by the sealer, which chains every row to the one before it; a
    trigger in the database refuses any other change.
    """

    class Outcome(models.TextChoices):
        SUCCESS = "success"
        REFUSED = "refused"
        FAILED = "failed"

    recorded_at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )  # begins the index `audit_person`; accounts are switched off, never deleted, so none can dangle
    site_code = models.CharField(max_length=32, blank=True)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.SUCCESS)
    object_kind = models.CharField(max_length=32, blank=True)
    object_uid = models.CharField(max_length=80, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    trace_id = models.UUIDField()
    detail = models.JSONField(default=dict)
    position = models.BigIntegerField(null=True, unique=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_kind", "object_uid"], name="audit_object"),
            models.Index(fields=["study_instance_uid", "recorded_at"], name="audit_study"),
            models.Index(fields=["person", "recorded_at"], name="audit_person"),
            models.Index(fields=["trace_id"], name="audit_trace"),
            models.Index(fields=["id"], name="audit_unsealed", condition=models.Q(position=None)),
        ]
