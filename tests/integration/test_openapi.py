"""Whatever is sent, within the OpenAPI document or beside it, is answered as the document says, and never by a 5xx."""

import itertools
import json
import os
import time
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from handlers.documents.documented import TOLD
from handlers.documents.openapi import document
from handlers.endpoints.routes import find
from tests.conftest import Broker, running
from tests.faults.processes import WorkerProcess
from tests.wire import TRIES, not_begun

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Examples of each operation: many by hand, others each time, to look for what few do not find.
BY_HAND = os.environ.get("AGENDUM_TEST_EXAMPLES")
EXAMPLES = int(BY_HAND or "20")
AUTHORIZED = {"Authorization": "dummy-value"}
FORM = "application/x-www-form-urlencoded"
HOME = "openapi"
OPERATIONS = [{"name": "x", "type": "t", "payload": {"a": [1, None]}}, {"name": "y", "type": "t"}]
#: Values of fields with which requests reach what is there.
KNOWN: dict[str, Any] = {
    **dict.fromkeys(("customerId", "resourcePoolId", "insightId", "agendaTemplateId", "linkId"), HOME),
    "type": "t",
    "payload": "{}",
    "count": 1,
    "reason": "because",
}


def with_one_label() -> Any:
    """The document with each body once: the form's label is put on some of the cases."""
    found = document()
    for item in found["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                del operation["requestBody"]["content"][FORM]
    return found


#: A fixture of each test serves all its examples; and how long a machine under load takes to make one is no fault.
UNHEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
#: Tells apart the runs of each Home.
NUMBERS = itertools.count()
#: Names of routes of which something was had.
SUCCEEDED: set[str] = set()
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
PROJECT = ProjectConfig(
    generation=GenerationConfig(modes=[POSITIVE, NEGATIVE]),
    # Each field at its bounds; wrong types of each, thousands of cases, by hand alone.
    phases=PhasesConfig(
        coverage=CoveragePhaseConfig(
            generation=GenerationConfig(modes=[POSITIVE, NEGATIVE] if BY_HAND else [POSITIVE]),
        )
    ),
)
CONFIG = SchemathesisConfig(projects=ProjectsConfig(default=PROJECT))
#: The alias leads to the very route that is asked already.
SCHEMA = schemathesis.openapi.from_dict(with_one_label(), config=CONFIG).exclude(path_regex="^/progress/")


@schemathesis.serializer(FORM)
def labelled_as_a_form(_: Any, value: Any) -> Any:
    """What POP's clients send: JSON under a form's label."""
    return json.dumps(value).encode()


class Patient(requests.Session):
    """Asks again where nothing was begun for want of time, as a client does (tests.wire)."""

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        for _ in range(TRIES):
            answer = super().send(request, **more)
            if not not_begun(answer.status_code, answer.text):
                break
            time.sleep(float(answer.headers["Retry-After"]))
        return answer


class Home:
    """What is there to be reached: the id of one object of each kind, by route."""

    def __init__(self, url: str, number: int, session: requests.Session) -> None:
        self.ids = dict.fromkeys(("customer", "resourcepool", "insight", "agendatemplate"), HOME)
        run = f"{HOME}-{number}"
        self.ids |= {"progress": run, "operation": f"{run}-x"}
        self._url = url
        self._session = session
        self._post("resourcepool", id=HOME)
        self._post("customer", id=HOME, resourcePoolId=HOME)
        mappers = {"operationType": ["t"]}
        self._post("insight", id=HOME, resourcePoolId=HOME, queueName=HOME, mappers=mappers)
        self._post("agendatemplate", id=HOME, agenda={"customerId": HOME, "operations": OPERATIONS})
        self._post("progress/agenda", id=run)
        self.ids["agenda"] = self._post("agenda", progressId=run, linkId=HOME, operations=OPERATIONS)["id"]

    def _post(self, path: str, **more: Any) -> Any:
        said = {"customerId": HOME, "title": HOME, **more}
        answer = self._session.post(f"{self._url}/pop/{path}", json=said, headers=AUTHORIZED, timeout=120).json()
        assert not answer["error"], answer
        return answer["all"][0]

    def reached(self, case: Any) -> Any:
        """Most cases are about what is there: random ids would reach nothing. The same case is changed the same way."""
        chance = crc32(repr((case.body, case.query, case.path_parameters)).encode())
        found = find(case.operation.path)
        if found is None:
            return case
        if case.media_type == "application/json" and isinstance(case.body, dict | list) and chance % 3 == 0:
            case.media_type = FORM
        if chance % 4 == 0:
            return case
        name = found[0].name
        if isinstance(case.path_parameters, dict) and "id" in case.path_parameters:
            case.path_parameters["id"] = self.ids[name]
        sent = TOLD[name].sent.get(case.method)
        if chance % 4 > 1 and isinstance(case.body, dict) and sent is not None:
            case.body = self._informed(case.body, name, sent.__struct_encode_fields__)
        return case

    def _informed(self, body: Any, name: str, fields: tuple[str, ...]) -> Any:
        ids = {"id": self.ids.get(name), "agendaId": self.ids["agenda"], "agendaProgressId": self.ids["progress"]}
        known = {**KNOWN, **{field: value for field, value in ids.items() if value is not None}}
        found = {**body, **{field: known[field] for field in fields if field in known}}
        if not found.get("operations") and "operations" in fields:
            found["operations"] = OPERATIONS
        if isinstance(found.get("agendaProgress"), dict):
            found["agendaProgress"] = {**found["agendaProgress"], "id": self.ids["progress"]}
        return found


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with Patient() as found:
        yield found


@pytest.fixture
def home(worker: WorkerProcess, session: requests.Session) -> Home:
    """Anew for each operation: the one before may have deleted it."""
    return Home(worker.url, next(NUMBERS), session)


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not BY_HAND,
    suppress_health_check=UNHEALTHY,
)
def test_every_answer_is_as_documented(case: Any, worker: WorkerProcess, session: requests.Session, home: Home) -> None:
    answer = home.reached(case).call_and_validate(
        base_url=worker.url, session=session, headers=AUTHORIZED, checks=CHECKS, timeout=120
    )
    found = find(case.operation.path)
    if found is not None and answer.status_code == 200 and answer.content and not answer.json()["error"]:
        SUCCEEDED.add(found[0].name)


