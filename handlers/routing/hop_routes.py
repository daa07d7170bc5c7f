"""The table of hops: what other workers may ask of this one, and who answers."""

from collections.abc import Mapping

from handlers.command_path.runs import CommandPath
from handlers.process.listener import Handler
from handlers.routing.everywhere import DUE, Everywhere
from handlers.routing.hops import hop_route
from handlers.routing.owners import DISPATCH, READY, LiveOwners, outcomes_of
from handlers.routing.reads import QUERY
from handlers.routing.router import COMMAND, PULL, Router
from handlers.routing.snapshots import Copies, snapshot_routes
from handlers.scheduling.board import Board
from handlers.scheduling.schedulers import Schedulers
from projections.table.holdings import Holdings


def hop_routes(
    *,
    secret: str,
    path: CommandPath,
    router: Router,
    board: Board,
    owners: LiveOwners,
    schedulers: Schedulers,
    everywhere: Everywhere,
    holdings: Holdings,
) -> Mapping[str, Handler]:
    """Paths of the internal listener, and their endpoints."""

    async def dispatch(commands: list) -> list:  # type: ignore[type-arg]  # typed by DISPATCH
        return outcomes_of(await owners.dispatch_here(commands))

    return dict(
        [
            hop_route(COMMAND, secret, path.decide),
            hop_route(QUERY, secret, router.reads.here),
            hop_route(
                READY, secret, lambda asked: board.wait(asked.insights, asked.known, asked.seconds, asked.turns_of)
            ),
            hop_route(DISPATCH, secret, dispatch),
            hop_route(PULL, secret, schedulers.pull, undelivered=schedulers.give_back),
            hop_route(DUE, secret, everywhere.here),
            *snapshot_routes(secret, Copies(holdings.owner, holdings.standby)),
        ]
    )
