"""Figures in words, for pages and commands alike."""


def duration(seconds: float | None) -> str:
    """A time span as people say it: 8 s, 3 min 20 s, 2 h 05 min."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def figure(value: float | None, digits: int = 3) -> str:
    """A number with so many decimals and a true minus sign, or a dash while there is none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", "\u2212")
