"""The table of rules: what a file, each process of it, and the files beside it must fulfil to be deployed.

A rule is a function that yields problems, all of them. Lines are added afterwards, from the element's id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from workflows.checks.assignments import check_lanes, check_service_tasks, check_user_tasks
from workflows.checks.boundaries import check_boundaries
from workflows.checks.business_rules import check_business_rules
from workflows.checks.calls import check_calls
from workflows.checks.compensation import check_compensation, check_handlers
from workflows.checks.data import check_data_associations, check_data_objects
from workflows.checks.dialects import check_dialects, check_our_words
from workflows.checks.event_gateways import check_beginnings, check_event_gateways
from workflows.checks.files import check_executable, check_ids, check_other_models, check_understood
from workflows.checks.flows import check_ends, check_flows, check_gateways, check_joins, check_starts
from workflows.checks.forms import check_forms
from workflows.checks.kinds import check_kinds
from workflows.checks.languages import check_languages
from workflows.checks.lengths import check_lengths
from workflows.checks.links import check_links
from workflows.checks.loops import check_loops
from workflows.checks.messages import check_messages, check_thrown
from workflows.checks.problems import Problem
from workflows.checks.references import check_references
from workflows.checks.scopes import check_scopes
from workflows.checks.scripts import check_scripts
from workflows.checks.timers import check_timers
from workflows.checks.triggers import check_names, check_triggers
from workflows.checks.unread import check_attributes, check_children, check_truths
from workflows.diagram import Definitions, Diagram

FILE_RULES: tuple[Callable[[Definitions], Iterable[Problem]], ...] = (
    check_executable,
    check_ids,
    check_other_models,
    check_understood,
)

PROCESS_RULES: tuple[Callable[[Diagram], Iterable[Problem]], ...] = (
    check_kinds,
    check_lengths,
    check_attributes,
    check_truths,
    check_children,
    check_dialects,
    check_our_words,
    check_references,
    check_triggers,
    check_names,
    check_messages,
    check_thrown,
    check_timers,
    check_boundaries,
    check_links,
    check_scopes,
    check_compensation,
    check_handlers,
    check_starts,
    check_flows,
    check_ends,
    check_gateways,
    check_event_gateways,
    check_beginnings,
    check_joins,
    check_service_tasks,
    check_user_tasks,
    check_lanes,
    check_calls,
    check_languages,
    check_loops,
    check_data_objects,
    check_data_associations,
    check_scripts,
)

BUNDLE_RULES: tuple[Callable[[Diagram, Mapping[str, str]], Iterable[Problem]], ...] = (
    check_forms,
    check_business_rules,
)
