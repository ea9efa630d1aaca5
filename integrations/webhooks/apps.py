import datetime as dt

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "integrations.webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.duties import register_duty
        from integrations.webhooks import delivery, subscribers, tasks

        subscribers.subscribe_all()
        delivery.use_nudge(tasks.deliver.delay)
        register_duty("webhooks.deliver", delivery.deliver_due, every=dt.timedelta(seconds=2))
        register_duty("webhooks.old", delivery.drop_old_deliveries, every=dt.timedelta(hours=6))
