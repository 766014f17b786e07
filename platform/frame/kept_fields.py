"""Fields whose content outlives a visit to another page: Streamlit forgets a field as soon as it is not drawn."""

from typing import Any

import streamlit as st

_KEPT = "hone_kept"  # what fields held when they were last drawn
_STARTS = "hone_starts"  # what each began with; a field whose start changes would begin anew


def start(key: str, usual: Any) -> Any:
    """What the field with this key begins with: what it held when it was last drawn, else the usual.

    It stays the same while the field is drawn. Give it to the widget as its value: a value that is set through the
    session's state instead does not reach the browser when a run is broken off by the next click.
    """
    starts = _of(_STARTS)
    if key not in st.session_state or key not in starts:
        starts[key] = _of(_KEPT).get(key, usual)
    return starts[key]


def keep() -> None:
    """Remember what the fields hold; at the end of a page that uses `start`."""
    starts = _of(_STARTS)
    _of(_KEPT).update({str(key): value for key, value in st.session_state.items() if key in starts})


def forget() -> None:
    """The fields did their work: they begin anew."""
    _of(_KEPT).clear()
    _of(_STARTS).clear()


def _of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = st.session_state.setdefault(name, {})
    return found
