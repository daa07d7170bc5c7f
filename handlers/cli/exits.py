"""How a command ends: its exit codes, and errors in three lines: what, why, what next."""

from enum import IntEnum

from eventstore.errors import AgendumError, NotFound, Rejected, Unavailable


class Exit(IntEnum):
    """Exit codes; they stand in the README and in `agendum --help`."""

    OK = 0
    #: the agenda failed, or a check found a difference
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    AWAY = 5
    TIMED_OUT = 124
    INTERRUPTED = 130


class Stop(Exception):  # no error: it is how a command says that it ends here
    """Ends a command: what happened, why, and the next command to try."""

    def __init__(self, code: Exit, what: str, why: str, then: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.why = why
        self.then = then


def explained(wrong: AgendumError, what: str) -> Stop:
    """An error of the service or the log, as a command says it."""
    match wrong:
        case NotFound():
            return Stop(Exit.NOT_FOUND, what, str(wrong), "agendum list insight, or another kind: what you may see")
        case Rejected():
            return Stop(Exit.REFUSED, what, f"refused ({wrong.title}): {wrong}", "mend what is named, and try again")
        case Unavailable():
            return Stop(
                Exit.AWAY,
                what,
                str(wrong),
                "agendum doctor, or name another with --url or --kafka, or start one: agendum up",
            )
        case _:  # of the log, most of them
            return Stop(Exit.REFUSED, what, str(wrong), "agendum doctor")
