"""Studies that nobody sent: index rows by the million, to see what size costs. There are no bytes behind them.

They are made by the database from numbers, the same every time, and are told from real ones by their trace.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction

from accounts.models import Site
from common import clock

TRACE = uuid.UUID("5a17e71c-0000-4000-8000-000000000000")
SOURCE = "synthetic"
FAMILIES = (
    "SMITH", "JONES", "TAYLOR", "BROWN", "WILSON", "EVANS", "DAVIES", "MILLER", "WALKER", "WHITE",
    "GREEN", "HALL", "WOOD", "MOORE", "CLARK", "HARRIS", "LEWIS", "KING", "BAKER", "COOPER",
    "LI", "WANG", "ZHANG", "LIU", "CHEN", "MUELLER", "SCHMIDT", "GARCIA", "SILVA", "ROSSI",
)  # fmt: skip
_BATCH = 50_000
_PATIENTS = """
INSERT INTO mpi_patient (uid, family_name, given_name, ideographic_name, matching_name, birth_date, sex, registered_at)
SELECT md5('synthetic' || i)::uuid, family, 'G' || i %% 97, '', lower(family) || '^g' || i %% 97,
       date '1930-01-01' + (i * 131 %% 30000)::int, CASE i %% 2 WHEN 0 THEN 'F' ELSE 'M' END, %(now)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i,
     LATERAL (SELECT (%(families)s::text[])[i %% 30 + 1] || i / 30 %% 100 AS family) f
"""
_IDENTIFIERS = """
INSERT INTO mpi_patientidentifier (patient_id, site_id, value, authority_namespace, authority_universal_id, type_code,
                                   source, linked_at)
SELECT p.id, %(site)s, 'SYN' || lpad(i::text, 8, '0'), %(authority)s, '', 'MR', 'synthetic', %(now)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i JOIN mpi_patient p ON p.uid = md5('synthetic' || i)::uuid
"""
_STUDIES = """
INSERT INTO studies_study (study_instance_uid, site_id, patient_id, match_reason, accession_number, study_id,
                           study_date, study_time, study_description, referring_physician_name, attributes,
                           received_at, trace_id)
SELECT '2.25.7' || lpad(i::text, 12, '0'), %(site)s, p.id, 'synthetic', 'Y' || lpad(i::text, 8, '0'), i::text,
       date '2010-01-01' + (i * 37 %% 5844)::int, time '07:00' + (i * 61 %% 43200) * interval '1 second',
       (ARRAY['CT CHEST', 'MR HEAD', 'CT ABDOMEN', 'DX CHEST'])[i %% 4 + 1], 'REFERRER' || i %% 50, '{}',
       %(now)s, %(trace)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) i JOIN mpi_patient p ON p.uid = md5('synthetic' || i)::uuid
"""
_SERIES = """
INSERT INTO studies_series (series_instance_uid, study_id, modality, series_number, series_description,
    body_part_examined, frame_of_reference_uid, calling_ae_title, is_derived, is_localizer, first_received_at,
    last_received_at, is_sending, completeness, completeness_reason, thin_slice_reason, geometry, attributes, evidence)
SELECT s.study_instance_uid || '.1', s.id, (ARRAY['CT', 'MR', 'CT', 'DX'])[s.study_id::bigint %% 4 + 1], 1, '', '', '',
       'SYNTHETIC', false, false, %(now)s, %(now)s, false, 'complete', 'synthetic', '', '{}', '{}', '{}'
FROM studies_study s
WHERE s.study_instance_uid >= '2.25.7' || lpad(%(first)s::text, 12, '0')
  AND s.study_instance_uid <= '2.25.7' || lpad(%(last)s::text, 12, '0') AND s.trace_id = %(trace)s
"""
_INSTANCES = """
INSERT INTO studies_instance (sop_instance_uid, series_id, sop_class_uid, transfer_syntax_uid, instance_number,
                              number_of_frames, storage_key, size_bytes, sha256, received_at)
SELECT e.series_instance_uid || '.' || n, e.id, '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', n, 1,
       'sha256/000/' || repeat('0', 32) || md5(e.series_instance_uid || n), 0, repeat('0', 64), %(now)s
FROM studies_series e JOIN studies_study s ON s.id = e.study_id, generate_series(1, %(instances)s) n
WHERE s.study_instance_uid >= '2.25.7' || lpad(%(first)s::text, 12, '0')
  AND s.study_instance_uid <= '2.25.7' || lpad(%(last)s::text, 12, '0') AND s.trace_id = %(trace)s
"""
_TABLES = ("mpi_patient", "mpi_patientidentifier", "studies_study", "studies_series", "studies_instance")


def synthetic_uid(number: int) -> str:
    """The Study Instance UID of the synthetic study with this number."""
    return f"2.25.7{number:012}"


def count_synthetic() -> int:
    """How many synthetic studies there are."""
    return int(_one("SELECT count(*) FROM studies_study WHERE trace_id = %(trace)s", {"trace": TRACE}) or 0)


def make_synthetic_studies(total: int, *, site: Site, instances: int = 1) -> int:
    """Make synthetic studies of a site until there are `total`, numbered from 1; how many were made."""
    there = count_synthetic()
    for first in range(there + 1, total + 1, _BATCH):
        facts: dict[str, Any] = {
            "first": first, "last": min(first + _BATCH - 1, total), "site": site.pk, "trace": TRACE,
            "authority": site.authority_namespace, "families": list(FAMILIES), "instances": instances,
            "now": clock.now(),
        }  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in (_PATIENTS, _IDENTIFIERS, _STUDIES, _SERIES, _INSTANCES):
                cursor.execute(statement, facts)
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(
                f"VACUUM ANALYZE {table}" if not connection.in_atomic_block else f"ANALYZE {table}"
            )
    return max(total - there, 0)


def remove_synthetic_studies() -> int:
    """Remove all of them; how many studies."""
    facts: dict[str, Any] = {"trace": TRACE, "source": SOURCE}
    studies = "SELECT id FROM studies_study WHERE trace_id = %(trace)s"
    series = f"SELECT id FROM studies_series WHERE study_id IN ({studies})"  # noqa: S608
    removed = count_synthetic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM studies_instance WHERE series_id IN ({series})", facts)  # noqa: S608
        cursor.execute(f"DELETE FROM studies_series WHERE study_id IN ({studies})", facts)  # noqa: S608
        cursor.execute("DELETE FROM studies_study WHERE trace_id = %(trace)s", facts)
        cursor.execute(
            "CREATE TEMP TABLE synthetic_patient ON COMMIT DROP AS "
            "SELECT patient_id FROM mpi_patientidentifier WHERE source = %(source)s",
            facts,
        )
        cursor.execute("DELETE FROM mpi_patientidentifier WHERE source = %(source)s", facts)
        cursor.execute("DELETE FROM mpi_patient WHERE id IN (SELECT patient_id FROM synthetic_patient)")
    return removed


def _one(sql: str, facts: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        row = cursor.fetchone()
    return row[0] if row else None
