"""A page of studies by a patient's name is found in an index of studies alone, whichever way there is shorter."""

from __future__ import annotations

import pytest
from django.db import connection

from archive.studies.queries.requests import Key, Level, Query
from archive.studies.queries.search import search_page
from archive.studies.queries.statement import paged_statement_of
from archive.studies.reach import scope_for
from archive.studies.synthetic import make_synthetic_studies

NAME, UID = 0x00100010, 0x0020000D


@pytest.fixture
def many(cast) -> None:
    """Five thousand studies: of five families in thirty the name begins with W, of one in three hundred with SMITH1."""
    make_synthetic_studies(5000, site=cast.county)


def by_name(name: str, level: Level = Level.STUDY) -> Query:
    return Query(level, (Key(NAME, "PN", (name,)), Key(UID, "UI")), is_relational=True, limit=26)


def plan_of(cast, query: Query) -> str:
    find = paged_statement_of(query, within=scope_for(cast.theo)).find
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {find.sql}", find.parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_name_that_many_have_is_met_among_the_newest(many, cast):
    plan = plan_of(cast, by_name("W*"))

    assert "study_newest" in plan
    assert "mpi_patient" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("name", ["SMITH1*", "SMITH17", "Smith17^G1*"])
def test_a_name_that_few_have_is_looked_up_by_it(many, cast, name):
    plan = plan_of(cast, by_name(name))

    assert "study_patient_name" in plan
    assert "mpi_patient" not in plan


def test_series_are_found_by_the_same_name(many, cast):
    plan = plan_of(cast, by_name("SMITH17", Level.SERIES))

    assert "study_patient_name" in plan
    assert "mpi_patient" not in plan


def test_a_name_in_ideographs_is_looked_up_with_the_patients(many, cast):
    assert "patient_ideographic" in plan_of(cast, by_name("李*"))


def test_a_name_is_planned_with_its_value_however_often_names_are_asked_for(cast):
    """A plan kept for any value could not use an index of prefixes, not even for a name without wild cards."""
    for _ in range(8):
        search_page(by_name("SMITH17"), within=scope_for(cast.theo))

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert not [statement for (statement,) in cursor if "patient_matching_name LIKE" in statement]
