"""Operation handlers: what runs one operation. Write your own in ten lines:

    from handlers.executor.operations.task import OperationFailed, Task

    async def shout(task: Task) -> dict[str, str]:
        if not task.payload.get("text"):
            raise OperationFailed("expected payload.text, found nothing")
        task.advance(50.0, "half way")
        return {"text": task.payload["text"].upper()}

and name it, for the operation type `shout`, in your package's pyproject:

    [project.entry-points."agendum.operations"]
    shout = "my_package.shout:shout"

What it returns (any JSON) is the operation's result, which later operations refer to as `@<name.out::/text>`. It is
cancelled (asyncio.CancelledError) when the run is; an exception fails the operation, and with it the run.

Programs need no Python of yours. Which of them run is said by whoever runs the executor, in the file that `--registry`
names; without it none does, and an agenda can but choose among its operation types:

    {"encode": {"argv": ["ffmpeg-wrapper"], "timeoutSeconds": 600},
     "probe": {"launchType": "local", "argv": ["java", "-cp", "probe.jar", "Probe"], "environment": {"K": "V"}},
     "merge": {"launchType": "docker", "image": "merge:1.2", "argv": ["/app/merge"], "memoryMiB": 512, "cpus": 1.5}}

- without `launchType`: any program (`command`). Payload on stdin and in `PAYLOAD`; `Progress: {json}` and
  `Payload: {json}` on stdout, if it likes; exit status 0 is success.
- `local`: a handler program that was written for POP's local launch, unmodified (spec 10.1). It is given
  `-launchType local -externalLaunchType local` after its own arguments, POP's environment variables, and files where
  these are too small. Its log says the same lines, behind whatever its logger puts before a message. It succeeded if
  its last progress says COMPLETE and `succeeded`, and it ended with 0 or lingers after `HandlerComplete`.
- `docker`: the same in a container, which is removed when it ended. `image` is pulled if the engine does not have it;
  `argv` is what runs in it ([]: its ENTRYPOINT; left out: its own command, without POP's arguments). `memoryMiB`,
  `cpus`, `network`, `user`, `directory`, `binds`: see `program.Image`. The engine is `--engine`'s, or DOCKER_HOST's.

Each of them is asked to end, and then killed, when its `timeoutSeconds` (60 if left out) are over, when its run is
cancelled, and when the executor leaves. One that is killed leaves none behind: `group`, `warden`. What a program said
last goes into the diagnostics.
"""
