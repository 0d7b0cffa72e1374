"""With `log.format: json` a real `fawen serve` writes one JSON object a line, from its first word to its last."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.sample import service_environ


def _lines(said: list[str]) -> list[dict[str, Any]]:
    """Every line as the event that it is."""
    found = [json.loads(line) for line in said]
    assert [] == [event for event in found if not {"at", "level", "logger", "message"} <= set(event)]
    return found


def test_every_line_of_a_start_is_an_event(tmp_path: Path) -> None:
    """A reminder before the start, the notes of the start, a refused second start, and the end: nothing else is between."""
    config = tmp_path / "config.yaml"
    config.write_text("log: {format: json}\nserver: {metrics_token: in-the-file}\n", encoding="utf-8")
    environ = service_environ(tmp_path)
    command = [sys.executable, "-m", "bot", "serve", "--config", str(config)]
    said = list[str]()
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        try:
            while not said or "Ctrl+C" not in said[-1]:
                said.append(process.stderr.readline())
                assert said[-1], "".join(said)
            second = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
            process.terminate()
            said += process.stderr.read().splitlines()
            assert 0 == process.wait(40)
        finally:
            process.kill()
    events = _lines(said)
    messages = [event["message"] for event in events if event["logger"] == "bot.saying"]
    assert "server.metrics_token 直接写在" in events[0]["message"]
    assert "法问正在启动" in messages[0]
    assert 1 == len([message for message in messages if message.startswith("法问已启动  http://127.0.0.1:")])
    assert {"知识", "句向量", "网页", "管理台"} <= {message.partition("：")[0] for message in messages}
    reminder, refusal = _lines(second.stderr.splitlines())
    assert ("warning", "error") == (reminder["level"], refusal["level"])
    assert (2, True) == (second.returncode, "正被另一个 fawen serve" in refusal["message"])
