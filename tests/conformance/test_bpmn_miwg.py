"""The reference models of the OMG's BPMN Model Interchange Working Group: read, kept, and judged by name.

That a deployed process does what its diagram says is left to `tests/processes` and `tests/workflows`.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from common.errors import InvalidInput
from workflows.checks import check_bundle
from workflows.deployment import bundles
from workflows.deployment.bundle_files import as_archive, read_upload
from workflows.diagram import read_definitions
from workflows.diagram.names import BPMN, FLOW_NODES
from workflows.services import start_process

NAMES = (
    "A.1.0", "A.2.0", "A.2.1", "A.3.0", "A.4.0", "A.4.1", "B.1.0", "B.2.0",
    "C.1.0", "C.1.1", "C.2.0", "C.3.0", "C.4.0", "C.5.0",
)  # fmt: skip
models = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def original(name: str, shared_data: Path) -> bytes:
    return (shared_data / "bpmn" / "miwg_reference" / f"{name}.bpmn").read_bytes()


def canonical(xml):
    return etree.tostring(etree.fromstring(xml), method="c14n")


def count(tree: etree._Element, *words: str) -> int:
    return sum(1 for word in words for _ in tree.iter(f"{{{BPMN}}}{word}"))


@models
def test_every_construct_of_a_model_is_read(name, original):
    tree = etree.fromstring(original)

    read = read_definitions(read_upload(f"{name}.bpmn", original)[f"{name}.bpmn"])

    assert sum(len(process.elements) for process in read.processes) == count(tree, *FLOW_NODES)
    assert sum(len(process.flows) for process in read.processes) == count(tree, "sequenceFlow")
    assert sum(len(process.lanes) for process in read.processes) == count(tree, "lane")
    assert len(read.processes) == count(tree, "process")
    assert len(read.participants) == count(tree, "participant")
    assert len(read.message_flows) == count(tree, "messageFlow")
    kinds = Counter(part.kind for part in read.parts)
    for word in ("dataObject", "dataObjectReference", "dataStore", "dataStoreReference", "group", "association",
                 "textAnnotation", "message", "signal", "globalTask", "globalUserTask"):  # fmt: skip
        assert kinds[word] == count(tree, word)


@models
@pytest.mark.django_db
def test_what_goes_in_comes_out_extensions_of_others_and_all(name, original, cast, tmp_path):
    kept = bundles.keep_bundle(read_upload(f"{name}.bpmn", original), actor=cast.ines)

    archive = zipfile.ZipFile(io.BytesIO(as_archive(kept.files)))
    (written,) = bundles.export_bundle(kept, tmp_path)

    assert canonical(archive.read(f"{name}.bpmn")) == canonical(original)
    assert canonical(written.read_bytes()) == canonical(original)


@models
@pytest.mark.django_db
def test_a_model_deploys_or_lists_everything_that_blocks_it(name, original, cast, table):
    kept = bundles.keep_bundle(read_upload(f"{name}.bpmn", original), actor=cast.ines)
    known = set(read_definitions(bundles.diagram_of(kept.files)).lines)
    table.append((name, str(len(kept.problems)), *sorted({each["message"] for each in kept.problems})))

    assert kept.status == "draft"
    if not kept.problems:
        assert bundles.deploy(kept, actor=cast.ines).is_active
        return
    with pytest.raises(InvalidInput) as refusal:
        bundles.deploy(kept, actor=cast.ines)
    assert set(refusal.value.fields) == {each["element"] for each in kept.problems}
    assert {each["element"] for each in kept.problems} <= known
    assert all(each["message"] and each["line"] > 0 for each in kept.problems)


@pytest.mark.django_db
def test_a_model_that_lacks_the_mark_alone_runs_once_it_is_marked(cast, shared_data):
    """A.1.0: a start, three abstract tasks, an end; each task completes when it is reached (BPMN 2.0.2 §13.3.3)."""
    text = (shared_data / "bpmn" / "miwg_reference" / "A.1.0.bpmn").read_bytes()
    marked = text.replace(b'isExecutable="false"', b'isExecutable="true"')

    kept = bundles.deploy(
        bundles.keep_bundle(read_upload("A.1.0.bpmn", marked), actor=cast.ines), actor=cast.ines
    )
    case = start_process(
        kept.key, data={}, site=cast.provincial, subjects={}, start_key="one", actor=cast.ines
    )

    assert case.status == "completed"
    done = (
        case.events.filter(kind="element.completed").order_by("id").values_list("detail__element", flat=True)
    )
    assert list(done) == ["startEvent", "task", "task", "task", "endEvent"]


@models
def test_nothing_the_engine_would_have_to_guess_is_left_unnamed(name, original):
    """Every construct that is never run, and every process nobody marked to be run, is named."""
    tree = etree.fromstring(original)
    named = {problem.element_id for problem in check_bundle(read_upload(f"{name}.bpmn", original))}
    is_run = {
        each.get("id") for each in tree.iter(f"{{{BPMN}}}process") if each.get("isExecutable") == "true"
    }
    judged = [each for each in tree.iter(f"{{{BPMN}}}process") if not is_run or each.get("id") in is_run]

    for process in judged:
        assert is_run or process.get("id") in named
        never = (process.iter(f"{{{BPMN}}}{word}") for word in ("adHocSubProcess", "complexGateway"))
        assert {each.get("id") for found in never for each in found} <= named
