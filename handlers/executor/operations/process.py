"""One program in a process group of its own, which does not outlive us (`group`), and its pipes (`pipes`).

Whoever leaves the group on purpose (setsid) is out of reach; its hold on the pipes is not waited for.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from handlers.executor.operations.group import Guard, is_alive
from handlers.executor.operations.pipes import close, hear, tell

#: How often we look whether a group that was asked to end has ended.
_LOOK_SECONDS = 0.05
#: How long the last words of a program may take, when others hold its pipes.
_DRAIN_SECONDS = 1.0
#: How long the loop may stand still for a killed program that was not seen to end yet.
_REAP_SECONDS = 0.2


class Process:
    """A program that runs. Raises OSError, ValueError when it cannot be started."""

    def __init__(self, argv: Sequence[str], environment: Mapping[bytes, bytes], directory: str | None) -> None:
        self._guard = Guard()
        try:
            self._popen = subprocess.Popen(
                argv,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=directory,
                env=environment,
                # A group, and no terminal whose Ctrl-C is for us.
                start_new_session=True,
                preexec_fn=self._guard.name,  # noqa: PLW1509  # two system calls that touch no lock
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            self._guard.dismiss()
            raise
        self._pipes = [pipe for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr) if pipe is not None]
        self._talks: list[asyncio.Task[None]] = []
        self._ended = asyncio.Event()
        try:
            self._pidfd = os.pidfd_open(self._popen.pid)
        except OSError:
            self._signal(signal.SIGKILL)
            self._release()
            raise
        asyncio.get_running_loop().add_reader(self._pidfd, self._notice)

    def talk(self, said: bytes, out: Callable[[bytes], None], err: Callable[[bytes], None]) -> None:
        """Give it its stdin, and hear it."""
        stdin, stdout, stderr = self._pipes
        talks = (tell(stdin, said), hear(stdout, out), hear(stderr, err))
        self._talks = [asyncio.ensure_future(one) for one in talks]

    async def ended(self, seconds: float) -> bool:
        """Wait for the program's own end, whatever became of its pipes and children; whether it came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        return self._ended.is_set()

    async def end(self, grace: float) -> int:
        """End the whole group: asked first, killed after `grace` seconds. The program's return code."""
        try:
            await self._ask(grace)
        finally:
            # Until it is reaped the program's number stands for its group and for no other.
            self._signal(signal.SIGKILL)
            try:
                await self._hear_out(grace)
            finally:
                self._forget()
        return -signal.SIGKILL if self._popen.returncode is None else self._popen.returncode

    async def _ask(self, grace: float) -> None:
        if not is_alive(self._popen.pid):
            return
        self._signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while is_alive(self._popen.pid):  # noqa: ASYNC110  # nobody tells us of a group's end
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _hear_out(self, grace: float) -> None:
        with suppress(TimeoutError):  # should the kernel not let go of it
            async with asyncio.timeout(max(grace, _DRAIN_SECONDS)):
                await self._ended.wait()
        if self._talks:
            over, _ = await asyncio.wait(self._talks, timeout=_DRAIN_SECONDS)
            for talk in over:
                talk.result()  # what it was heard by may have raised

    def _signal(self, number: int) -> None:
        with suppress(PermissionError):  # it became somebody else's, as sudo does
            os.killpg(self._popen.pid, number)

    def _notice(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._ended.set()

    def _forget(self) -> None:
        for talk in self._talks:
            talk.cancel()
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._release()

    def _release(self) -> None:
        for pipe in self._pipes:
            close(pipe)
        with suppress(subprocess.TimeoutExpired):  # killed, it ends at once, or not by anything of ours
            self._popen.wait(_REAP_SECONDS)
        self._guard.dismiss()