@pytest.fixture(scope="module")
def limited(kafka: Broker) -> Iterator[WorkerProcess]:
    """A worker whose callers may touch the objects of one customer."""
    with running(kafka, poll=0.2, auth_accounts=HOME) as found:
        yield found


@pytest.fixture
def home_of_one(limited: WorkerProcess, session: requests.Session) -> Home:
    return Home(limited.url, next(NUMBERS), session)


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES // 4,
    deadline=None,
    derandomize=not BY_HAND,
    suppress_health_check=UNHEALTHY,
)
def test_so_is_every_answer_to_a_caller_of_one_customer(
    case: Any, limited: WorkerProcess, session: requests.Session, home_of_one: Home
) -> None:
    home_of_one.reached(case).call_and_validate(
        base_url=limited.url, session=session, headers=AUTHORIZED, checks=CHECKS, timeout=120
    )


def test_every_route_was_reached_and_not_just_refused() -> None:
    assert TOLD.keys() == SUCCEEDED


def test_the_documents_are_served_to_anyone(worker: WorkerProcess) -> None:
    served = {
        path: requests.get(worker.url + path, timeout=120) for path in ("/openapi.json", "/asyncapi.json", "/docs")
    }
    assert {path: answer.status_code for path, answer in served.items()} == dict.fromkeys(served, 200)
    assert served["/openapi.json"].json() == document()
    assert served["/asyncapi.json"].json()["channels"]["agendas"]["address"] == f"{worker.prefix}-agendas"
    assert served["/docs"].headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_correlation_id_in_latin_1_is_answered(worker: WorkerProcess) -> None:
    said: dict[str, str | bytes] = {"Authorization": "x", "X-pop-cid": b"caf\xe9", "Idempotency-Key": b"\xff"}
    for method, path in (
        ("GET", "/pop/agenda"),
        ("PUT", "/pop/customer/nobody"),
        ("POST", "/pop/agenda/service/rerun"),
    ):
        answer = requests.request(method, worker.url + path, json={"agendaId": "x"}, headers=said, timeout=120)
        assert (answer.status_code, answer.json()["cid"]) == (200, "caf\u00e9")
