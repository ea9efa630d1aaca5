"""A product with one small process, set up in this process over a PostgreSQL of its own."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from benchmarks._servers import RAM_DISK, folder_on, manage, postgres, valkey

FORM = {
    "title": {"en": "Do", "zh-hans": "执行"},
    "outcomes": {
        "done": {
            "label": {"en": "Done", "zh-hans": "完成"},
            "schema": {"type": "object", "additionalProperties": False, "properties": {}},
        }
    },
}


@contextlib.contextmanager
def product() -> Iterator[tuple[Path, dict[str, str]]]:
    """Database and broker of our own, on a RAM disk; the folder, and the environment for other processes."""
    with folder_on(RAM_DISK) as folder, postgres(folder) as url, valkey(folder) as broker:
        environment = {
            "DATABASE_URL": url,
            "REDIS_URL": broker,
            "SECRET_KEY": uuid.uuid4().hex,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "CONSILIUM_VAR": str(folder / "var"),
        }
        os.environ.update(environment)
        manage("migrate", "--verbosity", "0", environment=environment)
        django.setup()
        yield folder, environment


def import_process(folder: Path, bpmn: str) -> None:
    """Make a process with the form `do` known."""
    from workflows import services  # noqa: PLC0415 - models cannot be imported before Django is set up

    bundle = folder / "bundle"
    (bundle / "forms").mkdir(parents=True, exist_ok=True)
    (bundle / "benchmark.bpmn").write_text(bpmn)
    (bundle / "forms" / "do.json").write_text(json.dumps(FORM))
    services.import_bundle(bundle)


def radiologist_at_bench() -> tuple[Any, Any]:
    """A person who reads at the site `bench`, and the site."""
    from accounts.models import Membership, Person, Site  # noqa: PLC0415 - as above

    site, _ = Site.objects.get_or_create(
        code="bench", defaults={"name": "Bench", "kind": "provincial", "authority_namespace": "BENCH"}
    )
    person, _ = Person.objects.get_or_create(username="bench")
    Membership.objects.get_or_create(person=person, site=site, role="radiologist")
    return person, site


def multiply(table: Any, row: Any, count: int, **changed: str) -> None:
    """Add `count` copies of a row, all in one statement. `changed` maps columns to SQL over the copy's number `n`."""
    from django.db import connection  # noqa: PLC0415 - as above

    options = table._meta  # noqa: SLF001 - Django's documented door to what a model says, underscore or not
    columns = [field.column for field in options.concrete_fields if not field.generated]
    values = ", ".join(changed.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {options.db_table} ({', '.join(columns)}) SELECT {values}"  # noqa: S608 - names of our own
            f" FROM {options.db_table}, generate_series(1, %s) AS n WHERE {options.pk.column} = %s",
            [count, row.pk],
        )
        cursor.execute(f"ANALYZE {options.db_table}")
