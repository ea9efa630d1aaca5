"""A page of the newest studies of some sites, or of some patients, is found in one index without a study's row.

Django has no words for an index of expressions that includes columns, so this one stands here alone. It is the
visibility of the table's pages that spares the rows: vacuum comes after some thousand new studies, not after a
fifth of all there are.
"""

from django.db import migrations, models

_INDEX = (
    "CREATE INDEX study_newest ON studies_study (study_date DESC NULLS LAST, id DESC) "
    "INCLUDE (site_id, patient_id) WHERE withdrawn_at IS NULL"
)
_VACUUM = "ALTER TABLE studies_study SET (autovacuum_vacuum_insert_scale_factor = 0.01)"
_AS_BEFORE = "ALTER TABLE studies_study RESET (autovacuum_vacuum_insert_scale_factor)"


class Migration(migrations.Migration):

    dependencies = [("studies", "0011_requested_procedure_priority")]

    operations = [
        migrations.RemoveIndex(model_name="study", name="study_newest"),
        migrations.RunSQL(_INDEX, "DROP INDEX study_newest"),
        migrations.RemoveIndex(model_name="study", name="study_patient"),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(
                fields=["patient", "-study_date"], include=["site", "id"], name="study_patient",
                condition=models.Q(withdrawn_at=None),
            ),
        ),
        migrations.RunSQL(_VACUUM, _AS_BEFORE),
    ]
