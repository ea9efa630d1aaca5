import datetime as dt

from django.apps import AppConfig


class DicomConfig(AppConfig):
    name = "integrations.dicom"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.duties import register_duty
        from integrations.dicom import service_tasks, subscribers, tasks
        from integrations.dicom.commitment.services import give_up_unanswered
        from integrations.dicom.nodes import breaker, check, limits
        from integrations.dicom.nodes import tasks as check_tasks
        from integrations.dicom.notices import delivery, senders

        _registered = senders, service_tasks
        subscribers.subscribe_all()
        delivery.use_nudge(tasks.deliver_notices.delay)
        register_duty("dicom.deliver_notices", delivery.deliver_due, every=dt.timedelta(seconds=2))
        register_duty("dicom.unanswered_commitments", give_up_unanswered, every=dt.timedelta(minutes=10))
        check.use_nudge(check_tasks.check_node.delay)
        register_duty("dicom.node_checks", check.see_to_checks, every=dt.timedelta(seconds=5))
        register_duty("dicom.node_failures", breaker.drop_old_failures, every=dt.timedelta(hours=6))
        register_duty("dicom.node_traffic", limits.drop_old_traffic, every=dt.timedelta(hours=6))
