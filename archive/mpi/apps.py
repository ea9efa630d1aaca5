from django.apps import AppConfig


class MpiConfig(AppConfig):
    name = "archive.mpi"
    default_auto_field = "django.db.models.BigAutoField"
