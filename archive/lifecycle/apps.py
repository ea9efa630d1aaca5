from datetime import timedelta

from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "archive.lifecycle"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from archive.lifecycle import nudging, subscribers, tasks
        from archive.lifecycle.adoption import adopt_loose_objects
        from archive.lifecycle.cataloguing import catalogue_series
        from archive.lifecycle.deletion import purge_withdrawn
        from archive.lifecycle.orphans import find_orphans, sweep_volumes
        from archive.lifecycle.placing import place_due, reconsider
        from archive.lifecycle.purging import purge_due, remove_due
        from archive.lifecycle.quotas import check_quota, count_quotas
        from archive.lifecycle.retention import expire_series
        from archive.lifecycle.sealing import seal_abandoned
        from archive.lifecycle.usage import count_usage_when_due
        from archive.storage.admission import use_gate
        from events.duties import register_duty
        from events.services import subscribe

        nudging.use_nudge(tasks.nudge)
        use_gate(check_quota)
        subscribe(
            "SeriesComplete", subscriber="lifecycle.series_complete", handler=subscribers.series_complete
        )
        for name, duty, seconds in (
            ("storage.seal_abandoned", seal_abandoned, 15),
            ("storage.adopt", adopt_loose_objects, 10),
            ("catalogue.series", catalogue_series, 5),
            ("storage.place", place_due, 5),
            ("storage.reconsider", reconsider, 5),
            ("storage.copies", nudging.look_for_copies, 5),
            ("storage.repairs", nudging.look_for_repairs, 10),
            ("storage.packing", nudging.look_for_packing, 10),
            ("storage.scrubbing", nudging.look_for_scrubbing, 60),
            ("storage.remove_copies", remove_due, 30),
            ("storage.purge_segments", purge_due, 60),
            ("storage.purge_withdrawn", purge_withdrawn, 300),
            ("storage.retention", expire_series, 60),
            ("storage.quotas", count_quotas, 120),
            ("storage.usage", count_usage_when_due, 30),
            ("storage.orphans", find_orphans, 120),
            ("storage.sweep_volumes", sweep_volumes, 3600),
        ):
            register_duty(name, duty, every=timedelta(seconds=seconds))
