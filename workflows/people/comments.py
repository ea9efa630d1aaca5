"""The conversation of a case: who wrote what to whom. Colleagues are named as `@username` and are told.

The text stays in the case: the news of it carries UIDs and usernames only.
"""

from __future__ import annotations

import re

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Person
from common import clock
from common.errors import InvalidInput, NotFound
from events.services import publish
from events.tracing import trace
from workflows.keeping import written
from workflows.models import CaseComment, ProcessInstance
from workflows.selectors import people_who_see, visible_cases

MAX_TEXT = 4000
MOST_MENTIONED = 20
_MENTION = re.compile(r"(?<![\w@])@([\w.+-]{1,150})")


def add_comment(case: ProcessInstance, *, author: Person, text: str) -> CaseComment:
    """Write into a case. Colleagues named as `@username` who may see the case are told that they were.

    Raises  NotFound for who may not see the case; InvalidInput for an empty or overlong text, for one that cannot
            be kept, or for a colleague who may not see the case: nobody is to believe they were told.
    """
    text = _checked(text)
    if not visible_cases(author).filter(pk=case.pk).exists():
        raise NotFound(_("There is no such case."))
    mentioned = _mentioned(case, text)
    with transaction.atomic(), trace(case.trace_id):
        comment = CaseComment.objects.create(
            instance=case, author=author, text=text, mentioned=mentioned, written_at=clock.now()
        )
        record_audit(
            author, "case.commented", object_kind="case", object_uid=str(case.uid), site_code=case.site.code,
            comment=str(comment.uid), mentioned=mentioned,
        )  # fmt: skip
        publish(
            "CaseCommented",
            {"comment_uid": str(comment.uid), "author": author.username, "mentioned": mentioned},
            subjects={"case": str(case.uid)},
        )
    return comment


def comments_of(case: ProcessInstance) -> QuerySet[CaseComment]:
    """What was written in a case, oldest first."""
    return CaseComment.objects.filter(instance=case).select_related("author").order_by("written_at", "uid")


def mentionable(case: ProcessInstance) -> list[Person]:
    """Those who have or had a part in a case, by name: the colleagues one most likely writes to."""
    parts = case.user_tasks.values_list("assignee", "completed_by", "owner")
    keys = {key for part in parts for key in part if key is not None}
    return list(Person.objects.filter(pk__in=keys, is_active=True).order_by("display_name", "username"))


def _checked(text: str) -> str:
    text = written(text, "text", most=MAX_TEXT, code="COMMENT_REFUSED")
    if not text:
        sentence = _("Write something first.")
        raise InvalidInput(sentence, code="COMMENT_REFUSED", fields={"text": sentence})
    return text


def _mentioned(case: ProcessInstance, text: str) -> list[str]:
    """The usernames a text names, each of somebody who may see the case."""
    names = list(dict.fromkeys(name.rstrip(".+-") for name in _MENTION.findall(text)))
    if not names:
        return []
    asked = people_who_see(case).filter(username__in=names[:MOST_MENTIONED])
    may_see = set(asked.values_list("username", flat=True))
    strangers = [name for name in names if name not in may_see]
    if strangers:
        sentence = _("Nobody who may see this case is called %(names)s.") % {
            "names": ", ".join(f"@{name}" for name in strangers)
        }
        raise InvalidInput(sentence, code="MENTION_UNKNOWN", fields={"text": sentence})
    return names
