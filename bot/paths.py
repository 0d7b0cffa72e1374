"""Where the data of the program lies: beside the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def knowledge_dir() -> Path:
    """The curated knowledge: `knowledge/` beside the package in a checkout, `bot/_knowledge` in a wheel."""
    beside = _PACKAGE.parent / "knowledge"
    return beside if (beside / "sources.yaml").exists() else _PACKAGE / "_knowledge"


def example_config() -> Path:
    """The documented sample configuration."""
    beside = _PACKAGE.parent / "config.example.yaml"
    return beside if beside.exists() else _PACKAGE / "config.example.yaml"
