import datetime as dt

from django.apps import AppConfig


class ComputeConfig(AppConfig):
    name = "compute"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from compute import service_tasks, services, subscribers, tasks  # noqa: F401
        from events.duties import register_duty

        services.use_nudge(tasks.nudge)
        subscribers.register()
        register_duty("compute.requeue_lost_jobs", services.requeue_lost_jobs, every=dt.timedelta(seconds=5))
