"""What the library keeps."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ScriptVersion(models.Model):
    """One version of a named script, with the tests that must pass before it is put in force.

    A draft may change; what was published never does. A retired version still runs where a diagram names it
    with its number. `tests` is a list of {name, data, gives | ends, now?, seed?}.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("In force")
        RETIRED = "retired", _("Retired")

    name = models.SlugField(max_length=60, db_index=False)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    source = models.TextField()
    digest = models.CharField(max_length=64)
    tests = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()
    published_by = models.CharField(max_length=150, blank=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "workflows"
        constraints = [
            models.UniqueConstraint(fields=["name", "number"], name="script_number_once"),
            models.UniqueConstraint(
                fields=["name"], name="script_draft_once", condition=models.Q(state="draft")
            ),
            models.UniqueConstraint(
                fields=["name"], name="script_in_force_once", condition=models.Q(state="published")
            ),
        ]
