"""The bundled example: analyze, three encodes in parallel, package, publish; most of it by outputs of earlier ones."""

from handlers.cli.demo import CATALOGUE, EXAMPLE, NAME
from handlers.cli.documents import agenda_of
from handlers.executor.graph import needs
from handlers.executor.registry import operation_handlers

ENCODES = {"encode.1080", "encode.720", "encode.360"}


def test_it_is_the_flow_of_a_media_file() -> None:
    agenda, _ = agenda_of(EXAMPLE)
    waits = {operation.name: needs(operation) for operation in agenda.operations}

    assert {name for name, others in waits.items() if not others} == {"analyze"}
    assert {name for name, others in waits.items() if others == {"analyze"}} == ENCODES
    assert waits["package"] == {*ENCODES, "analyze"}
    assert "package" in waits["publish"]
    assert len(waits) == 6
    assert [one.name for one in agenda.operations if "dependsOn" in one.params] == ["publish"], "both ways to wait"


def test_its_customer_is_that_of_the_catalogue_which_knows_its_types() -> None:
    agenda, _ = agenda_of(EXAMPLE)
    types = {operation.type or "" for operation in agenda.operations}

    assert agenda.customer_id == NAME
    assert types <= {*CATALOGUE["insight"]["mappers"]["operationType"]}
    assert types <= operation_handlers().keys()
