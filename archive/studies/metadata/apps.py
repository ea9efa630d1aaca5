from django.apps import AppConfig


class MetadataConfig(AppConfig):
    name = "archive.studies.metadata"
    label = "metadata"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from archive.studies.metadata.services import prepare
        from events.services import subscribe

        subscribe("SeriesComplete", subscriber="metadata.prepare", handler=prepare)
