"""What a browser says to the review desk, without a browser: Streamlit's websocket messages, and the desk's own.

It keeps what a browser keeps: the hash of the page, the values of its widgets, the messages that the server may
refer to by hash, and the last drawing of the desk with the fragment that it stands in.
"""

import json
import time
import uuid
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect

TIMEOUT = 60.0  # seconds until an answer
_TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{}__events"
_ASKS = {"selectbox", "radio"}  # widgets whose value a browser sends back at each drawing


class Refused(Exception):
    """The page drew an error, or an answer that stores nothing."""


class Browser:
    """One tab of a signed-in expert, on the page Review."""

    def __init__(self, address: str, session: str, project: str) -> None:
        self.address = address
        self.cookie = f"hone_session={session}"
        self.query = f"project={project}"
        self.page_hash = ""
        self.values: dict[str, str] = {}
        self.kept: dict[str, ForwardMsg] = {}
        self.desk: dict[str, Any] | None = None
        self.desk_id = self.fragment = ""
        self.received = 0
        self._socket: ClientConnection | None = None

    async def open(self) -> float:
        """Connect and draw the page; seconds until it is whole."""
        began = time.perf_counter()
        self._socket = await connect(
            self.address.replace("http:", "ws:") + "/_stcore/stream",
            additional_headers={"Cookie": self.cookie},
            subprotocols=[Subprotocol("streamlit")],
            origin=self.address,  # type: ignore[arg-type]  # a plain string with another name
            max_size=None,
            compression=None,
            ping_interval=None,
            open_timeout=TIMEOUT,
        )
        await self._ask(BackMsg(), page="review")
        if self.desk is None or not self.desk.get("token"):
            raise Refused("the page came without a pair")
        return time.perf_counter() - began

    async def decide(self, decision: str, seconds: float) -> float:
        """Decide on the pair that is shown; seconds until the next one is drawn.

        Raises:
            Refused: The decision was not stored.
        """
        before = self.desk or {}
        request = uuid.uuid4().hex
        ratings = {each["key"]: each["anchors"][-1][0] for each in before["rubric"]}
        draft: dict[str, Any] = {"response": None, "ratings": ratings, "categories": [], "flags": [], "note": ""}
        said = {name: before[name] for name in ("token", "seen")}
        said |= {"request": request, "decision": decision, "reason": "", "draft": draft, "seconds": seconds}
        asked = BackMsg()
        asked.rerun_script.fragment_id = self.fragment
        pressed = asked.rerun_script.widget_states.widgets.add()
        pressed.id = _TRIGGER.format(self.desk_id)
        pressed.json_trigger_value = json.dumps([{"event": "decide", "value": said}])
        began = time.perf_counter()
        await self._ask(asked)
        took = time.perf_counter() - began
        after = self.desk or {}
        if (after.get("answered"), after.get("stored")) != (request, True):
            raise Refused("the decision was not stored")
        if not after.get("token"):
            raise Refused("no pair is left")
        return took

    async def close(self) -> None:
        """Leave the page."""
        if self._socket is not None:
            await self._socket.close()

    async def _ask(self, asked: BackMsg, page: str = "") -> None:
        """Send a wish to draw, and take in all that comes until it is drawn."""
        assert self._socket is not None
        wish = asked.rerun_script
        wish.query_string, wish.page_script_hash, wish.page_name = self.query, self.page_hash, page
        wish.context_info.timezone, wish.context_info.locale = "UTC", "en-GB"
        wish.context_info.url = f"{self.address}/review"
        wish.cached_message_hashes.extend(self.kept)
        for widget, value in self.values.items():
            state = wish.widget_states.widgets.add()
            state.id, state.string_value = widget, value
        await self._socket.send(asked.SerializeToString())
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            raw = await self._socket.recv()
            if isinstance(raw, bytes) and self._take_in(raw):
                return
        raise Refused(f"no whole page within {TIMEOUT:.0f} s")

    def _take_in(self, raw: bytes) -> bool:
        """Note what a message says; True when it says that the drawing is whole."""
        self.received += len(raw)
        said = ForwardMsg.FromString(raw)
        if said.WhichOneof("type") == "ref_hash":
            whole = ForwardMsg()
            whole.CopyFrom(self.kept[said.ref_hash])
            whole.metadata.CopyFrom(said.metadata)
            said = whole
        elif said.metadata.cacheable:
            self.kept[said.hash] = said
        kind = said.WhichOneof("type")
        if kind == "delta" and said.delta.WhichOneof("type") == "new_element":
            self._drawn(said)
        elif kind == "navigation":
            self.page_hash = said.navigation.page_script_hash or self.page_hash
        elif kind == "script_finished":
            return bool(said.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN)
        return False

    def _drawn(self, said: ForwardMsg) -> None:
        element = said.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise Refused(f"the page drew an error: {element.exception.message}")
        if kind == "bidi_component" and element.bidi_component.component_name.endswith("hone_desk"):
            self.desk, self.desk_id = json.loads(element.bidi_component.json), element.bidi_component.id
            self.fragment = said.delta.fragment_id
        elif kind in _ASKS:
            widget = getattr(element, kind)
            if widget.id not in self.values and widget.HasField("default"):
                self.values[widget.id] = widget.options[widget.default]
