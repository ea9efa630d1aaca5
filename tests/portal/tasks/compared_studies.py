"""A case with one step for a radiologist, who picks an earlier study of the patient to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from accounts.services import grant_studies
from tests.personas import Cast
from tests.portal.cases_in_work import make_order
from tests.portal.one_step_process import start_one_step, subjects_of
from tests.portal.stored_images import store_ct
from workflows.models import ProcessInstance, UserTask

FORM = {
    "title": {"en": "Compare", "zh-hans": "对比"},
    "outcomes": {
        "compare": {
            "label": {"en": "Compare them", "zh-hans": "进行对比"},
            "style": "primary",
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["earlier"],
                "properties": {"earlier": {"type": "string", "title": "Earlier study"}},
            },
            "widgets": {"earlier": "study"},
            "choices": {"earlier": "studies.of_the_patient"},
            "x-i18n": {"zh-hans": {"properties": {"earlier": {"title": "既往检查"}}}},
        }
    },
}
EARLIER, OF_SOMEBODY_ELSE = "1.2.156.1", "1.2.156.2"


@dataclass(frozen=True, slots=True)
class Compared:
    """The case, its open task, and the studies the radiologist may see: the case's, an earlier one, a stranger's."""

    case: ProcessInstance
    task: UserTask
    own: str
    earlier: str = EARLIER
    of_somebody_else: str = OF_SOMEBODY_ELSE


def start_comparing(cast: Cast, folder: Path) -> Compared:
    order = make_order(cast)
    own = order.study_instance_uid
    store_ct(cast.county, study=own, series="1.2.156.3.1", AccessionNumber=order.accession_number)
    store_ct(
        cast.county, study=EARLIER, series="1.2.156.1.1", StudyDate="20250214", StudyDescription="CT a year ago",
        AccessionNumber="A-0",
    )  # fmt: skip
    store_ct(
        cast.county, study=OF_SOMEBODY_ELSE, series="1.2.156.2.1", PatientID="C-2002",
        PatientName="Li^Na=李^娜", PatientBirthDate="19790305", PatientSex="F", AccessionNumber="A-9",
        StudyDescription="CT of a stranger",
    )  # fmt: skip
    grant_studies([EARLIER, OF_SOMEBODY_ELSE], cause="test", person=cast.rosa)
    case = start_one_step(cast, folder, FORM, subjects=subjects_of(order))
    return Compared(case, UserTask.objects.get(instance=case), own)
