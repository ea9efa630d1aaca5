from django.apps import AppConfig


class Hl7Config(AppConfig):
    name = "integrations.hl7"
    default_auto_field = "django.db.models.BigAutoField"
