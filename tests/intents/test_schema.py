"""The JSON Schema for editors is the validator's own table, and the shipped files keep it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from intents.schema import topic_file_schema

KNOWLEDGE = Path(__file__).resolve().parent.parent.parent / "knowledge"


def plain(value: Any) -> Any:
    """YAML data as JSON would hold it."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_shipped_schema_is_the_code_s() -> None:
    shipped = json.loads((KNOWLEDGE / "entries.schema.json").read_text(encoding="utf-8"))
    assert shipped == topic_file_schema()


@pytest.mark.parametrize("path", sorted((KNOWLEDGE / "entries").glob("*.yaml")), ids=lambda p: p.stem)
def test_each_topic_file_keeps_it(path: Path) -> None:
    jsonschema.validate(plain(yaml.safe_load(path.read_text(encoding="utf-8"))), topic_file_schema())


def test_it_refuses_what_the_validator_refuses() -> None:
    path = KNOWLEDGE / "entries" / "chat.yaml"
    data = plain(yaml.safe_load(path.read_text(encoding="utf-8")))
    data["entries"]["greeting"]["anwser"] = "错写的键"
    with pytest.raises(jsonschema.ValidationError, match="anwser"):
        jsonschema.validate(data, topic_file_schema())
