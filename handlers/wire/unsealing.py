"""Events with their sealed fields opened, as `agendum replay` shows them to an auditor (design 4.7). Pure.

Whoever replays reads Kafka itself, so the cipher's keys, not this program, are what keeps payloads from them. A value
that cannot be opened (its key is dropped, or no cipher of ours made it) is shown as it stands: `{"sealed": …}`.
"""

from typing import Any

import msgspec

from eventstore.envelope import Envelope
from eventstore.events import Event
from eventstore.model import Fact
from eventstore.sealing import Cipher

SEALED = frozenset({"payload", "params", "diagnostic_events", "result_payload"})


class EventOpener:
    """Shows the body of an event, lifted to the current version, with open payloads."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def __call__(self, event: Event, envelope: Envelope, _: bytes) -> Any:
        """See eventstore.describing.Body."""
        return self._fact(event, envelope.customer_id or "")

    def _fact(self, fact: Fact, customer: str) -> dict[str, Any]:
        customer = getattr(fact, "customer_id", None) or customer
        names = zip(fact.__struct_fields__, fact.__struct_encode_fields__, strict=True)
        return {
            wire: self._value(value, customer, sealed=name in SEALED)
            for name, wire in names
            if (value := getattr(fact, name)) is not None
        }

    def _value(self, value: Any, customer: str, *, sealed: bool) -> Any:
        match value:
            case Fact():
                return self._fact(value, customer)
            case dict():
                return {name: self._value(entry, customer, sealed=sealed) for name, entry in value.items()}
            case list():
                return [self._value(entry, customer, sealed=sealed) for entry in value]
            case str() if sealed:
                return msgspec.Raw(self._cipher.open(customer, value))
            case _:
                return value


class Lenient:
    """A cipher that shows what another one cannot open: an auditor's tool does not end at a value."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, customer_id: str, plain: bytes) -> str:
        """See Cipher."""
        return self._cipher.seal(customer_id, plain)

    def open(self, customer_id: str, sealed: str) -> bytes:
        """The JSON text, on one line."""
        try:
            text = self._cipher.open(customer_id, sealed)
            text.decode()
            return msgspec.json.format(text, indent=-1)
        except (LookupError, ValueError, RecursionError):
            return msgspec.json.encode({"sealed": sealed})


class AsItStands:
    """A cipher that opens nothing: what is sealed is shown as the text that stands in the rows."""

    def seal(self, customer_id: str, plain: bytes) -> str:  # noqa: ARG002  # it only shows
        """Never asked for."""
        raise NotImplementedError

    def open(self, customer_id: str, sealed: str) -> bytes:  # noqa: ARG002  # see the class
        """The sealed text itself, as JSON."""
        return msgspec.json.encode(sealed)
