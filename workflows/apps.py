import datetime as dt

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.duties import register_duty
        from events.services import subscribe
        from workflows import catalogue, checks, monitoring, stepping, tasks, timers
        from workflows.calling import calls, escalations
        from workflows.forms import choices
        from workflows.machines import external_tasks, performing, queueing
        from workflows.news import correlation, messages, signals
        from workflows.scripting import checks as script_checks
        from workflows.starting import scheduled_starts
        from workflows.suspension import applying

        choices.register()
        subscribe("*", subscriber="workflows", handler=messages.receive_event, skips=catalogue.OUR_OWN)
        stepping.use_nudge(tasks.enqueue)
        stepping.use_cancel_called(calls.cancel_called)
        subscribe("EscalationThrown", subscriber="workflows.escalations", handler=escalations.deliver)
        subscribe("SignalThrown", subscriber="workflows.signals", handler=signals.spread)
        subscribe("SignalOffered", subscriber="workflows.signals", handler=signals.hand_over)
        register_duty("workflows.messages", correlation.offer_due, every=dt.timedelta(seconds=1))
        register_duty(
            "workflows.starts", scheduled_starts.begin_due, every=dt.timedelta(seconds=1), is_punctual=True
        )
        register_duty(
            "workflows.timers", timers.fire_due_timers, every=dt.timedelta(seconds=0.5), is_punctual=True
        )
        register_duty("workflows.steps", queueing.nudge_due_runs, every=dt.timedelta(seconds=0.5))
        register_duty("workflows.calls", calls.settle_calls, every=dt.timedelta(seconds=5))
        register_duty("workflows.held", applying.apply_held, every=dt.timedelta(seconds=5))
        register_duty("workflows.leases", performing.requeue_lost_runs, every=dt.timedelta(seconds=2))
        register_duty(
            "workflows.ages", monitoring.open_incidents_for_old_states, every=dt.timedelta(seconds=30)
        )
        assert checks and external_tasks and script_checks  # noqa: S101, PT018 - imported for their registration
