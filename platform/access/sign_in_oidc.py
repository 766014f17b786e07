"""Sign in through an OpenID Connect provider: the code flow with PKCE and nonce, ending in a session of our own.

Streamlit's own `st.login` would need the app open to strangers, and a signed-out browser would stay signed in
by Streamlit's cookie of 30 days. Here everybody has the same kind of session, which /sign-out ends.
"""

import logging
from typing import Any

from anyio import to_thread
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.starlette_client import OAuth  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hone.platform.access import identity
from hone.platform.access.sign_in import Door, local_path
from hone.platform.settings import Oidc
from hone.storage.errors import Forbidden
from hone.storage.people import Person

BEGIN = "/sign-in/provider"
CALLBACK = "/oauth2callback"
WANTED = "hone_wanted"


class Provider:
    """The two steps of the flow. What the first remembers for the second lies in a signed cookie."""

    def __init__(self, door: Door, oidc: Oidc):
        self.door = door
        self.oidc = oidc
        oauth = OAuth()
        oauth.register(
            "hone",
            client_id=oidc.client_id,
            client_secret=oidc.client_secret,
            server_metadata_url=oidc.server_metadata_url,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )
        self.client: Any = oauth.create_client("hone")

    def routes(self) -> list[Route]:
        """Where the button leads, and where the provider sends people back to."""
        return [Route(BEGIN, self.begin), Route(CALLBACK, self.come_back)]

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        wanted = local_path(request.query_params.get("next"))
        request.session[WANTED] = wanted
        try:
            answer: Response = await self.client.authorize_redirect(request, self.oidc.redirect_uri)
        except Exception:  # not reached, no JSON, nothing usable in it: each has its own class in some library
            return await self._unreachable()
        return answer

    async def come_back(self, request: Request) -> Response:
        """Check what the provider says, and sign the person in."""
        wanted = local_path(request.session.pop(WANTED, None))
        try:
            token = await self.client.authorize_access_token(request)
            person = await to_thread.run_sync(self._person, token.get("userinfo") or {})
        except Forbidden as problem:
            return await self._refused(str(problem), 403)
        except (OAuthError, JoseError):  # denied there, or a forged, repeated or outdated return
            return await self._refused(f"{self.oidc.provider} did not sign you in. Begin again from here.", 403)
        except Exception:  # as in `begin`
            return await self._unreachable()
        return await self.door.signed_in(request, person, wanted)

    def _person(self, claims: dict[str, Any]) -> Person:
        with self.door.runtime.store.read() as cursor:
            return identity.person_of_oidc(cursor, claims)

    async def _unreachable(self) -> Response:
        logging.getLogger(__name__).exception("Single sign-on with %s failed", self.oidc.server_metadata_url)
        return await self._refused(f"{self.oidc.provider} cannot be reached. Try again a little later.", 502)

    async def _refused(self, why: str, status: int) -> Response:
        return await self.door.form_page("/", wrong=why, status=status)
