from types import SimpleNamespace
from typing import Any

from eventstore.model import Agenda
from eventstore.sealing import PlainCipher
from handlers.edge.customers import Customers
from handlers.endpoints.work import _handed_out
from handlers.wire.responses import Opener
from projections.views import Answer


def test_a_run_is_known_until_it_is_forgotten() -> None:
    found = Customers()
    found.remember("r", "acme")
    assert found.of("r") == "acme"
    found.forget("r")
    found.forget("r")
    assert found.of("r") is None


def test_what_is_handed_out_is_remembered_within_bounds() -> None:
    """A worker that serves pullers for weeks, and whose reports all find what they look for, must not grow with it."""
    customers = Customers(remembered=10)
    edge = SimpleNamespace(opener=Opener(PlainCipher(b"s")), customers=customers)
    ask: Any = SimpleNamespace(edge=edge, cid=None)
    for number in range(100):
        _handed_out(ask, [Answer(agendas=[Agenda(id=f"a{number}", progress_id=f"r{number}", customer_id="acme")])])
        assert customers.of(f"r{number}") == "acme"
        assert len(customers) <= 10
