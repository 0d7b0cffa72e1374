"""Killed at random moments, the loop keeps its promises. `python -m bench.kills` does it a hundred times."""

from __future__ import annotations

from pathlib import Path

from bench.kills import run


async def test_a_killed_loop_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Two lives, killed; a third finishes: every ticket answered, no answer twice, the knowledge whole."""
    count = await run(tmp_path, kills=2, seed=5, longest=2.0)
    assert [] == count.faults
    assert (2, True, True) == (count.kills, count.tickets > 0, count.delivered > 0)
