from datetime import timedelta

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "archive.studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from archive.storage.backends import sweep_staged
        from archive.studies.corrections.copying import perform_planned
        from archive.studies.services import judge_receiving_series
        from events.duties import register_duty
        from events.services import subscribe

        subscribe("CorrectionPlanned", subscriber="studies.corrections", handler=perform_planned)
        register_duty("studies.judge_series", judge_receiving_series, every=timedelta(seconds=1))
        register_duty("storage.sweep_staged", sweep_staged, every=timedelta(hours=1))
