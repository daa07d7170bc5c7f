"""What a handler program of POP is started with: arguments, environment, files (spec 10.1). Pure.

A payload or an earlier progress of more than 100,000 bytes stands in a file that an argument names: that is what every
handler reads first, where the compressed variables are read by some. Payloads that fit are in both.
"""

from collections.abc import Mapping

import msgspec

from handlers.executor.operations.environment import PART_BYTES, STDIN, TYPE, encode, environment
from handlers.executor.operations.task import OperationFailed, Task

#: `local` in a container too: started as anything else, POP's handlers report to Kubernetes and not to their log.
ARGUMENTS = ("-launchType", "local", "-externalLaunchType", "local")
_PAYLOAD, _LAST_PROGRESS = ("-payloadFile", "payload.json"), ("-lastProgressFile", "last-progress.json")


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """The three; `arguments` are to be followed by those that name the files."""

    environment: dict[bytes, bytes]
    #: name -> what stands in it
    files: dict[str, bytes]

    def arguments(self, folder: str) -> list[str]:
        """The arguments, with the files in a folder (empty, or with a slash at its end)."""
        named = [(name, f"{folder}{file}") for name, file in (_PAYLOAD, _LAST_PROGRESS) if file in self.files]
        return [*ARGUMENTS, *(word for pair in named for word in pair)]


def contract(task: Task, own: Mapping[str, str], more: Mapping[str, str]) -> Contract:
    """What an operation's handler is told; `own` of the executor's environment, `more` of the registry's."""
    payload = encode(task.payload)
    prior = b"" if task.prior is None else encode(task.prior)
    told = environment(task, payload, own, more)
    if told[TYPE] == STDIN:
        del told[TYPE]  # a word of ours, for `command` alone
    long = {_PAYLOAD[1]: payload, _LAST_PROGRESS[1]: prior}
    return Contract(environment=told, files={name: text for name, text in long.items() if len(text) > PART_BYTES})


def without_files(told: Contract, name: str) -> None:
    """Check that a program which takes no arguments is told all of its payload; raises OperationFailed."""
    if TYPE not in told.environment:
        size = len(told.files[_PAYLOAD[1]])
        raise OperationFailed(f"expected a payload that fits an environment, as {name} has no argv, found {size} bytes")
