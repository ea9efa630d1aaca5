from django.apps import AppConfig


class DicomConfig(AppConfig):
    name = "integrations.dicom"
    default_auto_field = "django.db.models.BigAutoField"
