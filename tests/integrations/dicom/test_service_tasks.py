"""The steps that send a study to a node and fetch one from it."""

import uuid

import pytest

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from common.errors import InvalidInput, NotFound, Unavailable
from common.uids import derived_uid
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.service_tasks import send_study
from tests.integrations.dicom.retrieving import Receiver, hold_series, receiving
from workflows.service_tasks import TaskContext, find_operator


@pytest.fixture
def context(transactional_db):
    return TaskContext(
        uuid.uuid4(), uuid.uuid4(), "Task", uuid.uuid4(), "county", {}, 1, SystemActor("workflow")
    )


@pytest.fixture
def receiver(cast):
    found = Receiver()
    with receiving("READER", found) as port:
        ApplicationEntity.objects.create(
            ae_title="READER",
            site=cast.county,
            roles=[AERole.STORAGE_SCP],
            host="127.0.0.1",
            port=port,
            timeout_s=10,
        )
        yield found


def send(context, destination="READER"):
    return send_study(context, study_instance_uid=derived_uid("study"), destination=destination)


def test_a_study_is_sent_whole_and_once_more_without_harm(context, cast, receiver):
    hold_series(cast.county, 4)

    assert send(context) == send(context) == {"completed": 4, "warning": 0}
    assert len(receiver.received) == 4
    assert AuditEvent.objects.filter(action="study.sent").count() == 2


def test_an_unknown_destination_or_study_is_not_found(context, cast, receiver):
    with pytest.raises(NotFound):
        send(context)
    hold_series(cast.county, 1)
    with pytest.raises(NotFound):
        send(context, "NOWHERE")


def test_a_node_without_room_is_tried_again_and_one_that_refuses_is_not(context, cast, receiver):
    hold_series(cast.county, 1)
    receiver.before = lambda _uid: 0xA700
    with pytest.raises(Unavailable):
        send(context)
    receiver.before = lambda _uid: 0xC000
    with pytest.raises(InvalidInput):
        send(context)


def test_diagrams_find_both_steps():
    assert find_operator("dicom.send_study") is not None
    assert find_operator("dicom.retrieve_study") is not None
