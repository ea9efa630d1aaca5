"""Workitems are found by what a request they answer contains, its accession number above all, in an index.

Django has no words for an operator class beside such an expression. It is written as `matching.py` writes its
condition.
"""

from django.db import migrations

_REQUESTS = """
CREATE INDEX workitem_requests ON workitems_workitem USING gin (("attributes" -> '0040A370') jsonb_path_ops)
    WHERE removed_at IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [("workitems", "0002_found_by_patient")]

    operations = [migrations.RunSQL(_REQUESTS, "DROP INDEX workitem_requests")]
