"""Our reading of YAML against PyYAML's own, which it shortens."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from intents.yamlfile import parse, read
from tests.sample import ROOT

_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False), st.dates(), st.text(max_size=12),
    st.sampled_from(["yes", "No", "0x1f", "1_000", "~", "null", "=", "<<", "12:30", "2026-02-30", "-", "&a", ".5", "1e3"]),
)  # fmt: skip
_KEYS = st.one_of(st.text(max_size=6), st.integers(-9, 9), st.booleans())
_DATA = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)


@given(_DATA, st.sampled_from([None, True, False]), st.sampled_from([None, "'", '"', "|"]))
def test_it_reads_what_pyyaml_reads(data: object, flow: bool | None, style: str | None) -> None:
    """Any data in any style comes back as PyYAML gives it, type for type."""
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, default_style=style)
    found = parse(text, "x.yaml")
    assert [] == [p for p in found.problems if p.code != "duplicate_key"]
    if not found.problems:
        assert repr(yaml.safe_load(text)) == repr(found.data)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("12348", 12348), ("'12348'", "12348"), ("1.5", 1.5), ("yes", True), ("off", False), ("null", None), ("~", None),
        ("", None), ("2026-11-26", date(2026, 11, 26)), ("2026-02-30", "2026-02-30"), ("!!str 12", "12"), ("公证", "公证"),
        ("yes 或 no", "yes 或 no"), ('"yes"', "yes"), ("+1", 1),
    ],
)  # fmt: skip
def test_plain_words_have_the_types_of_yaml(written: str, expected: object) -> None:
    """Only what stands without quotation marks and looks like one is a number, a date, yes or no."""
    found = parse(f"a: {written}\n", "x.yaml").data["a"]
    assert (type(expected), expected) == (type(found), found)


def test_the_shipped_files_read_as_pyyaml_reads_them() -> None:
    """Every file of the knowledge, value for value."""
    paths = sorted((ROOT / "knowledge").rglob("*.yaml"))
    assert len(paths) > 20
    for path in paths:
        assert yaml.safe_load(path.read_text(encoding="utf-8")) == read(path, path.name).data, path
