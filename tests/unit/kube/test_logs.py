"""The log of a pod, which may be as large as its program likes."""

from __future__ import annotations

import io
import threading
from types import SimpleNamespace
from typing import Any

import urllib3
from sternway_steps.kube.logs import PodLog


def test_of_endless_last_lines_a_part_is_read() -> None:
    body = io.BytesIO(b"x" * (16 << 20))
    answer = urllib3.HTTPResponse(body, preload_content=False)
    client: Any = SimpleNamespace(transport=SimpleNamespace(stream=lambda *_: answer))
    log = PodLog(client, "shop", "a=b", lambda _: None)
    log.pod = {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "main"}]}}
    log._threads = [threading.Thread(target=int) for _ in range(2)]
    for thread in log._threads:
        thread.start()
    assert len(log.last(20)) == 4 << 20
