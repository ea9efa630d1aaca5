import datetime as dt

from django.apps import AppConfig


class WorkitemsConfig(AppConfig):
    name = "archive.workitems"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from archive.workitems.retention import remove_what_is_over
        from events.duties import register_duty

        register_duty("workitems.remove", remove_what_is_over, every=dt.timedelta(minutes=10))
