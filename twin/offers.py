"""What the twin offers the other rooms through the ports."""


def register() -> None:
    """Fills the ports; runs once, when the app is ready."""
