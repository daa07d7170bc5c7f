"""What a door has in its hands when it takes a request to the owners: made once, by the composition root."""

from collections.abc import Callable

import msgspec

from eventstore.sealing import Cipher
from handlers.edge.customers import Customers
from handlers.gateway import Gateway
from handlers.routing.everywhere import Everywhere
from handlers.wire.responses import Opener
from projections.catalogue.tail import CatalogueTail


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """What endpoints and the inbox work with."""

    gateway: Gateway
    tail: CatalogueTail
    cipher: Cipher
    opener: Opener
    draw: Callable[[], str]
    partitions: int
    poll: float
    quiet_ms: int
    customers: Customers
    timers: Everywhere
