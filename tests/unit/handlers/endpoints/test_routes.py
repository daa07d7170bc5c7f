"""Which route a path is (spec 2.1)."""

import pytest
from aiohttp.test_utils import make_mocked_request

from eventstore.errors import BadRequest
from handlers.endpoints.ask import Ask
from handlers.endpoints.routes import PATHS, find, not_implemented
from tests.builders import ALICE

OBJECTS = {
    "/pop/agenda": "agenda",
    "/pop/progress/agenda": "progress",
    "/pop/progress/operation": "operation",
    "/progress/agenda/operation": "operation",
    "/pop/customer": "customer",
    "/pop/insight": "insight",
    "/pop/resourcepool": "resourcepool",
    "/pop/agendatemplate": "agendatemplate",
}
SERVICES = {
    "/pop/progress/agenda/service": "summary",
    "/pop/resourcepool/service/getAgenda": "getAgenda",
    "/pop/resourcepool/service/updateAgendaProgress": "updateAgendaProgress",
}
STAGES = pytest.mark.parametrize("stage", ["", "/dev", "/v1", "/progress"])


def found(path: str) -> tuple[str, str | None] | None:
    route = find(path)
    return None if route is None else (route[0].name, route[1])


@STAGES
@pytest.mark.parametrize(("path", "name"), OBJECTS.items())
def test_a_collection_is_found_with_and_without_an_id_and_a_stage(stage: str, path: str, name: str) -> None:
    assert found(stage + path) == found(f"{stage}{path}/") == (name, None)
    assert found(f"{stage}{path}/x-1") == (name, "x-1")


@STAGES
@pytest.mark.parametrize(("path", "name"), SERVICES.items())
def test_a_service_wins_over_an_id_and_has_none(stage: str, path: str, name: str) -> None:
    assert found(stage + path) == found(f"{stage}{path}/") == (name, None)
    assert found(f"{stage}{path}/x") is None


@STAGES
def test_below_a_base_path_routes_are_found_with_and_without_a_stage_and_nowhere_else(stage: str) -> None:
    route = find(f"/api/v2{stage}/pop/agenda/x", "/api/v2")
    assert route is not None
    assert (route[0].name, route[1]) == ("agenda", "x")
    assert find(f"{stage}/pop/agenda/x", "/api/v2") is None
    assert find(f"/api/v22{stage}/pop/agenda/x", "/api/v2") is None


def test_the_alias_of_an_operations_progress_is_found_below_pop_as_well() -> None:
    assert found("/pop/progress/agenda/operation/r1-a") == ("operation", "r1-a")


@pytest.mark.parametrize("identity", ["account%2F3131523765", "a+b", "%E2%82%AC", "service", "a%20b", "*", "r1-op.1"])
def test_an_id_is_handed_on_as_it_stands(identity: str) -> None:
    assert found(f"/dev/pop/customer/{identity}") == ("customer", identity)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/pop",
        "/pop/",
        "/dev/pop",
        "/customer",
        "/progress/agenda",
        "/progress/agenda/x",
        "/pop/transform",
        "/pop/Customer",
        "/pop/customers",
        "/pop/customer/a/b",
        "/pop/customer//a",
        "/pop//customer",
        "/one/two/pop/customer",
        "/dev/customer",
        "/fission/agenda/x",
        "/pop/agenda/service/ignite",
        "/pop/resourcepool/service/expand",
        "/pop/resourcepool/service/getagenda",
    ],
)
def test_other_paths_are_nobodys(path: str) -> None:
    assert found(path) is None


async def test_services_answer_other_methods_that_they_are_not_implemented() -> None:
    for path in SERVICES:
        methods = PATHS[path.strip("/")].methods
        assert set(methods) == {"GET", "PUT", "DELETE", "POST"}
        for method in ("GET", "PUT", "DELETE"):
            assert methods[method] is not_implemented
            ask = Ask(make_mocked_request(method, path), None, ALICE, "x", None)  # type: ignore[arg-type]
            with pytest.raises(BadRequest, match=f"^{method} is not implemented for this endpoint$"):
                await methods[method](ask)
