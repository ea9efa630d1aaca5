import datetime as dt

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events import delivery, retention, services, tasks
        from events.duties import register_duty

        services.use_nudge(tasks.deliver_bulletin.delay)
        register_duty("events.deliver", delivery.deliver_due, every=dt.timedelta(seconds=1))
        register_duty("events.forget", retention.forget_delivered, every=dt.timedelta(hours=1))
