"""What the first start says while it learns."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bot.learning import EVERY_SECONDS, FIRST_SECONDS, Learning
from bot.saying import printed
from tests.sample import service_environ


class Hours:
    """A clock that moves on by what is waited for, until the learning has taken so long."""

    def __init__(self, takes: float) -> None:
        self.time, self._takes = 0.0, takes

    def __call__(self) -> float:
        return self.time

    def over(self, seconds: float) -> bool:
        """Whether it ends while one waits so long."""
        self.time = min(self.time + seconds, self._takes)
        return self.time >= self._takes


def said(takes: float, told: Callable[[Learning], None] = lambda learning: None) -> list[str]:
    """The lines of a learning that takes so many seconds; `told` calls it as an encoder does."""
    screen, hours = io.StringIO(), Hours(takes)
    with Learning(printed(Console(file=screen, width=80)), hours, hours.over) as learning:
        learning._thread.join()
        told(learning)
    return screen.getvalue().splitlines()


def test_a_start_that_has_learnt_says_nothing() -> None:
    """A few seconds are not worth a line."""
    assert [] == said(FIRST_SECONDS - 1)


def test_it_says_how_long_it_has_taken() -> None:
    """A line after ten seconds, one every fifteen, and the sum; the first says how long to expect."""
    assert [
        "  学习知识库：已 10 秒（第一次要半分钟到一分钟）",
        "  学习知识库：已 25 秒",
        "  学习知识库：已 40 秒",
        "  学习知识库：用时 42 秒",
    ] == said(FIRST_SECONDS + 2 * EVERY_SECONDS + 2)


def test_vectors_are_said_at_each_quarter_of_each_model() -> None:
    """One line a quarter and model, none for a few sentences."""

    def vectors(learning: Learning) -> None:
        for total in (4_000, 4_000, 300):
            for done in range(100, total + 1, 100):
                learning(done, total)

    quarters = [f"  学习知识库：句向量 {done}/4000" for done in (1000, 2000, 3000, 4000)]
    assert [*quarters, *quarters, "  学习知识库：用时 3 秒"] == said(3, vectors)


def test_the_service_says_it_before_it_listens(tmp_path: Path) -> None:
    """`fawen serve` with a model and many questions that have no vectors yet: line by line on standard error."""
    environ = service_environ(tmp_path, FAWEN_KNOWLEDGE__ENCODER="fast")
    asked = ", ".join(f"{thing}坏了第{n}次谁来修" for n in range(300) for thing in ("电梯", "路灯", "水管", "门锁"))
    with (tmp_path / "knowledge" / "outside.yaml").open("a", encoding="utf-8") as file:
        file.write(f"  - {{entry: none, domain: 维修, questions: [{asked}]}}\n")
    command = [sys.executable, "-m", "bot", "serve"]
    lines = list[str]()
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        while not lines or "法问已启动" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert lines[-1], "".join(lines)
        process.terminate()
        process.stderr.read()
        assert 0 == process.wait(20)
    shown = [re.sub(r"\d+", "…", line.strip()) for line in lines if "学习知识库" in line]
    assert ["学习知识库：句向量 …/…"] * 4 + ["学习知识库：用时 … 秒"] == shown
