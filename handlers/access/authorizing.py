"""Which identity a worker has, made of its settings, and how requests are held to it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from eventstore.commands import Caller
from handlers.access.identity import Identity, Refused, SampleAuthorizer
from handlers.access.keys import Keys, from_file, from_url
from handlers.access.tokens import Claims, JwtIdentity
from handlers.process.settings import Settings


def identity_of(
    settings: Settings, session: aiohttp.ClientSession, told: Callable[[str], None]
) -> tuple[Identity, Keys | None]:
    """Who decides who asks, and the keys that must be run meanwhile, if there are any."""
    if settings.auth == "sample":
        return SampleAuthorizer(settings.auth_user, settings.auth_accounts), None
    is_url = settings.jwt_keys.startswith(("https://", "http://"))
    keys = Keys(
        from_url(session, settings.jwt_keys) if is_url else from_file(Path(settings.jwt_keys)),
        settings.jwt_algorithms,
        clock=asyncio.get_running_loop().time,
        pause=settings.jwt_pause,
        every=settings.jwt_refresh,
        told=told,
    )
    claims = Claims(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=[*settings.jwt_algorithms],
        skew=settings.jwt_skew,
        accounts=settings.jwt_accounts,
        super_user=settings.jwt_super_user,
    )
    return JwtIdentity(keys, claims), keys


#: The issuer has a new key, perhaps, or this worker has only just begun to look for any.
_PERHAPS_LATER = (Refused.UNKNOWN_KEY, Refused.NO_KEYS)


async def caller_of(identity: Identity, request: web.BaseRequest) -> Caller | Refused:
    """Who asks, or why nobody does."""
    authorization = request.headers.get("Authorization")
    caller = identity.of(authorization)
    if isinstance(caller, Refused) and caller in _PERHAPS_LATER and await identity.renew():
        caller = identity.of(authorization)
    return caller


def operators_only(
    identity: Identity, answer: Callable[[], tuple[int, bytes, str]]
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """A page about everyone's objects: for super users, where callers are told apart."""

    async def endpoint(request: web.BaseRequest) -> web.StreamResponse:
        caller = await caller_of(identity, request)
        if isinstance(caller, Refused) or not caller.everywhere:
            return web.Response(status=401 if isinstance(caller, Refused) else 403)
        status, body, kind = answer()
        return web.Response(status=status, body=body, headers={"Content-Type": kind})

    return endpoint
