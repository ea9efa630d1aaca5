"""Whether a person may store an object, and at which site it then belongs.

Reference  PS3.18 §10.5.1.1 (target resources), §I.2 (failure reasons)
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Person, Site
from accounts.privileges import Privilege, sites_where
from archive.studies.elements import STUDY_INSTANCE_UID
from archive.studies.header import Header
from archive.studies.models import Study
from archive.studies.outgoing import needs_coercion
from archive.studies.selectors import visible_studies
from common.errors import InvalidInput, NotPermitted

OF_THE_REQUEST = frozenset({"OTHER_STUDY", "SITE_UNCLEAR"})  # nothing is wrong with the object by itself


@dataclass(frozen=True, slots=True)
class _Place:
    site: Site
    is_coerced: bool = False


class Admission:
    """What one person may store in one request.

    A study that is here already stays at its site, and takes objects from whoever may see it; a new one belongs
    to the site where the person may store. With several such sites, `site_code` names the one that is meant.
    """

    def __init__(self, actor: Person, *, study_instance_uid: str = "", site_code: str = "") -> None:
        """Raises  NotPermitted if the person may store nowhere, or not at the site named."""
        self.actor = actor
        self._wanted = study_instance_uid
        self._sites = list(sites_where(actor, Privilege.STORE_STUDIES).order_by("code"))
        chosen = [site for site in self._sites if not site_code or site.code == site_code]
        if not chosen:
            raise NotPermitted("You may not store objects here", code="STORING_NOT_PERMITTED")
        self._chosen = chosen
        self._places: dict[str, _Place] = {}

    @property
    def home(self) -> Site:
        return self._chosen[0]

    def site_of(self, header: Header) -> Site:
        """Where this object belongs; one look-up a study.

        Raises  InvalidInput for an object of another study than the request names, or a new study that could
                belong to several sites; NotPermitted for a study the person may not see.
        """
        study_instance_uid = header.text(STUDY_INSTANCE_UID)
        if self._wanted and study_instance_uid != self._wanted:
            raise InvalidInput("The object is of another study than the request names", code="OTHER_STUDY")
        if study_instance_uid not in self._places:
            self._places[study_instance_uid] = self._look_up(study_instance_uid)
        return self._places[study_instance_uid].site

    def is_coerced(self, study_instance_uid: str) -> bool:
        """Whether objects of the study leave with other values than they came with."""
        place = self._places.get(study_instance_uid)
        return place is not None and place.is_coerced

    def _look_up(self, study_instance_uid: str) -> _Place:
        known = Study.all_objects.filter(study_instance_uid=study_instance_uid).select_related("site").first()
        if known is not None:
            is_ours = known.site in self._sites
            seen = visible_studies(self.actor).filter(study_instance_uid=study_instance_uid)
            if not (is_ours or seen.exists()):
                raise NotPermitted("You may not store objects of this study", code="STUDY_NOT_PERMITTED")
            return _Place(known.site, is_coerced=needs_coercion(known))
        if len(self._chosen) > 1:
            codes = ", ".join(site.code for site in self._chosen)
            raise InvalidInput(f"Name the study's hospital, as in ?site=: {codes}", code="SITE_UNCLEAR")
        return _Place(self.home)
