"""The schema that test databases begin with: migrated once a server, then copied by it.

Migrating takes seconds, and each process of a run, and each run, would do it again; PostgreSQL copies a database in a
fraction of one. A copy is known by what it was made of, so a changed migration makes another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper

from integrations.routing import defaults

PREFIX = "consilium_schema_"
KEPT = 6  # several checkouts may share a server
_LOCK = 6_273_519  # of ours alone: who comes second waits, and finds it made


def migrated_template() -> str:
    """The name of a database that holds every table and nothing of a test, made now if there is none."""
    name = PREFIX + _digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if name not in _finished(cursor):
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            _migrate(name)
            cursor.execute(f"COMMENT ON DATABASE {name} IS 'finished'")
        for other in [each for each in _finished(cursor) if each != name][KEPT - 1 :]:
            cursor.execute(f"DROP DATABASE IF EXISTS {other} WITH (FORCE)")
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return name


def drop_at_once(name: str, _verbosity: int) -> None:
    """In place of Django's drop, which waits for sessions that threads have left open, and then gives up."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)} WITH (FORCE)")


def _finished(cursor: CursorWrapper) -> list[str]:
    """Databases whose migrations came to an end, the latest first."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        " AND shobj_description(oid, 'pg_database') = 'finished' ORDER BY oid DESC",
        [PREFIX],
    )
    return [name for (name,) in cursor]


def _migrate(name: str) -> None:
    facts = connection.settings_dict
    usual = facts["NAME"]
    connection.close()
    facts["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        facts["NAME"] = usual


def _digest() -> str:
    """Over every migration, in the order of the apps, and the rows that are written after them."""
    found = hashlib.sha256()
    for path in (*_migrations(), Path(defaults.__file__), defaults.TABLE):
        found.update(f"{path.parent.parent.name}/{path.name}".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _migrations() -> Iterator[Path]:
    for app in apps.get_app_configs():
        folder = Path(app.path) / "migrations"
        if folder.is_dir():
            yield from sorted(folder.glob("*.py"))
