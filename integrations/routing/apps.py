import datetime as dt

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RoutingConfig(AppConfig):
    name = "integrations.routing"
    label = "routing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.duties import register_duty
        from integrations.routing import (
            defaults,
            groups,
            housekeeping,
            queueing,
            sending,
            service_tasks,
            subscribers,
            tasks,
        )
        from integrations.routing.models import Destination
        from integrations.routing.targets.base import register_target
        from integrations.routing.targets.dimse import DimseTarget
        from integrations.routing.targets.folder import FolderTarget
        from integrations.routing.targets.s3 import S3Target
        from integrations.routing.targets.stow_rs import StowTarget
        from integrations.routing.targets.tier import TierTarget

        _registered = service_tasks
        for kind, target in (
            (Destination.Kind.DIMSE, DimseTarget()),
            (Destination.Kind.STOW_RS, StowTarget()),
            (Destination.Kind.FOLDER, FolderTarget()),
            (Destination.Kind.S3, S3Target()),
            (Destination.Kind.TIER, TierTarget()),
        ):
            register_target(kind, target)
        subscribers.register()
        queueing.use_nudge(tasks.nudge)
        register_duty("routing.send_due", sending.send_due, every=dt.timedelta(seconds=2))
        register_duty("routing.leave_the_dead", groups.leave_the_dead, every=dt.timedelta(seconds=5))
        register_duty("routing.forget_facts", housekeeping.forget_facts, every=dt.timedelta(minutes=10))
        post_migrate.connect(defaults.ensure_defaults, sender=self)
