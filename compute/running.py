"""The heavy half of a job: pixels in, stored result objects out. Only workers load this module."""

from __future__ import annotations

import contextlib
from functools import partial

from django.conf import settings
from django.utils.module_loading import import_string

from archive.storage.objects import open_writer
from archive.storage.writing import ObjectWriter
from archive.studies.models import Series
from archive.studies.selectors import read_dataset, series_instances_in_order
from archive.studies.services import complete_series, store_part10
from common.errors import Conflict
from compute.models import Job
from compute.results import Origin, secondary_captures
from compute.scheduling.devices import Device
from compute.services import ACTOR
from compute.templates.contract import Progress, TemplateInput
from compute.templates.library import find_template
from compute.volumes import SourceInstance


def run_template(job: Job, series: Series, *, device: Device, progress: Progress) -> tuple[str, int]:
    """Run the job's template on the series and store what it made.

    Safe to run again: the same job gives the same objects under the same UIDs.
    Returns  the UID of the result series, and how many objects are in it.
    """
    output = import_string(find_template(job.template_key).runner)(
        TemplateInput(
            instances=[
                SourceInstance(item.sop_class_uid, item.sop_instance_uid, partial(read_dataset, item))
                for item in series_instances_in_order(series)
            ],
            parameters=job.parameters,
            device="cuda" if device.kind == "gpu" else "cpu",
            threads=settings.COMPUTE_THREADS,
            progress=progress,
        )
    )
    progress(90, "storing")
    origin = _origin(job)
    count = 0
    with contextlib.closing(open_writer(series.study.site)) as writer:
        for data in secondary_captures(output, origin):
            _store(data, series, writer)
            count += 1
    _close(origin.series_instance_uid, count)
    return origin.series_instance_uid, count


def _origin(job: Job) -> Origin:
    before = Job.objects.filter(study_instance_uid=job.study_instance_uid, pk__lt=job.pk).count()
    return Origin(
        job_uid=str(job.uid),
        template_key=job.template_key,
        template_version=job.template_version,
        parameters=job.parameters,
        fingerprint=job.fingerprint,
        made_at=job.submitted_at,
        series_number=9001 + before,
    )


def _store(data: bytes, series: Series, writer: ObjectWriter) -> None:
    """Store one result; what an earlier attempt stored is the result, whichever device made it."""
    try:
        store_part10(data, site=series.study.site, actor=ACTOR, is_derived=True, writer=writer)
    except Conflict as refusal:
        if refusal.code != "DUPLICATE_SOP_INSTANCE":
            raise


def _close(series_instance_uid: str, count: int) -> None:
    result = Series.objects.filter(series_instance_uid=series_instance_uid).first()
    if result is not None and result.completeness != Series.Completeness.COMPLETE:
        complete_series(result, f"All {count} images the job made are stored.")
