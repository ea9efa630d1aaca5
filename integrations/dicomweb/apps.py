from django.apps import AppConfig


class DicomWebConfig(AppConfig):
    name = "integrations.dicomweb"
    default_auto_field = "django.db.models.BigAutoField"
