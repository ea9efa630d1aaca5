"""What has been published, whether a worker has come to it or not."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from events.delivery import spread
from events.models import Bulletin, Delivery


def deliveries(**wanted: Any) -> QuerySet[Delivery]:
    """The rows of subscribers for everything published so far: bulletins are spread first, in order."""
    for key in Bulletin.objects.order_by("pk").values_list("pk", flat=True):
        spread(key)
    return Delivery.objects.filter(**wanted)
