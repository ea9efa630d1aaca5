from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.attachments import keeping
        from portal.reports import submissions
        from portal.studies import picking

        submissions.register()
        keeping.register()
        picking.register()
