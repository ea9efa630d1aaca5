import datetime as dt

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events import services, tasks
        from events.duties import register_duty

        services.use_nudge(tasks.deliver.delay)
        register_duty("events.deliver", services.deliver_due, every=dt.timedelta(seconds=1))
