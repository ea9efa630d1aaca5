"""Several `run_timers` judge the same series at once: one of them completes it."""

import datetime as dt
import threading

from django.db import connection, transaction

from accounts.actors import SystemActor
from archive.studies import services
from archive.studies.models import Series
from tests.archive.studies.objects import ct_slice, part10


def test_a_series_in_another_judges_hands_is_left_to_it(transactional_db, cast, clock, settings):
    for number in (1, 2, 3):
        services.store_part10(part10(ct_slice(number)), site=cast.county, actor=SystemActor("test"))
    clock.advance(dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS))
    found = []

    def judge_elsewhere():
        found.append(services.judge_receiving_series())
        connection.close()

    with transaction.atomic():
        Series.objects.select_for_update().get()
        other = threading.Thread(target=judge_elsewhere)
        other.start()
        other.join(timeout=10)

    assert found == [0]
    assert services.judge_receiving_series() == 1
