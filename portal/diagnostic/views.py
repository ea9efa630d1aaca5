"""The viewer's page, its files, and the way into it from a study."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.audit import record_audit
from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from common.uids import is_uid_lenient
from events.tracing import trace
from portal.diagnostic.policy import viewer_file, viewer_page
from portal.diagnostic.previews import previews_of
from portal.diagnostic.priors import prior_beside
from portal.diagnostic.site import installed_site, sendable
from portal.shell.person import person_of

CURRENT_AND_PRIOR = "consilium.priors"
MOST_STUDIES = 50
MOST_PREVIEWS = 2
_A_YEAR_S = 31_536_000


@login_required
@require_safe
def open_study(request: HttpRequest, study_uid: str) -> HttpResponse:
    """Go to the viewer with this study and, beside it, the earlier one most like it.

    `beside` names another study of the patient to hang there; `alone=1` leaves the place empty.

    Where the viewer is not installed, the study's own page shows the images.
    """
    person = person_of(request)
    study = get_object_or_404(visible_studies(person).select_related("site"), study_instance_uid=study_uid)
    if installed_site() is None:
        messages.info(
            request, _("The diagnostic viewer is not installed here. The images are shown on this page.")
        )
        return redirect("study", study_uid)
    prior = None if request.GET.get("alone") else _beside(person, study, request.GET.get("beside", ""))
    _note_opening(person, study, prior)
    asked = {"StudyInstanceUIDs": study_uid}
    if prior is not None:
        asked = {
            "StudyInstanceUIDs": f"{study_uid},{prior.study_instance_uid}",
            "hangingProtocolId": CURRENT_AND_PRIOR,
        }
    return redirect(f"/viewer/viewer?{urlencode(asked, safe=',')}")


@login_required
@require_safe
@ensure_csrf_cookie
@viewer_page
def page(request: HttpRequest, path: str = "") -> HttpResponse:
    """The page every address of the viewer answers with; 404 where it names a study that may not be seen."""
    site = installed_site()
    if site is None:
        raise Http404
    person = person_of(request)
    asked = list(dict.fromkeys(uid for uid in request.GET.get("StudyInstanceUIDs", "").split(",") if uid))
    studies = _visible(person, asked)
    previews = previews_of(studies, asked[:MOST_PREVIEWS])
    may_store = sites_where(person, Privilege.STORE_STUDIES).exists()
    shown = {"site": site, "previews": previews, "may_store": may_store}
    return render(request, "portal/diagnostic/viewer.html", shown)


@require_safe
@viewer_file
def file(request: HttpRequest, release: str, name: str) -> HttpResponseBase:
    """One file of the viewer's, kept by the browser for good: its address changes with every release."""
    if not isinstance(request.user, Person):
        return HttpResponse(status=401)
    site = installed_site()
    found = site and sendable(site, name, accepted=request.headers.get("Accept-Encoding", ""))
    if site is None or not found or release != site.release:
        raise Http404
    response = FileResponse(found.path.open("rb"), content_type=found.content_type)
    response["Cache-Control"] = f"private, max-age={_A_YEAR_S}, immutable"
    response["Content-Disposition"] = "inline"
    if found.encoding:
        response["Content-Encoding"] = found.encoding
    patch_vary_headers(response, ["Accept-Encoding"])
    # The file is the same for all who are signed in: a new session must not make the browser fetch it again.
    request.session.accessed = False
    return response


def _beside(person: Person, study: Study, named: str) -> Study | None:
    if not named:
        return prior_beside(person, study)
    others = visible_studies(person).filter(patient=study.patient_id).exclude(pk=study.pk)
    return get_object_or_404(others, study_instance_uid=named)


def _visible(person: Person, uids: Sequence[str]) -> list[Study]:
    """The studies of these UIDs. Raises  Http404 unless the person may see every one."""
    if not uids:
        return []
    if len(uids) > MOST_STUDIES or not all(is_uid_lenient(uid) for uid in uids):
        raise Http404
    found = visible_studies(person).filter(study_instance_uid__in=uids).select_related("patient", "site")
    studies = list(found.prefetch_related("patient__identifiers"))
    if len(studies) < len(uids):
        raise Http404
    return studies


def _note_opening(person: Person, study: Study, prior: Study | None) -> None:
    with trace(study.trace_id):
        record_audit(
            person, "study.opened", object_kind="study", object_uid=study.study_instance_uid,
            study_instance_uid=study.study_instance_uid, site_code=study.site.code,
            viewer="diagnostic", prior=prior.study_instance_uid if prior else "",
        )  # fmt: skip
