"""Streamlit's options, set by code.

Under `st.App` Streamlit reads no environment variables, and an installed Hone runs from any folder, without a
`.streamlit/config.toml` of ours. What is set here also wins over a config.toml that happens to lie there.
"""

import hashlib
from typing import Any

from streamlit import config

from hone.platform.frame import theme

OPTIONS: dict[str, Any] = {
    "runner.postScriptGC": False,  # its gc.collect(2) after every rerun makes 100 users too many
    "runner.magicEnabled": False,
    "browser.gatherUsageStats": False,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.allowRunOnSave": False,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.scriptHealthCheckEnabled": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableWebsocketCompression": False,
    "server.trustedUserHeaders": {},
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,  # would link the text of an error to a search engine
    "client.toolbarMode": "minimal",
    "client.allowedOrigins": [],  # Streamlit's cloud, which could otherwise send messages to the page
    "global.developmentMode": False,
    "logger.level": "warning",
    "logger.hideWelcomeMessage": True,
    "secrets.files": [],  # a secrets.toml of the folder where Hone starts is none of its business
}


def apply(host: str, port: int, owner_key: str) -> None:
    """Set every option; call it before `st.App` is made. `owner_key` keeps signed cookies valid over a restart."""
    cookie_secret = hashlib.sha256(b"streamlit cookies " + owner_key.encode()).hexdigest()
    own = {"server.address": host, "server.port": port, "server.cookieSecret": cookie_secret}
    for name, setting in {**OPTIONS, **theme.OPTIONS, **own}.items():
        config.set_option(name, setting, "hone")
