"""Writing scripts down, putting them in force, and running them by name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, actor_name
from accounts.audit import record_audit
from accounts.privileges import Privilege, has_privilege
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from workflows.scripting.calls import check_script, digest_of, run_script
from workflows.scripting.errors import ScriptError
from workflows.scripting.inside.language import MAX_TEXT
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.selectors import find_script
from workflows.scripting.library.testing import check_tests, run_tests

_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
State = ScriptVersion.State


def save_draft(name: str, *, source: str, tests: Any, actor: Actor, note: str = "") -> ScriptVersion:
    """The script's draft with this text: the one there is, or a new one. It need not be right yet.

    Raises  InvalidInput with `fields` for a bad name, a text too long, tests that are none; NotPermitted.
    """
    _check_may_design(actor)
    if not _NAME.fullmatch(name):
        raise _bad("name", _("Small letters, digits and hyphens only, beginning with a letter."))
    if len(source) > MAX_TEXT or "\0" in source:
        raise _bad("source", _("A script has at most %(most)d characters.") % {"most": MAX_TEXT})
    kept: dict[str, Any] = {
        "source": source,
        "digest": digest_of(source),
        "tests": check_tests(tests),
        "note": note[:200],
    }
    kept |= {"saved_by": actor_name(actor), "saved_at": clock.now()}
    try:
        with transaction.atomic():
            draft = ScriptVersion.objects.select_for_update().filter(name=name, state=State.DRAFT).first()
            draft = draft or ScriptVersion(name=name, number=_next_number(name))
            for field, value in kept.items():
                setattr(draft, field, value)
            draft.save()
            _audit(actor, "script.saved", draft)
    except IntegrityError as error:
        raise Conflict(_("Somebody else began a draft just now."), code="DRAFT_EXISTS") from error
    return draft


def publish_script(draft: ScriptVersion, *, actor: Actor) -> ScriptVersion:
    """Put a draft in force once its tests have passed in the sandbox; the version before it is retired.

    Raises  InvalidInput TESTS_MISSING, TESTS_FAILED or with the code of a script that cannot be read; Conflict for a
            version that is no draft, or was changed meanwhile; NotPermitted.
    """
    _check_may_design(actor)
    _check_ready(draft, actor)
    with transaction.atomic():
        held = ScriptVersion.objects.select_for_update().filter(pk=draft.pk, state=State.DRAFT).first()
        if held is None or held.saved_at != draft.saved_at:
            raise Conflict(_("This draft was changed or published meanwhile."), code="NOT_THIS_DRAFT")
        ScriptVersion.objects.filter(name=held.name, state=State.PUBLISHED).update(state=State.RETIRED)
        held.state, held.published_by, held.published_at = State.PUBLISHED, actor_name(actor), clock.now()
        held.save(update_fields=["state", "published_by", "published_at"])
        _audit(actor, "script.published", held)
    return held


def discard_draft(draft: ScriptVersion, *, actor: Actor) -> None:
    """Throw a draft away. Raises Conflict for a version that was published; NotPermitted."""
    _check_may_design(actor)
    with transaction.atomic():
        if not ScriptVersion.objects.filter(pk=draft.pk, state=State.DRAFT).delete()[0]:
            raise Conflict(_("This version is no draft."), code="NOT_A_DRAFT")
        _audit(actor, "script.discarded", draft)


def run_named_script(
    reference: str,
    data: Mapping[str, Any],
    *,
    now: dt.datetime | None = None,
    seed: str | None = None,
    actor: Actor | None = None,
) -> dict[str, Any]:
    """What `run_script` gives for a script of the library: `name` in force now, or `name@3` for good.

    Raises  NotFound if there is none; ScriptError.
    """
    script = find_script(reference)
    if script is None:
        raise NotFound(
            _("There is no script %(name)s in force.") % {"name": reference}, code="SCRIPT_UNKNOWN"
        )
    name = f"{script.name}@{script.number}"
    return run_script(script.source, data, name=name, now=now, seed=seed, actor=actor)


def _check_ready(draft: ScriptVersion, actor: Actor) -> None:
    try:
        check_script(draft.source, name=draft.name, actor=actor)
    except ScriptError as error:
        if not error.permanent:
            raise
        raise InvalidInput(error.message, code=error.code, fields={"source": error.message}) from error
    if not draft.tests:
        raise _bad("tests", _("A script is put in force with at least one test."), code="TESTS_MISSING")
    failed = [each.name for each in run_tests(draft.source, draft.tests, name=draft.name, actor=actor)
              if not each.has_passed]  # fmt: skip
    if failed:
        sentence = _("These tests did not pass: %(names)s") % {"names": ", ".join(failed)}
        raise _bad("tests", sentence, code="TESTS_FAILED")


def _next_number(name: str) -> int:
    last = (
        ScriptVersion.objects.filter(name=name).order_by("-number").values_list("number", flat=True).first()
    )
    return (last or 0) + 1


def _check_may_design(actor: Actor) -> None:
    if not has_privilege(actor, Privilege.DESIGN_PROCESSES):
        raise NotPermitted(_("You may not change scripts."))


def _bad(field: str, message: str, code: str = "BAD_SCRIPT") -> InvalidInput:
    return InvalidInput(message, code=code, fields={field: message})


def _audit(actor: Actor, action: str, script: ScriptVersion) -> None:
    record_audit(
        actor,
        action,
        object_kind="script",
        object_uid=script.name,
        version=script.number,
        digest=script.digest,
    )
