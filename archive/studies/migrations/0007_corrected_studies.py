from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def note_reassigned(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Studies that were reassigned before this column was there."""
    corrections = apps.get_model("studies", "Correction").objects.filter(
        kind="reassign", undone_at=None, performed_at__isnull=False, study__isnull=False
    )
    studies = apps.get_model("studies", "Study").objects
    for study_pk, performed_at in corrections.order_by("performed_at").values_list("study", "performed_at"):
        studies.filter(pk=study_pk).update(corrected_at=performed_at)


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0006_corrections_performed"),
    ]

    operations = [
        migrations.AddField(
            model_name="study",
            name="corrected_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(note_reassigned, migrations.RunPython.noop, elidable=True),
    ]
