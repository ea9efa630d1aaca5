"""Incidents keep what they say as a sentence that is read in any language."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0010_tasks_without_foreign_keys")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="sentence",
            field=models.JSONField(null=True),
        ),
    ]
