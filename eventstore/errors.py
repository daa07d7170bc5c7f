"""The one tree of errors, drawn.

    AgendumError
    ├── Rejected                     a command was refused; nothing was written. `code` is POP's responseCode,
    │   │                            `title` the Java simple class name that POP's clients compare (spec 13)
    │   ├── Invalid                  422 ValidationException
    │   │   ├── NotAWorkflow         a file to convert is not what it should be; the message begins with the place in it
    │   │   ├── NoCustomer           handlers.intake.binding: an agenda's customer is not there
    │   │   └── DuplicateParameter   handlers.intake.template_runs: two static parameters of one name
    │   ├── BadRequest               400 BadRequestException
    │   │   ├── Malformed            handlers.wire.parsing: a body is no JSON of the type that was expected
    │   │   ├── IllegalArgument      handlers.endpoints.ask: a parameter is none
    │   │   ├── NumberFormat         handlers.intake.runs: a number is none, as Java calls it
    │   │   ├── NoCloudEvent         handlers.inbox: a record is no CloudEvent
    │   │   ├── NoKey                … has no key
    │   │   ├── UnknownType          … is of a type that nobody knows
    │   │   ├── UnknownVersion       … or of another version of it
    │   │   ├── TooLarge             … is larger than a body may be
    │   │   └── Failed               … could not be carried out for a fault of ours
    │   ├── Forbidden                403 UnauthorizedException
    │   ├── NotFound                 404 ObjectNotFoundException
    │   ├── Conflict                 409 ConflictException: the premise is no longer true
    │   │   └── SealedForAnother     what was sealed at the edge is sealed for another customer than the run's
    │   └── NotGenerated             handlers.intake.template_runs: 500, what a template made is no agenda
    ├── Unavailable                  503: try again; what was asked may or may not have happened
    │   ├── Moving                   the partition is between two owners
    │   └── OutcomeUnknown           an append whose verdict was not seen; the same Idempotency-Key finds out
    ├── LogError                     what stands in Kafka is not what this program can build on
    │   ├── TopicMismatch            a topic's settings differ from what the design needs
    │   ├── ForeignLog               another log stands where ours was (LogOpened differs, start above 0)
    │   ├── Unreadable               bytes that are not our envelope
    │   ├── TooNew                   a type or version that this program does not know: upgrade, never skip
    │   └── RangeGone                records that were asked for are no longer (or not yet) there
    ├── RowsDiffer                   projections.table.doubts: a partition's rows were wrong, and are taken over again
    ├── ChangelogRecreated           projections.table.changelog: … its changelog is another one: taken over again
    ├── NoKeySet                     handlers.access.keys: what was read is no key set
    ├── NotARegistry                 handlers.executor: a registry of programs is none
    ├── OperationFailed              … an operation failed; the message is its diagnosis
    │   └── AddressRefused           … an address may not be called
    ├── NotInstalled                 compose.kafka: the machine lacks what the local broker needs
    ├── JarsRefused                  … its jars are not those that are vouched for
    └── InUse                        compose.local: another installation has the directory, or somebody the port

Those that are not defined here stand where they are raised. An exception that never leaves its module, or is no error,
is none of these, and says so on its line (tests/architecture/test_errors.py).
A message says what was expected, what was found and what to do next. Pure.
"""


class AgendumError(Exception):
    """Base of every error that this program raises on purpose."""


class Rejected(AgendumError):
    """A command was refused; the stream is as it was."""

    code = 400
    title = "BadRequestException"


class Invalid(Rejected):
    """The request's content breaks a rule (spec 2.5, 4.1)."""

    code = 422
    title = "ValidationException"


class NotAWorkflow(Invalid):
    """A workflow file cannot be made into an agenda; the message begins with the place, a JSON path."""


class BadRequest(Rejected):
    """The request cannot be carried out as asked (spec 3.3)."""


class Forbidden(Rejected):
    """The caller has no right to the object's customer (spec 3.2)."""

    code = 403
    title = "UnauthorizedException"


class NotFound(Rejected):
    """There is no such object, or the caller may not know of it (spec 2.5)."""

    code = 404
    title = "ObjectNotFoundException"


class Conflict(Rejected):
    """The premise of the command is no longer true."""

    code = 409
    title = "ConflictException"


class SealedForAnother(Conflict):
    """The edge took a run for another customer's: its id was used again. Looked up again, it can be said again."""


class Unavailable(AgendumError):
    """Not now: answered 503 with Retry-After; the outcome of a write is unknown."""


class Moving(Unavailable):
    """The partition is between two owners."""


class OutcomeUnknown(Unavailable):
    """The record may be in the log; its verdict was not seen in time."""


class LogError(AgendumError):
    """What stands in Kafka is not what this program can build on."""


class TopicMismatch(LogError):
    """A topic's settings differ from what the design needs (design 4.9)."""


class ForeignLog(LogError):
    """Another log stands where ours was (design 4.7)."""


class Unreadable(LogError):
    """Bytes that are not our envelope: dropped by every reader alike, counted (design 4.3)."""


class TooNew(LogError):
    """A type or version from a newer writer: this worker leaves, it never skips (design 4.3)."""


class RangeGone(LogError):
    """Records that were asked for are no longer, or not yet, in the log."""
