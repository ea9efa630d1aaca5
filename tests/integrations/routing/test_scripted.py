"""A script of the library on the way out: what it may change, and that it always changes the same."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from pydicom import dcmread

from accounts.models import AuditEvent
from archive.storage.objects import read_object
from common.errors import InvalidInput, NotFound
from integrations.routing.actions import action_of
from integrations.routing.models import Delivery
from integrations.routing.sending import send_due
from integrations.routing.services import route_series
from integrations.routing.tables import check_table
from integrations.routing.transforms.pipeline import transformed
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.routing.tables import routing_table
from tests.workflows.scripting.designing import make_designer
from tests.workflows.scripting.patience import patient_pool, patient_sandbox  # noqa: F401 - fixtures
from workflows.scripting import ScriptError, calls
from workflows.scripting.library.services import publish_script, save_draft
from workflows.scripting.pool import NoSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_sandbox")]
AT = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
SOURCE = """
import datetime
InstitutionName = InstitutionName.upper()
SeriesDescription = f'{Modality} {datetime.date.today().isoformat()}'
"""
TESTS = [{
    "data": {"InstitutionName": "a", "Modality": "CT"}, "now": "2026-03-02T08:00:00+00:00",
    "gives": {"InstitutionName": "A", "SeriesDescription": "CT 2026-03-02"},
}]  # fmt: skip


@pytest.fixture
def publish(cast):
    dora = make_designer(cast.provincial)

    def put_in_force(name, source, tests):
        return publish_script(save_draft(name, source=source, tests=tests, actor=dora), actor=dora)

    put_in_force("tidy", SOURCE, TESTS)
    return put_in_force


def sent_with(reference, **elements):
    data = part10(ct_slice(1, **elements))
    return transformed(data, [{"do": "script", "script": reference}], at=AT).data


def test_what_a_script_changes_is_coerced_and_the_former_values_are_kept(publish):
    changed = dcmread(io.BytesIO(sent_with("tidy@1", InstitutionName="County")))
    assert (changed.InstitutionName, changed.SeriesDescription) == ("COUNTY", "CT 2026-03-02")
    (item,) = changed.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].InstitutionName == "County"


def test_the_same_object_comes_out_the_same_whenever_it_is_sent(publish):
    before = sent_with("tidy@1", InstitutionName="County")
    publish("tidy", "StudyID = '9'", [{"data": {}, "gives": {"StudyID": "9"}}])
    assert sent_with("tidy@1", InstitutionName="County") == before


@pytest.mark.parametrize(
    "source",
    ["PatientName = 'X'", "StudyInstanceUID = '1.2'", "Anything = 'x'", "StudyID = 7", "StudyID = 'x' * 17"],
)
def test_what_routing_may_not_set_a_script_may_not_either(publish, source):
    publish("bold", source, [{"data": {}, "gives": _gives(source)}])
    with pytest.raises(InvalidInput):
        sent_with("bold@1")


def _gives(source):
    name, _equals, value = source.partition(" = ")
    return {name: eval(value)}  # noqa: S307 - a constant above


def test_a_script_that_fails_or_is_not_there_lets_nothing_leave(publish):
    publish("broken", "StudyID = StudyID[99]", [{"data": {"StudyID": "A" * 100}, "gives": {"StudyID": "A"}}])
    with pytest.raises(ScriptError, match=r"broken@1 failed: line 1, .* \(IndexError\)"):
        sent_with("broken@1")
    with pytest.raises(NotFound):
        sent_with("tidy@9")


@pytest.mark.parametrize("reference", ["tidy", "tidy@", "tidy@0", "Tidy@1", "tidy@x", 3])
def test_a_table_names_a_version(reference):
    with pytest.raises(InvalidInput) as caught:
        action_of({"destination": "x", "script": reference}, (1,))
    assert caught.value.code == "SCRIPT_UNNAMED"


def test_scripts_run_after_deidentification_and_before_what_the_table_sets():
    row = {
        "destination": "x",
        "compress": "rle",
        "coerce": {"StudyID": "1"},
        "script": "a@1",
        "deidentify": "basic",
    }
    assert [step["do"] for step in action_of(row, (1,)).transforms] == [
        "deidentify", "script", "coerce", "compress",
    ]  # fmt: skip


def test_a_series_reaches_its_destination_as_the_script_of_its_row_made_it(
    publish, put_in_force, make_series, folder_destination
):
    """From the table in force to the file that arrived, by way of the sandbox."""
    _destination, folder = folder_destination()
    put_in_force(routing_table(["modality"], ["destination", "script"], ['"CT"', '"files"', '"tidy@1"']))
    series = make_series(2, InstitutionName="County")

    route_series(series)
    send_due()

    arrived = [dcmread(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    assert [each.InstitutionName for each in arrived] == ["COUNTY", "COUNTY"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    kept = dcmread(io.BytesIO(read_object(series.instances.first().storage_key)))
    assert kept.InstitutionName == "County"


def test_an_object_whose_script_is_denied_stays_and_the_audit_trail_names_it(
    publish, put_in_force, make_series, folder_destination
):
    _destination, folder = folder_destination()
    publish(
        "sly",
        "StudyID = '1' if Modality == 'CT' else open",
        [{"data": {"Modality": "CT"}, "gives": {"StudyID": "1"}}],
    )
    put_in_force(routing_table(["modality"], ["destination", "script"], ['"MR"', '"files"', '"sly@1"']))
    series = make_series(1, Modality="MR")

    route_series(series)
    send_due()

    assert not [path for path in folder.rglob("*") if path.is_file()]
    line = AuditEvent.objects.get(action="script.denied")
    assert (line.actor, line.object_uid) == ("routing", "sly@1")
    assert line.detail["instance"] == series.instances.get().sop_instance_uid
    assert (Delivery.objects.get().state, Delivery.objects.get().error_code) == ("dead", "SCRIPT_DENIED")


def test_without_a_sandbox_an_object_waits_and_is_no_dead_letter(
    publish, put_in_force, make_series, folder_destination, monkeypatch
):
    folder_destination()
    put_in_force(routing_table(["modality"], ["destination", "script"], ['"CT"', '"files"', '"tidy@1"']))
    route_series(make_series(1))
    monkeypatch.setattr(calls, "pool", _none)

    send_due()

    assert (Delivery.objects.get().state, Delivery.objects.get().error_code) == (
        "failed",
        "SCRIPT_UNAVAILABLE",
    )


def _none():
    raise NoSandbox


def test_a_table_that_names_an_unknown_script_is_not_published(publish):
    xml = routing_table(["modality"], ["process", "script"], ["-", '"x"', '"tidy@2"'])
    with pytest.raises(InvalidInput, match=r"tidy@2") as caught:
        check_table(xml, site=None)
    assert caught.value.code == "SCRIPT_UNKNOWN"
