"""The look of Hone: Streamlit's theme options, and one style sheet of our own on top of them."""

from functools import cache
from pathlib import Path
from typing import Any

FONT = "ui-sans-serif, -apple-system, 'Segoe UI', 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'Noto Sans Mono', monospace"

_LIGHT = {
    "primaryColor": "#2E6F95",
    "backgroundColor": "#FBFAF7",
    "secondaryBackgroundColor": "#FFFFFF",
    "textColor": "#1F2933",
    "borderColor": "#DFDCD4",
    "linkColor": "#2E6F95",
    "codeBackgroundColor": "#F3F1EB",
    "redColor": "#B3402E",
    "greenColor": "#2F7D4F",
    "yellowColor": "#A8741A",
    "blueColor": "#2E6F95",
    "sidebar.backgroundColor": "#F4F2EC",
    "sidebar.secondaryBackgroundColor": "#FFFFFF",
    "sidebar.borderColor": "#E4E1D8",
}
_DARK = {
    "primaryColor": "#397BA2",
    "backgroundColor": "#15191D",
    "secondaryBackgroundColor": "#1D2329",
    "textColor": "#E4E7EA",
    "borderColor": "#333B43",
    "linkColor": "#7FB9DB",
    "codeBackgroundColor": "#1D2329",
    "redColor": "#E08673",
    "greenColor": "#76BD93",
    "yellowColor": "#D7A95A",
    "blueColor": "#7FB9DB",
    "sidebar.backgroundColor": "#111518",
    "sidebar.secondaryBackgroundColor": "#1D2329",
    "sidebar.borderColor": "#262D34",
}

OPTIONS: dict[str, Any] = {
    "theme.font": FONT,
    "theme.headingFont": FONT,
    "theme.codeFont": MONO,
    "theme.codeFontSize": "0.875rem",
    "theme.baseFontSize": 15,
    "theme.baseRadius": "8px",
    "theme.buttonRadius": "8px",
    "theme.headingFontSizes": ["1.8rem", "1.3rem", "1.1rem", "1rem", "0.95rem", "0.9rem"],
    "theme.headingFontWeights": [650, 600, 600, 600, 600, 600],
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
    "theme.linkUnderline": False,
    **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in _DARK.items()},
}
"""Options of Streamlit by their full name, for the server to set."""

_CHART_LIGHT = {
    "ink": "#1F2933",
    "soft": "#5B6670",
    "line": "#E4E1D8",
    "paper": "#FFFFFF",
    "wash": "#F4F2EC",
    "new": "#2E6F95",
    "old": "#8A939B",
    "better": "#2F7D4F",
    "worse": "#B3402E",
    "unsure": "#A8741A",
    "tie": "#D3D9DD",
    "bad": "#B9A99F",
}
_CHART_DARK = {
    "ink": "#E4E7EA",
    "soft": "#9AA5AF",
    "line": "#2C343B",
    "paper": "#1B2026",
    "wash": "#111518",
    "new": "#7FB9DB",
    "old": "#8F99A2",
    "better": "#76BD93",
    "worse": "#E08673",
    "unsure": "#D7A95A",
    "tie": "#3B444A",
    "bad": "#5D524B",
}


def _variables(colours: dict[str, str]) -> str:
    return ":root{" + "".join(f"--{name}:{colour};" for name, colour in colours.items()) + "}"


CHART = (
    f"{_variables(_CHART_LIGHT)}@media (prefers-color-scheme:dark){{{_variables(_CHART_DARK)}}}"
    f"text{{font:13px {FONT};font-variant-numeric:tabular-nums;fill:var(--ink)}}"
    ".soft{fill:var(--soft);font-size:12px}.strong{font-weight:600}"
)
"""The style of a chart: it stands in an image of its own, which no style sheet of the page reaches."""


@cache
def style() -> str:
    """The style sheet in its tag: a constant of ours, never with anything in it that a person wrote."""
    sheet = Path(__file__).parents[1] / "assets" / "hone.css"
    return f"<style>{sheet.read_text(encoding='utf-8')}</style>"
