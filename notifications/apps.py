import datetime as dt

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out

        from events.duties import register_duty
        from notifications import service_tasks, services, sign_out, subscribers, tasks  # noqa: F401
        from notifications.transports.base import register_transport
        from notifications.transports.email import EmailTransport
        from notifications.transports.websocket import WebSocketTransport

        register_transport(WebSocketTransport())
        register_transport(EmailTransport())
        services.use_nudge(tasks.deliver.delay)
        subscribers.register()
        user_logged_out.connect(sign_out.close_sockets, dispatch_uid="notifications.sign_out")
        register_duty("notifications.deliver", services.attempt_due_deliveries, every=dt.timedelta(seconds=5))
