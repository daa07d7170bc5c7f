"""Starts a program, and says in words why it does not start."""

from collections.abc import Mapping, Sequence

from handlers.executor.operations.process import Process
from handlers.executor.operations.task import OperationFailed


def start(argv: Sequence[str], told: Mapping[bytes, bytes], directory: str | None) -> Process:
    """The program, running; raises OperationFailed."""
    name = argv[0]
    try:
        return Process(argv, told, directory)
    except FileNotFoundError as wrong:
        if directory is not None and wrong.filename == directory:
            raise OperationFailed(f"expected the directory {directory} for {name}, found none") from None
        missing = f"found no {wrong.filename}, or not the interpreter that it names"
        raise OperationFailed(f"expected a program {name}, {missing}") from None
    except PermissionError:
        raise OperationFailed(f"expected {name} to be a program that may be executed, found it is not") from None
    except (OSError, ValueError) as wrong:
        # Among them E2BIG: more arguments and environment than the kernel takes.
        raise OperationFailed(f"expected {name} to start, found {wrong}") from None
