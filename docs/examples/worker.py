"""A worker for external tasks in Python's standard library alone.

CONSILIUM=https://region.example TOKEN=cst_... python worker.py measure
"""

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

BASE, TOKEN, NAME = os.environ["CONSILIUM"], os.environ["TOKEN"], f"worker-{os.getpid()}"


def ask(path: str, **body: Any) -> Any:
    request = urllib.request.Request(
        f"{BASE}/api/external-tasks/{path}/",
        data=json.dumps({"worker": NAME, **body}).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def do(task: dict[str, Any]) -> dict[str, Any]:
    """The work itself. `task["uid"]` is the same if the step comes twice: do not do it twice."""
    return {"doubled": 2 * task["arguments"]["number"]}


def main(topics: list[str], rounds: int | None = None) -> None:
    while rounds is None or rounds > 0:
        rounds = None if rounds is None else rounds - 1
        for task in ask("fetch-and-lock", topics=topics, most=5, lock_s=300, wait_s=20):
            try:
                result = do(task)
            except Exception as error:  # whatever goes wrong is told as a code, without its text
                ask(f"{task['uid']}/fail", code=type(error).__name__)
                continue
            try:
                ask(f"{task['uid']}/complete", result=result)
            except urllib.error.HTTPError as refusal:
                if refusal.code != 409:  # the step is over, or another worker has it: nothing to do
                    raise


if __name__ == "__main__":
    main(sys.argv[1:], rounds=int(os.environ["ROUNDS"]) if "ROUNDS" in os.environ else None)
