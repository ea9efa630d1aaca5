from django.db import migrations, models

from workflows.models.people import NO_DUE_DATE, ROUTINE_RANK


class Migration(migrations.Migration):
    """What lists are ordered by stays as it is, and is written with a task from now on."""

    dependencies = [("workflows", "0012_escalations_held")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE workflows_usertask"
                    " ALTER COLUMN rank DROP EXPRESSION, ALTER COLUMN due_by DROP EXPRESSION"
                )
            ],
            state_operations=[
                migrations.AlterField("usertask", "rank", models.SmallIntegerField(default=ROUTINE_RANK)),
                migrations.AlterField("usertask", "due_by", models.DateTimeField(default=NO_DUE_DATE)),
            ],
        )
    ]
