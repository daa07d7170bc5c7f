"""A handler program as one written for POP's local launch: arguments, payload, log and end as spec 10.1 and 10.6 say.

Its payload says what it does: `steps` (each may `say` a message with `percent` and `params`, note its `pid` in a file,
`sleep` s, or wait `until` a file is there), then how it ends: with a `result`, `echo` (what it was told), `fail`,
`exception` or `quiet`; `exit` status, `linger`. SIGTERM: `deaf`, or a file is `touched`.
"""

import base64
import json
import os
import signal
import sys
import time
import zlib
from pathlib import Path
from typing import Any

KNOWN = {"-launchType", "-externalLaunchType", "-propFile", "-payloadFile", "-lastProgressFile"}
PART = "POP_COMPRESSED_PAYLOAD_"


def log(message: str) -> None:
    # The layout that POP's own images log with.
    stamp = time.strftime("%Y-%m-%d %H:%M:%S,000")
    print(f"{stamp} host1 {os.environ.get('CID', '')} INFO  [main] c.c.p.LogReporter: {message}", flush=True)


def arguments() -> dict[str, str]:
    found = {}
    words = iter(sys.argv[1:])
    for word in words:
        if word not in KNOWN:
            sys.exit(f"Unrecognized option: {word}")
        found[word] = next(words)
    return found


def payload(named: dict[str, str]) -> str:
    if "-payloadFile" in named:
        return Path(named["-payloadFile"]).read_text()
    if os.environ.get("POP_PAYLOAD_TYPE") == "compressedEnvVar":
        parts = [os.environ[f"{PART}{number}"] for number in range(99) if f"{PART}{number}" in os.environ]
        return zlib.decompress(base64.b64decode("".join(parts))).decode()
    return os.environ["PAYLOAD"]


def last_progress(named: dict[str, str]) -> Any:
    if "-lastProgressFile" in named:
        return json.loads(Path(named["-lastProgressFile"]).read_text())
    return json.loads(os.environ.get("LAST_PROGRESS", "null"))


def report(state: str, message: str | None, result: Any = None, **more: Any) -> None:
    progress = {"id": None, "operation": None, "processingState": state, "processingStateMessage": message, **more}
    log("Progress: " + json.dumps(progress))
    if result is not None:
        log("Payload: " + json.dumps(result))


def step(given: dict[str, Any]) -> None:
    if "pid" in given:
        with Path(given["pid"]).open("a") as file:
            file.write(f"{os.getpid()}\n")
    report("EXECUTING", given.get("say"), percentComplete=given.get("percent"), params=given.get("params"))
    time.sleep(given.get("sleep", 0))
    while "until" in given and not Path(given["until"]).exists():
        time.sleep(0.01)


def echo(given: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    last = last_progress(named)
    return {
        "arguments": sys.argv[1:],
        "environment": {name: value for name, value in os.environ.items() if not name.startswith(PART)},
        "last": last if len(str(last)) < 10_000 else None,
        "sizes": [len(str(given)), len(str(last))],
        "stdin": sys.stdin.read(),
        "directory": str(Path.cwd()),
    }


def end(given: dict[str, Any], named: dict[str, str]) -> None:
    if "fail" in given:
        report("COMPLETE", "failed", diagnosticEvents=[{"message": given["fail"], "time": 1}])
    elif "exception" in given:
        report("COMPLETE", "failed", {"message": given["exception"], "stackTrace": "at …"}, diagnosticEvents=None)
    elif "quiet" not in given:
        report("COMPLETE", "succeeded", echo(given, named) if "echo" in given else given.get("result"))


def touch_and_end(file: Path) -> None:
    file.touch()
    sys.exit()


def main() -> None:
    named = arguments()
    if named.get("-launchType", "kubernetes") != "local":
        sys.exit("expected a cluster to report to")
    given = json.loads(payload(named))
    if "deaf" in given:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "touched" in given:
        signal.signal(signal.SIGTERM, lambda *_: touch_and_end(Path(given["touched"])))
    log("Operation metadata - " + json.dumps(given)[:500])
    for one in given.get("steps", []):
        step(one)
    end(given, named)
    log("HandlerComplete")
    while "linger" in given:
        time.sleep(0.1)
    sys.exit(given.get("exit", 0))


if __name__ == "__main__":
    main()
