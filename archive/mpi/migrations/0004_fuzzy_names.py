"""Fuzzy matching looks names up by their given name, and by how family and given name sound.

The expressions are those of `archive.mpi.names`, as they were when this was written.
"""

from django.db import migrations

_SOUND = (
    "(left(split_part(matching_name, '^', {0}), 1) || regexp_replace(translate(substr(split_part(matching_name, "
    "'^', {0}), 2), 'bfpvcgjkqsxzdtlmnraeiouyhw0123456789', '111122222222334556'), '(.)\\1+', '\\1', 'g'))"
)
_INDEXES = {
    "patient_given": "(split_part(matching_name, '^', 2)) text_pattern_ops",
    "patient_family_sound": _SOUND.format(1),
    "patient_given_sound": _SOUND.format(2),
}


class Migration(migrations.Migration):

    dependencies = [("mpi", "0003_middle_names_prefixes_and_suffixes")]

    operations = [
        migrations.RunSQL(f'CREATE INDEX "{name}" ON "mpi_patient" ({expression})', f'DROP INDEX "{name}"')
        for name, expression in _INDEXES.items()
    ]
