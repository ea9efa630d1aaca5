import datetime as dt

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "integrations.routing"
    label = "routing"
    default_auto_field = "django.db.models.BigAutoField"
