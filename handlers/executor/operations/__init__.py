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
"""
