"""Which changes of state are legal, and what is refused with which reason.

Reference  PS3.4 Table CC.1.1-2 (state transitions), Tables CC.2.1-2, CC.2.2-2 and CC.2.6-1 (status codes)
"""

from __future__ import annotations

import hmac

from archive.workitems.models import Workitem
from common.errors import Conflict, InvalidInput

State = Workitem.State
REQUESTABLE = {"IN PROGRESS": State.IN_PROGRESS, "COMPLETED": State.COMPLETED, "CANCELED": State.CANCELED}


def requested_state(text: str) -> State:
    """The state that is asked for. PS3.18 §11.7.1.4 also spells it CANCELLED. Raises  InvalidInput (C303)."""
    wanted = REQUESTABLE.get("CANCELED" if text == "CANCELLED" else text)
    if wanted is None:
        raise InvalidInput(
            "A workitem can be made IN PROGRESS, COMPLETED or CANCELED", code="STATE_NOT_REQUESTABLE"
        )
    return wanted


def is_there_already(workitem: Workitem, wanted: State, *, transaction_uid: str) -> bool:
    """Whether the workitem has ended as asked before; otherwise the change is legal.

    Raises  InvalidInput without the Transaction UID, or with another's (C301);
            Conflict where the state does not allow it (C300, C302, C310).
    """
    check_key(workitem, transaction_uid, is_claim=wanted is State.IN_PROGRESS)
    if workitem.is_final:
        if workitem.state == wanted:
            return True
        raise Conflict("The workitem has ended and stays as it is", code="WORKITEM_ENDED")
    if wanted is State.IN_PROGRESS and workitem.state == State.IN_PROGRESS:
        raise Conflict("The workitem is IN PROGRESS already", code="ALREADY_IN_PROGRESS")
    if wanted is not State.IN_PROGRESS and workitem.state == State.SCHEDULED:
        raise Conflict("The workitem is not yet IN PROGRESS", code="NOT_IN_PROGRESS")
    return False


def check_key(workitem: Workitem, transaction_uid: str, *, is_claim: bool = False) -> None:
    """Raises  InvalidInput unless this is the Transaction UID the workitem was claimed with.

    One nobody has claimed has none yet: a claim brings it, and for all else there is no wrong one.
    """
    if not transaction_uid:
        raise InvalidInput("The Transaction UID is missing", code="TRANSACTION_UID_MISSING")
    held = workitem.transaction_uid
    if not held and (is_claim or workitem.state == State.SCHEDULED):
        return
    if not hmac.compare_digest(held, transaction_uid):
        raise InvalidInput("The Transaction UID is incorrect", code="TRANSACTION_UID_INCORRECT")


def check_changeable(workitem: Workitem, transaction_uid: str) -> None:
    """Raises  unless attributes of the workitem may be set with this Transaction UID, or without one.

    Reference  PS3.4 §CC.2.6.2, §CC.2.6.3; PS3.18 §11.6.2
    """
    if workitem.is_final:
        raise InvalidInput("The workitem has ended and stays as it is", code="WORKITEM_FINAL")
    if workitem.state == State.SCHEDULED:
        if transaction_uid:
            raise Conflict("The workitem is not IN PROGRESS", code="NOT_CLAIMED")
        return
    check_key(workitem, transaction_uid)
