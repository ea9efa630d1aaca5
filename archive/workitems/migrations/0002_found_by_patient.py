"""Workitems are found by the patient's identifier and name in indexes, whole or begun.

Django has no words for an operator class beside such expressions, so these stand here alone. They are written as
`matching.py` writes its conditions.
"""

from django.db import migrations

_IDENTIFIER = """
CREATE INDEX workitem_patient_id ON workitems_workitem
    (("attributes" -> '00100020' -> 'Value' ->> 0) text_pattern_ops) WHERE removed_at IS NULL
"""
_NAME = """
CREATE INDEX workitem_patient_name ON workitems_workitem
    (upper((("attributes" -> '00100010' -> 'Value' -> 0) ->> 'Alphabetic')) text_pattern_ops) WHERE removed_at IS NULL
"""
_IDEOGRAPHS = """
CREATE INDEX workitem_patient_ideographs ON workitems_workitem
    (upper((("attributes" -> '00100010' -> 'Value' -> 0) ->> 'Ideographic')) text_pattern_ops) WHERE removed_at IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [("workitems", "0001_workitems")]

    operations = [
        migrations.RunSQL(_IDENTIFIER, "DROP INDEX workitem_patient_id"),
        migrations.RunSQL(_NAME, "DROP INDEX workitem_patient_name"),
        migrations.RunSQL(_IDEOGRAPHS, "DROP INDEX workitem_patient_ideographs"),
    ]
