"""Where the program `agendum` begins: it may be interrupted in the second that loading all that it needs takes."""

import sys


def main() -> None:
    """Run the command that was asked for."""
    try:
        from handlers.cli.main import main as run  # not at the top: Ctrl-C meanwhile is caught here

        run()
    except KeyboardInterrupt:
        sys.exit(130)
