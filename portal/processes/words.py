"""What BPMN calls the kinds of elements, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

KINDS = {
    "process": _("Process"),
    "participant": _("Pool"),
    "lane": _("Lane"),
    "startEvent": _("Start event"),
    "endEvent": _("End event"),
    "intermediateCatchEvent": _("Intermediate catch event"),
    "intermediateThrowEvent": _("Intermediate throw event"),
    "boundaryEvent": _("Boundary event"),
    "task": _("Task"),
    "userTask": _("User task"),
    "manualTask": _("Manual task"),
    "serviceTask": _("Service task"),
    "scriptTask": _("Script task"),
    "sendTask": _("Send task"),
    "receiveTask": _("Receive task"),
    "businessRuleTask": _("Business rule task"),
    "callActivity": _("Call activity"),
    "subProcess": _("Sub-process"),
    "transaction": _("Transaction"),
    "adHocSubProcess": _("Ad-hoc sub-process"),
    "exclusiveGateway": _("Exclusive gateway"),
    "inclusiveGateway": _("Inclusive gateway"),
    "parallelGateway": _("Parallel gateway"),
    "eventBasedGateway": _("Event-based gateway"),
    "complexGateway": _("Complex gateway"),
    "sequenceFlow": _("Sequence flow"),
    "messageFlow": _("Message flow"),
    "dataObject": _("Data object"),
    "dataObjectReference": _("Data object"),
    "dataStoreReference": _("Data store"),
    "textAnnotation": _("Text annotation"),
}


def kind_in_words(kind: str) -> str:
    """The kind by its name in the standard; as it is written in the file where the standard has none."""
    return str(KINDS.get(kind, kind))
