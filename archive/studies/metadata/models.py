"""What is kept of a series so that its metadata can be sent without opening an object."""

from __future__ import annotations

from django.db import models

from archive.studies.models import Series


class SeriesMetadata(models.Model):
    """The JSON objects of a series' instances, separated by commas, as deflate blocks that end at a byte.

    Blocks of several series put one after the other are one stream again (RFC 1951 §3.2): `plain_bytes` and
    `adler32` are what the end of such a stream wants to know. The three numbers of instances tell which instances
    are in it, `corrected_at` under which identity, `version` in which form.
    """

    series = models.OneToOneField(Series, primary_key=True, on_delete=models.CASCADE, related_name="metadata")
    body = models.BinaryField()
    plain_bytes = models.BigIntegerField()
    adler32 = models.BigIntegerField()
    instance_count = models.PositiveIntegerField()
    newest_instance = models.BigIntegerField()
    sum_of_instances = models.DecimalField(max_digits=40, decimal_places=0)
    corrected_at = models.DateTimeField(null=True)
    version = models.PositiveSmallIntegerField()
    built_at = models.DateTimeField()
