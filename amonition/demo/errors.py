"""Why the demonstration ends before its time."""


class DemoError(Exception):
    """The text, in Russian, is what the terminal shows."""
