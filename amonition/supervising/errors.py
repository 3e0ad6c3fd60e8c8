"""Why supervising ends."""


class SupervisingError(Exception):
    """The work cannot go on; the message is meant for the terminal."""


class ChildFailedError(SupervisingError):
    """A child ended again and again; the message shows the end of its log."""


class StopAskedError(Exception):
    """SIGINT, SIGTERM or SIGHUP came while something was waited for."""
