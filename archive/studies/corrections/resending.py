"""What becomes of a withdrawn instance that somebody sends again.

Reference  IHE RAD TF-2 §4.66.4.1.3 (subsequent storage of rejected instances)
"""

from __future__ import annotations

from archive.studies.corrections.models import WithdrawnInstance
from archive.studies.corrections.reasons import RULES, ReasonCode, Resent
from common.errors import Conflict
from common.prepared import PreparedQuery, Slot

_WITHDRAWN = PreparedQuery(lambda: WithdrawnInstance.objects.filter(sop_instance_uid=Slot("uid")))


def is_to_be_ignored(sop_instance_uid: str) -> bool:
    """Whether the instance stays out without a word to its sender.

    One that may come back is forgotten as withdrawn, in the transaction in hand.
    Raises  Conflict REJECTED_BEFORE where the sender must learn that the instance is not wanted.
    """
    withdrawn = _WITHDRAWN.first(uid=sop_instance_uid)
    if withdrawn is None:
        return False
    resent = RULES[ReasonCode(withdrawn.reason)].resent
    if resent is Resent.REFUSE:
        raise Conflict("The instance was rejected and is not taken again", code="REJECTED_BEFORE")
    if resent is Resent.ACCEPT:
        withdrawn.delete()
        return False
    return True
