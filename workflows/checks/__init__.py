"""What a bundle must fulfil before it runs. What the engine would not do faithfully is refused by name.

Spiff parses more than it executes: compensation throws do nothing, link events stop an instance, scripts run
as Python. So this is a list of what is allowed, and everything else is refused with the element's id.
"""

from workflows.checks.bundles import bundle_folders, check_bundle, check_drawing, check_processes, remarks_on
from workflows.checks.problems import Problem

__all__ = ["Problem", "bundle_folders", "check_bundle", "check_drawing", "check_processes", "remarks_on"]
