"""An issuer of tokens with real keys, and its key set on a real HTTP server."""

import json
from collections.abc import Mapping
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from handlers.clock import now

NAME, AUDIENCE = "https://issuer.test", "agendum"
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
_WRITERS: Any = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


class Key:
    """One key pair."""

    def __init__(self, identity: str | None, algorithm: str = "ES256", bits: int = 2048) -> None:
        self.identity = identity
        self.algorithm = algorithm
        make: Any = {
            "RS256": lambda: rsa_key(65537, bits),
            "ES256": lambda: ec_key(SECP256R1()),
            "EdDSA": Ed25519PrivateKey.generate,
        }
        self.private = make[algorithm]()

    def public(self, **more: Any) -> dict[str, Any]:
        """Its entry in a key set."""
        said = json.loads(_WRITERS[self.algorithm].to_jwk(self.private.public_key()))
        named = {} if self.identity is None else {"kid": self.identity}
        return {**said, **named, "use": "sig", "alg": self.algorithm, **more}

    def token(self, headers: Mapping[str, Any] | None = None, /, **claims: Any) -> str:
        """A token of this key: good for a minute, unless said otherwise; a claim that is None is left out."""
        said = {"iss": NAME, "aud": AUDIENCE, "sub": "ann", "exp": now() // 1000 + 60, **claims}
        named = {} if self.identity is None else {"kid": self.identity}
        body = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(body, self.private, self.algorithm, {**named, **(headers or {})})


def key_set(*entries: Any) -> bytes:
    """A key set."""
    return json.dumps({"keys": entries}).encode()


class Issuer:
    """Serves `body` with `status` at `url`, on loopback, and counts how often it is asked."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked = 0
        self._runner = web.ServerRunner(web.Server(self._answer))

    async def __aenter__(self) -> "Issuer":
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/keys"

    async def _answer(self, _: web.BaseRequest) -> web.Response:
        self.asked += 1
        return web.Response(status=self.status, body=self.body, headers=self.headers)
