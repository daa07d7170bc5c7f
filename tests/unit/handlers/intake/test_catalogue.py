"""Templates: what is sealed of them, and under whose key (spec 1.4, design 4.7)."""

from typing import Any

import msgspec
import pytest

from eventstore.errors import BadRequest
from eventstore.model import AgendaTemplate
from eventstore.sealing import Cipher, PlainCipher, mac_of, open_map, seal_value
from handlers.intake.catalogue import Draft, template_command
from handlers.intake.origin import Origin
from handlers.wire.objects import OpenAgendaTemplate
from handlers.wire.parsing import Malformed, parse
from handlers.wire.responses import Opener, encode
from tests.builders import ALICE

CIPHER = PlainCipher(b"secret")
AGENDA = {
    "id": None,
    "title": "@<t>",
    "unknown": 1,
    "linkId": "@<l>",
    "operations": [{"name": "a", "payload": {"x": None, "y": "@<z>"}, "params": {"n": None}, "unknown": 1}, None],
    "params": {"doNotRun": None, "k": True},
    "agendaInsight": {"insightId": "i"},
}


def said(**more: Any) -> OpenAgendaTemplate:
    found = parse(msgspec.json.encode({"customerId": "alice", **more}), OpenAgendaTemplate, "AgendaTemplate")
    assert found is not None
    return found


def draft(stored: AgendaTemplate | None = None, cipher: Cipher = CIPHER, *, must_exist: bool = False) -> Draft:
    origin = Origin(ALICE, identity=lambda part, n: f"{part}{n}")
    return Draft(origin=origin, cipher=cipher, must_exist=must_exist, stored=stored)


def test_bodies_are_sealed_value_by_value_with_what_is_null_in_their_maps() -> None:
    sent = said(agenda=AGENDA, params={"p": None}, staticParameters={"s": [1]})
    found = template_command(sent, "t1", draft()).agenda_template
    assert found.agenda is not None
    assert open_map(CIPHER, "alice", found.agenda) == {
        "title": "@<t>",
        "linkId": "@<l>",
        "operations": [{"name": "a", "payload": {"x": None, "y": "@<z>"}, "params": {"n": None}}, None],
        "params": {"doNotRun": None, "k": True},
        "agendaInsight": {"insightId": "i"},
    }
    assert open_map(CIPHER, "alice", found.params or {}) == {"p": None}
    assert open_map(CIPHER, "alice", found.static_parameters or {}) == {"s": [1]}


def test_the_wire_leaves_out_what_is_null_in_maps_and_says_global_twice() -> None:
    row = template_command(
        said(agenda=AGENDA, params={"p": None, "q": 1}, isGlobal=True), "t1", draft()
    ).agenda_template
    found = msgspec.json.decode(encode(Opener(CIPHER).template(row)))
    assert found["agenda"]["params"] == {"k": True}
    assert found["agenda"]["operations"] == [{"name": "a", "payload": {"y": "@<z>"}, "params": {}}, None]
    assert found["params"] == {"q": 1}
    assert found["global"] is found["isGlobal"] is True


def test_a_body_that_is_not_said_is_not_said() -> None:
    found = template_command(said(agenda=None), "t1", draft()).agenda_template
    assert (found.agenda, found.params, found.static_parameters) == (None, None, None)


def test_without_an_owner_the_key_is_that_of_the_stored_template() -> None:
    stored = AgendaTemplate(id="t1", customer_id="bob")
    command = template_command(said(customerId=None, params={"p": 1}), "t1", draft(stored, must_exist=True))
    assert command.sealed_over == "bob"
    assert command.must_exist
    assert command.agenda_template.params is not None
    assert mac_of(command.agenda_template.params["p"]) == mac_of(seal_value(CIPHER, "bob", 1))


def test_a_template_that_changes_hands_is_sealed_anew() -> None:
    old = template_command(said(agenda=AGENDA, params={"p": 1}), "t1", draft()).agenda_template
    found = template_command(said(customerId="bob", params={"p": 2}), "t1", draft(old)).agenda_template
    assert found.agenda is not None
    assert old.agenda is not None
    assert found.params == {"p": seal_value(CIPHER, "bob", 2)}
    assert open_map(CIPHER, "bob", found.agenda) == open_map(CIPHER, "alice", old.agenda)
    assert {mac_of(seal) for seal in found.agenda.values()}.isdisjoint(mac_of(seal) for seal in old.agenda.values())


def test_one_that_stays_keeps_what_is_stored_by_saying_nothing() -> None:
    old = template_command(said(agenda=AGENDA), "t1", draft()).agenda_template
    assert template_command(said(title="new"), "t1", draft(old)).agenda_template.agenda is None


def test_an_agenda_of_the_wrong_shape_is_refused_with_its_place() -> None:
    with pytest.raises(Malformed, match=r"\$\.agenda\.operations"):
        said(agenda={"operations": "x"})


def test_a_payload_that_is_nested_deeper_than_can_be_kept_is_refused() -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        deep = msgspec.json.decode(opening * 900 + "1" + closing * 900)
        with pytest.raises(BadRequest, match="nested at most"):
            template_command(said(agenda={"operations": [{"name": "a", "payload": deep}]}), "t", draft())
