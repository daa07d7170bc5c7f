"""The OpenAPI document: by the official schema, by the table of routes, and by what our own client reads."""

import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from eventstore.topics import Topics
from handlers.client import objects
from handlers.documents import documented
from handlers.documents.documented import TOLD
from handlers.documents.manual import documents
from handlers.documents.openapi import document
from handlers.endpoints.routes import PATHS, find, not_implemented
from tests.contract.references import dangling, references

DOCUMENT = json.loads(json.dumps(document()))
TOPICS = Topics("acme", 6)
METHODS = ("get", "post", "put", "delete")


def mistakes(found: Any) -> list[str]:
    return [error.message for error in OpenAPIV31SpecValidator(found).iter_errors()]


def fits(name: str, value: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, item in DOCUMENT["paths"].items():
        yield from ((path, method, item[method]) for method in METHODS if method in item)


def test_the_document_is_valid_by_the_official_schema() -> None:
    assert mistakes(DOCUMENT) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found["info"].pop("title"),
        lambda found: found["paths"]["/pop/agenda"]["get"].update(responses={"ok": {}}),
        lambda found: found["paths"]["/pop/agenda"]["get"]["parameters"].append({"name": "x", "in": "body"}),
        lambda found: found["paths"]["/pop/agenda/{id}"].pop("parameters"),
        lambda found: found["components"]["schemas"]["Agenda"].update(type="objekt"),
        lambda found: found["components"]["headers"]["Retry-After"].update(name="Retry-After"),
    ],
)
def test_the_schema_finds_a_planted_mistake(spoil: Any) -> None:
    found = json.loads(json.dumps(DOCUMENT))
    spoil(found)
    assert mistakes(found)


def test_every_reference_leads_somewhere() -> None:
    assert "#/components/schemas/Agenda" in references(DOCUMENT)
    assert dangling(DOCUMENT) == []


def test_every_route_is_documented() -> None:
    missing = {route.name for route in PATHS.values()} - TOLD.keys()
    assert not missing, f"add to handlers/documents/documented.py: {missing}"
    for path, route in PATHS.items():
        methods = {name.lower() for name, endpoint in route.methods.items() if endpoint is not not_implemented}
        for known in [f"/{path}"] if route.service else [f"/{path}", f"/{path}/{{id}}"]:
            assert set(DOCUMENT["paths"][known]) - {"parameters"} == methods


def test_a_route_without_documentation_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {name: told for name, told in TOLD.items() if name != "agenda"}
    monkeypatch.setattr("handlers.documents.openapi.TOLD", left)
    assert "/pop/agenda" not in document()["paths"]


def test_nothing_is_documented_that_is_not_there() -> None:
    plain = {"/healthz", "/readyz", "/metrics", *documents(TOPICS)}
    for path, method, operation in operations():
        found = find(path.replace("{id}", "x"))
        if found is None:
            assert path in plain
            plain.discard(path)
            continue
        assert method.upper() in found[0].methods
        assert (found[1] == "x") == ("{id}" in path)
        assert ("requestBody" in operation) == (method.upper() in documented.TOLD[found[0].name].sent)
    assert not plain


def test_operations_are_told_apart_and_in_words() -> None:
    found = [operation for _, _, operation in operations()]
    names = [operation["operationId"] for operation in found]
    assert len({*names}) == len(names)
    assert all(operation["summary"] and "spec " not in operation["summary"] for operation in found)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {operation["tags"][0] for operation in found} == tags


def test_every_answer_of_pop_says_what_can_be_wrong() -> None:
    for path, _, operation in operations():
        if find(path.replace("{id}", "x")) is not None:
            assert set(operation["responses"]) == {"200", "400", "401", "405", "413", "500", "503"}


def test_a_list_tells_its_queries_by_the_texts_of_its_objects() -> None:
    def names(path: str) -> set[str]:
        said = DOCUMENT["paths"][path]["get"]["parameters"]
        return {one["name"] if "name" in one else one["$ref"].rpartition("/")[2] for one in said}

    assert {"bylinkId", "byprocessingState", "bylimit", "byfields", "bycount", "cursor", "X-pop-cid"} <= names(
        "/pop/progress/agenda"
    )
    assert not {"bypayload", "byparams", "byresultPayload", "byaddedTime", "bypercentComplete"} & names(
        "/pop/progress/operation"
    )


@pytest.mark.parametrize("kind", [objects.Agenda, objects.AgendaProgress, objects.OperationProgress, objects.Operation])
def test_what_our_client_reads_is_in_the_document(kind: Any) -> None:
    assert set(kind.__struct_encode_fields__) <= set(DOCUMENT["components"]["schemas"][kind.__name__]["properties"])


def test_nothing_internal_is_in_the_document() -> None:
    assert not {"attempt", "dependsOn", "references", "generatedParent"} & {
        field for schema in DOCUMENT["components"]["schemas"].values() for field in schema.get("properties", ())
    }


def test_an_answer_is_a_success_or_a_refusal() -> None:
    fits("AgendaAnswer", {"all": [{"id": "a", "operations": [{"name": "x"}]}], "count": 1, "error": False})
    problem = {"title": "t", "description": "d", "responseCode": 404, "serverStackTrace": "t: d"}
    fits("Refusal", {"all": [], "count": 0, "error": True, "errorResponse": problem})
    for name, wrong in [("AgendaAnswer", {"error": True}), ("Refusal", {"error": False}), ("Refusal", {"error": True})]:
        with pytest.raises(jsonschema.ValidationError):
            fits(name, wrong)


def test_the_command_prints_it() -> None:
    code = "from handlers.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "openapi"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == DOCUMENT


class Page(HTMLParser):
    """What a page refers to, and whether its elements are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        said = dict(attrs)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}
        self.ids += [said["id"] or ""] if "id" in said else []
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_both_documents_and_needs_nothing_else() -> None:
    served = documents(TOPICS)
    status, body, kind = served["/docs"]()
    found = Page(body.decode())

    assert (status, kind, found.open) == (200, "text/html; charset=utf-8", [])
    assert not found.tags & {"script", "link", "img", "iframe", "object", "base"}
    assert "@import" not in found.text
    assert "url(" not in found.text
    assert len({*found.ids}) == len(found.ids)
    inside = {link for link in found.links if link.startswith("#")}
    assert found.links - inside == {"/openapi.json", "/asyncapi.json"}
    assert {link[1:] for link in inside} <= {*found.ids}
    log = json.loads(served["/asyncapi.json"]()[1])
    assert json.loads(served["/openapi.json"]()[1]) == DOCUMENT
    addresses = [channel["address"] for channel in log["channels"].values()]
    for said in [*DOCUMENT["paths"], *addresses, *log["components"]["messages"]]:
        assert said in found.text
    for which, schemas in (("http", DOCUMENT), ("topics", log)):
        assert {f"{which}-{name}" for name in schemas["components"]["schemas"]} <= {*found.ids}


def test_what_is_shown_is_text_and_never_markup() -> None:
    body = documents(Topics("<b>&", 1))["/docs"]()[1].decode()
    assert "&lt;b&gt;&amp;-agendas" in body
    assert "<b>" not in body
