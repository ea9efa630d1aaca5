"""What other packages ask of routing. Reading is in `selectors`, facts in `archive.studies.fact_catalogue`."""

from integrations.routing.deciding import route_series, version_in_force
from integrations.routing.destinations import create_destination, destination_of_node, update_destination
from integrations.routing.queueing import queue_series
from integrations.routing.resending import resend
from integrations.routing.rules import load_table
from integrations.routing.tables import (
    check_table,
    create_table,
    discard_draft,
    publish_table,
    revert,
    save_draft,
)
from integrations.routing.trials import Difference, Trial, what_if

__all__ = [
    "Difference",
    "Trial",
    "check_table",
    "create_destination",
    "create_table",
    "destination_of_node",
    "discard_draft",
    "load_table",
    "publish_table",
    "queue_series",
    "resend",
    "revert",
    "route_series",
    "save_draft",
    "update_destination",
    "version_in_force",
    "what_if",
]
