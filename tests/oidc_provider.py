"""A small OpenID Connect provider on a free port: it vouches for whatever claims the test sets."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from hone.platform.server import listen


@dataclass
class FakeProvider:
    """What it says of whoever comes, and what it was asked last."""

    address: str
    claims: dict[str, Any]
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    signing_key: RSAKey | None = None
    asked: dict[str, str] = field(default_factory=dict)

    def metadata(self, _: Request) -> JSONResponse:
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        urls = {name: f"{self.address}/{path}" for name, path in endpoints.items()}
        return JSONResponse({"issuer": self.address, **urls, "id_token_signing_alg_values_supported": ["RS256"]})

    def authorize(self, request: Request) -> RedirectResponse:
        self.asked = dict(request.query_params)
        back = urlencode({"code": "the-code", "state": self.asked["state"]})
        return RedirectResponse(f"{self.asked['redirect_uri']}?{back}", 302)

    async def token(self, request: Request) -> JSONResponse:
        sent = parse_qs((await request.body()).decode())
        if sent.get("code") != ["the-code"] or "code_verifier" not in sent:
            return JSONResponse({"error": "invalid_grant"}, 400)
        moment = int(time.time())
        claims = {"iss": self.address, "aud": self.asked["client_id"], "sub": "7", "iat": moment, "exp": moment + 60}
        claims = {**claims, "nonce": self.asked["nonce"], **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signing_key or self.key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": signed})

    def jwks(self, _: Request) -> JSONResponse:
        return JSONResponse({"keys": [{**self.key.as_dict(private=False), "kid": "one", "use": "sig", "alg": "RS256"}]})


@contextmanager
def provider() -> Generator[FakeProvider]:
    """The provider, at work until the block ends."""
    listening = listen("127.0.0.1", 0)
    fake = FakeProvider(f"http://127.0.0.1:{listening.getsockname()[1]}", {})
    routes = [
        Route("/.well-known/openid-configuration", fake.metadata),
        Route("/authorize", fake.authorize),
        Route("/token", fake.token, methods=["POST"]),
        Route("/jwks", fake.jwks),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error"))
    thread = threading.Thread(target=server.run, args=[[listening]])
    thread.start()
    yield fake
    server.should_exit = True
    thread.join()
