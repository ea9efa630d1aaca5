"""A name is found by its patient, and patients by their name, in an index alone, without the patient's row.

That needs the table's pages to be known as visible to all: vacuum comes after some thousand new patients, not
after a fifth of all there are.
"""

from django.db import migrations, models

_VACUUM = "ALTER TABLE mpi_patient SET (autovacuum_vacuum_insert_scale_factor = 0.01)"
_AS_BEFORE = "ALTER TABLE mpi_patient RESET (autovacuum_vacuum_insert_scale_factor)"


class Migration(migrations.Migration):

    dependencies = [("mpi", "0004_fuzzy_names")]

    operations = [
        migrations.RemoveIndex(model_name="patient", name="patient_matching"),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(
                fields=["matching_name"], include=["id"], name="patient_matching", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["id"], include=["matching_name"], name="patient_name_by_id"),
        ),
        migrations.RunSQL(_VACUUM, _AS_BEFORE),
    ]
