"""The newest studies of patients with a name are found in one index, however many studies and names there are.

Of a name that many have, the newest studies are read until there are enough; of a name that few have, its studies
are read in the index of names. Which it is the planner knows from how often the name begins so. Building both takes
some seconds a million studies, and nothing is received meanwhile.
"""

from django.db import migrations, models

_NEWEST = (
    "CREATE INDEX study_newest ON studies_study (study_date DESC NULLS LAST, id DESC) "
    "INCLUDE (site_id, patient_id, patient_matching_name) WHERE withdrawn_at IS NULL"
)
_AS_BEFORE = (
    "CREATE INDEX study_newest ON studies_study (study_date DESC NULLS LAST, id DESC) "
    "INCLUDE (site_id, patient_id) WHERE withdrawn_at IS NULL"
)


class Migration(migrations.Migration):

    dependencies = [("studies", "0014_names_of_patients_with_studies")]

    operations = [
        migrations.RunSQL("DROP INDEX study_newest", _AS_BEFORE),
        migrations.RunSQL(_NEWEST, "DROP INDEX study_newest"),
        migrations.AddIndex(
            model_name="study",
            index=models.Index(
                fields=["patient_matching_name"], include=["study_date", "id", "site"], name="study_patient_name",
                opclasses=["varchar_pattern_ops"], condition=models.Q(withdrawn_at=None),
            ),
        ),
    ]
