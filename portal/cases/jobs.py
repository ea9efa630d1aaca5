"""What is computed for a case, in words: the template's title, how far it is, and how it ended."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.translation import get_language

from accounts.models import Person
from common.errors import NotFound
from compute.models import Job
from compute.selectors import visible_jobs
from compute.templates.library import find_template
from portal.cases.words import JOB, Word, word

SHOWN = 10


@dataclass(frozen=True, slots=True)
class ShownJob:
    job: Job
    title: str
    state: Word
    step: str


def jobs_of(person: Person, case_uid: uuid.UUID) -> list[ShownJob]:
    """The latest jobs of a case that the person may see."""
    jobs = visible_jobs(person).filter(case_uid=case_uid)[:SHOWN]
    return [ShownJob(job, _title(job), word(JOB, job.status), job.step_label) for job in jobs]


def _title(job: Job) -> str:
    try:
        return find_template(job.template_key).title_in(get_language() or "en")
    except NotFound:
        return job.template_key
