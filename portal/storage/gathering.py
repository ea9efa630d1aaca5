"""What the pages of storage show, row by row."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Person, Site
from archive.lifecycle.access import managed_sites, visible_quotas
from archive.lifecycle.models import PlacementRule, RetentionRule, ScrubFinding, SiteQuota
from archive.lifecycle.quotas import used_bytes_of
from archive.lifecycle.usage import VolumeUsage, usage_of_sites, usage_of_volumes
from archive.lifecycle.volumes import default_volume
from archive.storage.models import SegmentCopy
from archive.studies.models import Correction
from portal.cases.words import Word
from portal.storage.words import COPY, FINDING, VOLUME, problem_in_words, quota_tone


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume with what it holds. `is_default`: new images arrive on it, so it cannot go out of use."""

    usage: VolumeUsage
    state: Word
    is_default: bool


@dataclass(frozen=True, slots=True)
class SiteRow:
    """What a site holds; `site` is None for what belongs to no site."""

    site: Site | None
    bytes_held: int
    objects_held: int


@dataclass(frozen=True, slots=True)
class CopyRow:
    copy: SegmentCopy
    state: Word
    percent: int
    problem: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    finding: ScrubFinding
    state: Word
    problem: str


@dataclass(frozen=True, slots=True)
class QuotaRow:
    site: object
    quota: SiteQuota | None
    used_bytes: int
    percent: int | None
    tone: str


@dataclass(frozen=True, slots=True)
class DeletionRow:
    correction: Correction
    can_be_undone: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule and what it asks, in words."""

    rule: PlacementRule | RetentionRule
    asks: list[str]


def volume_rows() -> list[VolumeRow]:
    home = default_volume()
    return [
        VolumeRow(usage, VOLUME[usage.volume.state], usage.volume.pk == home.pk)
        for usage in usage_of_volumes()
    ]


def site_rows() -> list[SiteRow]:
    return [
        SiteRow(
            Site(code=row["site__code"], name=row["site__name"], name_zh=row["site__name_zh"])
            if row["site__code"]
            else None,
            row["bytes_held"],
            row["objects_held"],
        )
        for row in usage_of_sites()
    ]


def copy_rows(copies: list[SegmentCopy]) -> list[CopyRow]:
    return [
        CopyRow(copy, COPY[copy.state], _percent(copy), problem_in_words(copy.problem)) for copy in copies
    ]


def finding_rows(findings: list[ScrubFinding]) -> list[FindingRow]:
    return [
        FindingRow(finding, FINDING[finding.state], problem_in_words(finding.code)) for finding in findings
    ]


def quota_rows(person: Person) -> list[QuotaRow]:
    """The person's sites with their quotas; a site without one is counted as it stands."""
    quotas = {quota.site_id: quota for quota in visible_quotas(person)}
    sites = list(managed_sites(person).order_by("code")[:50])
    counted = used_bytes_of([site for site in sites if site.pk not in quotas])
    rows = []
    for site in sites:
        quota = quotas.get(site.pk)
        used = quota.used_bytes if quota else counted.get(site.pk, 0)
        percent = 100 * used // quota.limit_bytes if quota else None
        rows.append(QuotaRow(site, quota, used, percent, quota_tone(percent or 0)))
    return rows


def _percent(copy: SegmentCopy) -> int:
    size = copy.segment.size_bytes
    return min(100, 100 * copy.bytes_done // size) if size else 0
