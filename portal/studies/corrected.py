"""What was corrected of a study, newest first, each with the study its series went to."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Person
from archive.studies.corrections.models import Correction
from archive.studies.models import Study
from archive.studies.selectors import visible_studies

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction, and the study that its series were split off or merged into, where the person may see it."""

    correction: Correction
    target: Study | None


def corrections_shown(person: Person, study_instance_uid: str) -> list[Corrected]:
    """The corrections of a study; two statements however many there are."""
    found = list(
        Correction.objects.filter(study_instance_uid=study_instance_uid).order_by("-made_at", "-pk")[:SHOWN]
    )
    targets = _targets(person, {_target_of(one) for one in found} - {""})
    return [Corrected(one, targets.get(_target_of(one))) for one in found]


def _targets(person: Person, uids: set[str]) -> dict[str, Study]:
    if not uids:
        return {}
    return {
        study.study_instance_uid: study
        for study in visible_studies(person).filter(study_instance_uid__in=uids)
    }


def _target_of(correction: Correction) -> str:
    """Where the series went; nowhere until they are copied, and when that was undone."""
    is_made = correction.performed_at is not None and correction.undone_at is None
    return str(correction.detail.get("target", "")) if is_made else ""
