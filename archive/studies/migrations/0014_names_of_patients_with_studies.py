"""The name a study is searched by stands in the study's own row, so that an index can hold it beside the date.

The database keeps it: a study gets the name of its patient when it is written and when it is filed under another,
and all studies of a patient when the patient is renamed. The patient's row is held meanwhile, as a rename holds it,
so that neither misses the other. Studies that are there get it by one statement: some ten seconds a million.
"""

from django.db import migrations, models

_FILL = """
UPDATE studies_study s SET patient_matching_name = p.matching_name
FROM mpi_patient p WHERE p.id = s.patient_id AND p.matching_name <> ''
"""
_OF_STUDY = """
CREATE FUNCTION studies_name_of_patient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT matching_name INTO NEW.patient_matching_name FROM mpi_patient WHERE id = NEW.patient_id FOR SHARE;
    NEW.patient_matching_name := COALESCE(NEW.patient_matching_name, '');
    RETURN NEW;
END
$$;
CREATE TRIGGER studies_name_of_patient BEFORE INSERT OR UPDATE OF patient_id, patient_matching_name ON studies_study
FOR EACH ROW EXECUTE FUNCTION studies_name_of_patient();
"""
_OF_PATIENT = """
CREATE FUNCTION studies_follow_patient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE studies_study SET patient_matching_name = NEW.matching_name WHERE patient_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER studies_follow_patient AFTER UPDATE OF matching_name ON mpi_patient
FOR EACH ROW WHEN (OLD.matching_name IS DISTINCT FROM NEW.matching_name) EXECUTE FUNCTION studies_follow_patient();
"""


class Migration(migrations.Migration):

    dependencies = [("mpi", "0005_names_in_indexes"), ("studies", "0013_bits_allocated")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="patient_matching_name",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=612),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop, elidable=True),
        migrations.RunSQL(
            _OF_STUDY,
            "DROP TRIGGER studies_name_of_patient ON studies_study; DROP FUNCTION studies_name_of_patient()",
        ),
        migrations.RunSQL(
            _OF_PATIENT,
            "DROP TRIGGER studies_follow_patient ON mpi_patient; DROP FUNCTION studies_follow_patient()",
        ),
    ]
