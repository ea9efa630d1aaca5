"""Changing links, with a line in the audit trail."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.privileges import Privilege, sites_where
from common.errors import InvalidInput, NotPermitted
from integrations.hl7.models import Link
from workflows.scripting.library.selectors import find_script


def set_mapping_script(link: Link, reference: str, *, actor: Actor) -> Link:
    """Have every message of the link go through this script from now on; "" for none.

    Raises  InvalidInput at `mapping_script` for a script that is not in force; NotPermitted if the actor manages no
            nodes of the link's site.
    """
    if not sites_where(actor, Privilege.MANAGE_NODES).filter(pk=link.site_id).exists():
        raise NotPermitted(_("You may not change the links of this site."))
    if reference and find_script(reference) is None:
        sentence = _("There is no script %(name)s in force.") % {"name": reference[:75]}
        raise InvalidInput(sentence, code="SCRIPT_UNKNOWN", fields={"mapping_script": sentence})
    with transaction.atomic():
        held = Link.objects.select_for_update(of=("self",)).select_related("site").get(pk=link.pk)
        before, held.mapping_script = held.mapping_script, reference
        held.save(update_fields=["mapping_script"])
        record_audit(
            actor,
            "link.changed",
            object_kind="link",
            object_uid=held.name,
            site_code=held.site.code,
            mapping_script=reference,
            before=before,
        )
    return held
