"""Building the metadata of a series, and keeping it: once when it is complete, or when somebody asks sooner.

What is kept is right as long as the series has the very instances it was built of. Instances that came since are
put at its end; after anything else it is built anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from archive.storage.objects import Place, locate
from archive.studies.metadata.encoding import SeriesEncoder
from archive.studies.metadata.models import SeriesMetadata
from archive.studies.metadata.objects import Files, open_files, read_with
from archive.studies.metadata.packing import Packed, packed
from archive.studies.models import Instance, Series
from archive.studies.outgoing import identity_of
from common import clock
from common.errors import InvalidInput, NotFound
from events.services import Event

log = structlog.get_logger(__name__)

VERSION = 1
ROOT = "/dicomweb"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Contents:
    """Which instances metadata is of, under which identity."""

    count: int
    newest: int
    total: int
    corrected_at: dt.datetime | None


def prepare(event: Event) -> None:
    """Have the metadata of a complete series ready before anybody asks."""
    series = (
        Series.objects.filter(series_instance_uid=event.subjects["series"]).select_related("study").first()
    )
    if series is not None:
        build(series)


def build(series: Series) -> Packed:
    """The metadata of a series as of now, kept for the next who asks.

    Raises  Unavailable if objects cannot be read now.
    """
    rows = _rows(series)
    kept = SeriesMetadata.objects.filter(series=series).first()
    builder = _Builder(series)
    contents = contents_of([row["pk"] for row in rows], series.study.corrected_at)
    older = [row["pk"] for row in rows if kept is not None and row["pk"] <= kept.newest_instance]
    if kept is not None and is_of(kept, contents):
        return packed_of(kept)
    if kept is not None and older and is_of(kept, contents_of(older, series.study.corrected_at)):
        late = [row for row in rows if row["pk"] > kept.newest_instance]
        body = packed_of(kept).followed_by(packed(builder.texts(late, is_continued=True)))
    else:
        body = packed(builder.texts(rows))
    if not builder.missing:
        _keep(series, body, contents)
    return body


def contents_of(keys: Sequence[int], corrected_at: dt.datetime | None) -> Contents:
    return Contents(len(keys), max(keys, default=0), sum(keys), corrected_at)


def is_of(kept: SeriesMetadata, contents: Contents) -> bool:
    """Whether kept metadata is of these instances, and in today's form."""
    return kept.version == VERSION and contents == Contents(
        kept.instance_count, kept.newest_instance, int(kept.sum_of_instances), kept.corrected_at
    )


def packed_of(kept: SeriesMetadata) -> Packed:
    return Packed(bytes(kept.body), kept.plain_bytes, kept.adler32)


def instance_json(instance: Instance) -> bytes:
    """The JSON object of one instance, made from its bytes. Raises Unavailable."""
    row = {name: getattr(instance, name) for name in ("pk", *_FIELDS)}
    return b"".join(_Builder(instance.series).texts([row]))


_FIELDS = ("sop_instance_uid", "sop_class_uid", "storage_key")


def _rows(series: Series) -> list[dict[str, Any]]:
    return list(series.instances.order_by("instance_number", "pk").values("pk", *_FIELDS))


class _Builder:
    """Puts instances of one series into JSON; `missing` counts those whose bytes were not to be found."""

    def __init__(self, series: Series) -> None:
        self.missing = 0
        self._study_uid, self._series_uid = series.study.study_instance_uid, series.series_instance_uid
        self._encoder = SeriesEncoder(f"{ROOT}/studies/{self._study_uid}/series/{self._series_uid}")
        self._identity = identity_of(series.study)

    def texts(self, rows: Sequence[dict[str, Any]], *, is_continued: bool = False) -> Iterator[bytes]:
        with open_files() as files:
            for start in range(0, len(rows), _AT_ONCE):
                batch = rows[start : start + _AT_ONCE]
                places = locate([row["storage_key"] for row in batch])
                for number, row in enumerate(batch, start=start):
                    text = self._text(files, places.get(row["storage_key"]), row)
                    yield ("," + text if number or is_continued else text).encode()

    def _text(self, files: Files, place: Place | None, row: dict[str, Any]) -> str:
        """The instance in JSON; one whose bytes are damaged or gone is told of by what the index knows."""
        uid = row["sop_instance_uid"]
        try:
            if place is None:
                raise NotFound("The object is not in the store", code="OBJECT_MISSING")
            return read_with(
                place, files, lambda found: self._encoder.instance(found, uid), identity=self._identity
            )
        except (InvalidInput, NotFound) as error:
            log.warning("metadata.instance_unreadable", sop_instance_uid=uid, code=error.code)
            self.missing += isinstance(error, NotFound)
            return self._index_only(row)

    def _index_only(self, row: dict[str, Any]) -> str:
        known = {
            "00080016": row["sop_class_uid"], "00080018": row["sop_instance_uid"],
            "0020000D": self._study_uid, "0020000E": self._series_uid,
        }  # fmt: skip
        return "{" + ",".join(f'"{tag}":{{"vr":"UI","Value":["{uid}"]}}' for tag, uid in known.items()) + "}"


def _keep(series: Series, body: Packed, contents: Contents) -> None:
    SeriesMetadata.objects.update_or_create(
        series=series,
        defaults={
            "body": body.blocks, "plain_bytes": body.length, "adler32": body.adler32,
            "instance_count": contents.count, "newest_instance": contents.newest,
            "sum_of_instances": contents.total, "corrected_at": contents.corrected_at, "version": VERSION,
            "built_at": clock.now(),
        },
    )  # fmt: skip
