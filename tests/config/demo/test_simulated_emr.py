"""The simulated record listens where the link to it points, and moves the link where that port is taken.

What it does with messages is tested with the simulators; that it serves as a daemon, with the whole product.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from config.demo.region import EMR_LINK, load_region
from config.management.commands.run_simulated_emr import Command
from integrations.hl7.models import Link


@pytest.fixture(autouse=True)
def region(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DEMO_MARK = tmp_path / "demo-region"
    settings.EMR_FOLDER = tmp_path / "emr"
    load_region()


def the_link() -> Link:
    return Link.objects.get(name=EMR_LINK)


def test_it_listens_where_the_link_points() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    Link.objects.filter(name=EMR_LINK).update(port=free)

    server = Command()._listen(the_link())

    assert server.port == free
    server.server_close()


def test_where_that_port_is_taken_it_takes_another_and_the_link_follows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        Link.objects.filter(name=EMR_LINK).update(port=taken.getsockname()[1])

        server = Command()._listen(the_link())

        assert server.port == the_link().port != taken.getsockname()[1]
        server.server_close()


def test_without_a_demo_region_it_says_so() -> None:
    Link.objects.filter(name=EMR_LINK).delete()

    with pytest.raises(CommandError, match="load_demo_region"):
        Command().handle()
