import datetime as dt

from django.apps import AppConfig


class Hl7Config(AppConfig):
    name = "integrations.hl7"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.duties import register_duty
        from integrations.hl7 import delivery, handlers, service_tasks, tasks

        _registered = handlers, service_tasks
        delivery.use_nudge(tasks.deliver_link.delay)
        register_duty("hl7.deliver_due", delivery.deliver_due, every=dt.timedelta(seconds=2))
