"""Scripts of the library in script tasks.  Reference: BPMN 2.0.2 §10.3.3."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, user
from tests.workflows.engine.drawing import END
from tests.workflows.scripting.designing import SOURCE, TESTS, make_designer
from tests.workflows.scripting.patience import patient_pool, patient_sandbox  # noqa: F401 - fixtures
from workflows.checks import check_bundle
from workflows.engine import EngineFault
from workflows.scripting.library.services import publish_script, save_draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_sandbox")]


def calling(reference):
    node = f'<bpmn:scriptTask id="x" scriptFormat="library"><bpmn:script>{reference}</bpmn:script></bpmn:scriptTask>'
    return node + user("after") + END + chain("start", "x", "after", "end")


@pytest.fixture
def publish(cast):
    dora = make_designer(cast.provincial)

    def put_in_force(source, tests):
        return publish_script(save_draft("accession", source=source, tests=tests, actor=dora), actor=dora)

    put_in_force(SOURCE, TESTS)
    return put_in_force


@pytest.mark.parametrize(("reference", "expected"), [("accession", "7"), ("accession@1", "CT-00007")])
def test_a_task_runs_the_script_in_force_or_the_version_it_names(play, publish, reference, expected):
    publish("accession = str(number)", [{"data": {"number": 1}, "gives": {"accession": "1"}}])
    run = play(calling(reference), {"prefix": "ct", "number": 7})
    assert run.data_at("after")["accession"] == expected


def test_a_script_that_is_gone_stops_the_case_with_its_name(play):
    with pytest.raises(EngineFault, match="accession"):
        play(calling("accession"), {})


def test_a_diagram_that_names_no_script_of_the_library_is_refused(publish):
    def problems(reference):
        return [problem.message for problem in check_bundle(bundle(calling(reference)))]

    assert problems("accession") == []
    assert problems("accession@9") == ["The library has no script accession@9 in force"]
