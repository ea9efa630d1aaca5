"""Studies of a patient who was found to be another patient of ours.

Reference  HL7 v2.5.1 §3.3.40 (ADT^A40), IHE ITI-8
"""

from __future__ import annotations

from accounts.actors import Actor
from accounts.audit import record_audit
from archive.mpi.models import Patient
from archive.mpi.selectors import survivor_of
from archive.studies.models import Study
from common import clock


def file_under_survivor(patient: Patient, *, actor: Actor) -> int:
    """File the studies of a folded patient under the survivor, in the transaction of whoever folds; how many.

    Their objects leave with the survivor's identity from then on.
    """
    survivor = survivor_of(patient)
    if survivor.pk == patient.pk:
        return 0
    filed = Study.all_objects.filter(patient=patient).update(patient=survivor, corrected_at=clock.now())
    if filed:
        record_audit(
            actor, "studies.filed_under_survivor", object_kind="patient", object_uid=str(survivor.uid),
            folded=str(patient.uid), studies=filed,
        )  # fmt: skip
    return filed
