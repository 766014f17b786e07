"""An expert at the desk without a browser: what its surface was given, and what it sends as the script in it does."""

import json
from typing import Any

from browsing import Browser
from streamlit.components.v2.bidi_component import main as components

from hone.platform.frame import desk_surface
from hone.storage.people import Person
from hone.storage.records import new_id
from hone.storage.store import Store


class Expert(Browser):
    """Somebody signed in, with the review desk open."""

    def __init__(self, store: Store, person: Person):
        super().__init__(store, person)
        self.go("review")

    @property
    def surface(self) -> Any:
        """The component on the page."""
        return next(each for each in self.page.get("bidi_component") if each.key == desk_surface.KEY).proto

    @property
    def given(self) -> dict[str, Any]:
        """What the browser was given of the pair."""
        return dict(json.loads(self.surface.json or self.surface.mixed.json))

    @property
    def token(self) -> str:
        return str(self.given["token"])

    def sends(self, event: str, said: object) -> "Expert":
        """A message of the surface arrives, whatever is in it."""
        states = getattr(self.page, "_tree").get_widget_states()  # noqa: B009
        state = states.widgets.add()
        state.id = getattr(components, "_make_trigger_id")(self.surface.id, "events")  # noqa: B009
        state.json_trigger_value = json.dumps([{"event": event, "value": said}])
        getattr(self.page, "_run")(states)  # noqa: B009
        self.whole()
        return self

    def message(self, decision: str = "approve", **more: Any) -> dict[str, Any]:
        """A decision on what is shown, as the script sends it: `reason`, `token`, `seen` or a draft's fields differ."""
        whole = {
            "token": self.given["token"],
            "seen": self.given["seen"],
            "request": new_id(),
            "decision": decision,
            "reason": "",
            "seconds": 0.5,
        }
        said = {name: more.pop(name, value) for name, value in whole.items()}
        return {**said, "draft": {**(self.given["draft"] or {}), **more}}

    def decide(self, decision: str = "approve", **more: Any) -> "Expert":
        return self.sends("decide", self.message(decision, **more))

    def undo(self) -> "Expert":
        return self.sends("undo", {"token": self.given["token"], "request": new_id()})
