"""Versions of processes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class ProcessDefinition(models.Model):
    """One imported version of a bundle; what it consists of never changes once it is in.

    A draft is there to be looked at: `problems` lists what keeps it from running. A deployed version may run,
    the active one starts new cases; of a retired one only cases that began on it are left. `files` maps a path
    inside the bundle to its text: the diagram, forms/*.json, scenarios/*.json. `calls` maps a process that its
    call activities call to the version they call, fixed when it is first deployed. The messages it starts on or
    catches are kept beside it, so that news finds its takers in one query.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        DEPLOYED = "deployed", _("Deployed")
        RETIRED = "retired", _("Retired")

    key = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    files = models.JSONField()
    calls = models.JSONField(default=dict)
    start_messages = ArrayField(models.CharField(max_length=80), default=list)
    catch_messages = ArrayField(models.CharField(max_length=80), default=list)
    start_signals = ArrayField(models.CharField(max_length=80), default=list)
    imported_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DEPLOYED)
    problems = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="definition_active_is_deployed",
                condition=models.Q(is_active=False) | models.Q(status="deployed"),
            ),
            models.UniqueConstraint(fields=["key", "version"], name="definition_version_once"),
            models.UniqueConstraint(fields=["key", "digest"], name="definition_digest_once"),
            models.UniqueConstraint(
                fields=["key"], name="definition_active_once", condition=models.Q(is_active=True)
            ),
        ]
