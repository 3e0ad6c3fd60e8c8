"""What went wrong with an embedded server, in words that say what to do about it."""


class EmbeddedServerError(Exception):
    """An embedded server cannot be used; the text is meant for the person at the terminal."""
