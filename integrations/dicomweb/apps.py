from django.apps import AppConfig


class DicomWebConfig(AppConfig):
    name = "integrations.dicomweb"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from archive.workitems.reports import use_nudge
        from integrations.dicomweb import service_tasks
        from integrations.dicomweb.worklist.nudging import nudge

        _registered = service_tasks
        use_nudge(nudge)
