"""x."""


def page() -> None:
    """X."""
