"""Whether a command came before, by the Idempotency-Key that it came with (design 4.5), or by its own id. Pure."""

from collections.abc import Iterable

from eventstore.commands import CatalogueCommand, Command
from eventstore.errors import Invalid


def repeats(command: Command | CatalogueCommand, requests: Iterable[tuple[str, str]]) -> bool:
    """Whether its key was used on this stream, with the same body; raises Invalid if it was with another one.

    `requests`: (event id, digest of the body) of the last that came with keys, or must not be decided a second time.
    """
    for event_id, digest in requests:
        if command.request is not None and event_id == command.id:
            if digest != command.request:
                raise Invalid("expected the body that this Idempotency-Key came with before, but it is another one")
            return True
    return False
