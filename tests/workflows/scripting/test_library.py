"""Scripts by name: drafts, tests that must pass, versions that stay."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.workflows.scripting.designing import SOURCE, TESTS, make_designer
from workflows.scripting import ScriptError
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.selectors import find_script, visible_scripts
from workflows.scripting.library.services import discard_draft, publish_script, run_named_script, save_draft
from workflows.scripting.library.testing import run_tests

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(cast):
    return make_designer(cast.provincial)


def published(dora, source=SOURCE, tests=TESTS, name="accession"):
    return publish_script(save_draft(name, source=source, tests=tests, actor=dora), actor=dora)


def test_a_draft_is_put_in_force_once_its_tests_pass(dora):
    version = published(dora)
    assert (version.number, version.state, version.published_by) == (1, "published", "dora")
    assert run_named_script("accession", {"prefix": "mr", "number": 7}) == {"accession": "MR-00007"}


def test_a_draft_whose_test_fails_is_not_put_in_force(dora):
    wrong = [
        {"name": "six digits", "data": {"prefix": "ct", "number": 42}, "gives": {"accession": "CT-000042"}}
    ]
    draft = save_draft("accession", source=SOURCE, tests=[*TESTS, *wrong], actor=dora)
    with pytest.raises(InvalidInput, match="six digits") as caught:
        publish_script(draft, actor=dora)
    assert (caught.value.code, list(caught.value.fields)) == ("TESTS_FAILED", ["tests"])
    assert find_script("accession") is None


def test_a_script_without_tests_is_not_put_in_force(dora):
    draft = save_draft("accession", source=SOURCE, tests=[], actor=dora)
    with pytest.raises(InvalidInput) as caught:
        publish_script(draft, actor=dora)
    assert caught.value.code == "TESTS_MISSING"


def test_a_script_that_cannot_be_read_says_so_at_its_source(dora):
    draft = save_draft("accession", source="import os", tests=TESTS, actor=dora)
    with pytest.raises(InvalidInput, match="line 1") as caught:
        publish_script(draft, actor=dora)
    assert (caught.value.code, list(caught.value.fields)) == ("SCRIPT_DENIED", ["source"])
    assert AuditEvent.objects.get(action="script.denied").person == dora


def test_a_new_version_retires_the_one_before_which_still_runs_by_its_number(dora):
    published(dora)
    tests = [{"data": {"number": 1}, "gives": {"accession": "1"}}]
    published(dora, source="accession = str(number)", tests=tests)

    assert run_named_script("accession", {"prefix": "ct", "number": 9}) == {"accession": "9"}
    assert run_named_script("accession@1", {"prefix": "ct", "number": 9}) == {"accession": "CT-00009"}
    states = ScriptVersion.objects.order_by("number").values_list("number", "state")
    assert list(states) == [(1, "retired"), (2, "published")]


@pytest.mark.parametrize(
    "reference", ["accession", "accession@2", "accession@x", "accession@", "nothing", ""]
)
def test_what_is_not_in_force_cannot_be_run(dora, reference):
    save_draft("accession", source=SOURCE, tests=TESTS, actor=dora)
    with pytest.raises(NotFound):
        run_named_script(reference, {})


def test_a_draft_is_one_for_all_and_changes_until_it_is_published(dora):
    first = save_draft("accession", source="x = 1", tests=[], actor=dora)
    second = save_draft("accession", source="x = 2", tests=[], actor=dora)
    assert (first.pk, second.number) == (second.pk, 1)
    with pytest.raises(Conflict):
        publish_script(ScriptVersion(pk=0, name="accession", source=SOURCE, tests=TESTS), actor=dora)


def test_what_was_tested_is_what_is_put_in_force(dora):
    """Somebody saves over a draft while its tests run: theirs was not tested."""
    tested = save_draft("accession", source=SOURCE, tests=TESTS, actor=dora)
    save_draft("accession", source="accession = 0", tests=TESTS, actor=dora)
    with pytest.raises(Conflict):
        publish_script(tested, actor=dora)
    assert find_script("accession") is None


def test_a_draft_can_be_thrown_away_and_a_version_cannot(dora):
    version = published(dora)
    discard_draft(save_draft("accession", source="x = 2", tests=[], actor=dora), actor=dora)
    with pytest.raises(Conflict):
        discard_draft(version, actor=dora)
    assert [each.number for each in ScriptVersion.objects.all()] == [1]


def test_who_saved_published_and_threw_away_is_in_the_audit_trail(dora):
    version = published(dora)
    discard_draft(save_draft("accession", source="x = 2", tests=[], actor=dora), actor=dora)
    lines = AuditEvent.objects.filter(object_uid="accession").order_by("id")
    assert [line.action for line in lines] == [
        "script.saved", "script.published", "script.saved", "script.discarded",
    ]  # fmt: skip
    assert {line.person for line in lines} == {dora}
    assert lines[1].detail == {"version": 1, "digest": version.digest}


def test_only_designers_see_and_change_scripts(dora, cast):
    draft = save_draft("accession", source=SOURCE, tests=TESTS, actor=dora)
    assert visible_scripts(dora).count() == 1
    assert not visible_scripts(cast.otto).exists()
    for act in (
        lambda: save_draft("accession", source="x = 1", tests=[], actor=cast.otto),
        lambda: publish_script(draft, actor=cast.otto),
        lambda: discard_draft(draft, actor=cast.otto),
    ):
        with pytest.raises(NotPermitted):
            act()


@pytest.mark.parametrize(
    "tests",
    [
        "no list",
        [1],
        [{"data": {}}],
        [{"data": {}, "gives": {}, "ends": "SCRIPT_FAILED"}],
        [{"data": [], "gives": {}}],
        [{"data": {}, "gives": 1}],
        [{"data": {}, "ends": "SCRIPT_UNAVAILABLE"}],
        [{"data": {}, "gives": {}, "now": "noon"}],
        [{"data": {}, "gives": {}, "now": "2026-11-23T12:00:00"}],
        [{"data": {}, "gives": {}, "seed": 1}],
        [{"data": {}, "gives": {}, "else": 1}],
        [{"data": {}, "gives": {}}] * 21,
    ],
)
def test_what_is_no_test_is_refused(dora, tests):
    with pytest.raises(InvalidInput) as caught:
        save_draft("accession", source=SOURCE, tests=tests, actor=dora)
    assert list(caught.value.fields) == ["tests"]


@pytest.mark.parametrize("name", ["", "Accession", "a b", "1st", "a" * 61, "a@2"])
def test_a_name_is_small_letters_digits_and_hyphens(dora, name):
    with pytest.raises(InvalidInput) as caught:
        save_draft(name, source=SOURCE, tests=TESTS, actor=dora)
    assert list(caught.value.fields) == ["name"]


def test_tests_have_a_clock_and_chance_of_their_own(dora):
    source = "import datetime, random\nday = datetime.date.today().isoformat()\ndie = random.randint(1, 6)"
    late_in_shanghai = "2026-02-28T23:59:00+08:00"
    tests = [{"name": "a", "data": {}, "gives": {"day": "", "die": 0}, "now": late_in_shanghai, "seed": "7"}]
    (result,) = run_tests(source, tests, name="day", actor=dora)
    assert not result.has_passed
    assert result.given["day"] == "2026-02-28"
    assert result.given["die"] in range(1, 7)


def test_a_failing_script_of_the_library_is_named_with_its_version(dora):
    published(dora)
    with pytest.raises(ScriptError, match="accession@1"):
        run_named_script("accession", {})
