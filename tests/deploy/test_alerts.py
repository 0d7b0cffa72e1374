"""The alert rules speak of metrics that exist, and ring when they should."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.messages import Reply
from bot.metrics import Metrics
from bot.store.base import OutboxState, TicketState
from tests.deploy.tools import needed

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
_OURS = re.compile(r"\bfawen_[a-z_]+")
_OTHERS = {"up"}
"""Made by Prometheus itself for every target."""


def _rules() -> list[dict[str, object]]:
    groups = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _shown() -> str:
    """What /metrics says of a service in which everything has happened once."""
    metrics = Metrics()
    for outcome in ("answer", "options", "none"):
        metrics.answered("web", Reply("entry", "", outcome), 0.01)
    for why in ("busy", "outage", "repeated"):
        metrics.turned_away("web", why)
    counts = {**{f"outbox_{s.value}": 1 for s in OutboxState}, **{f"ticket_{s.value}": 1 for s in TicketState}}
    health = {"telegram": {"open": True, "contact_age": 1.0, "problem": ""}}
    return metrics.show(counts, "v1", {"good": 1, "bad": 1}, health).decode()


@pytest.fixture(scope="module")
def samples() -> set[tuple[str, str, str]]:
    """(name, label, value) of every sample; ("x", "", "") for its bare name."""
    found: set[tuple[str, str, str]] = set()
    for family in text_string_to_metric_families(_shown()):
        for sample in family.samples:
            found.add((sample.name, "", ""))
            found |= {(sample.name, label, value) for label, value in sample.labels.items()}
    return found


def _wanted(expression: str) -> Iterator[tuple[str, str, str]]:
    """What an expression asks for: each metric, and each label value it selects."""
    for found in re.finditer(r"\b(fawen_[a-z_]+)(?:\{([^}]*)\})?", expression):
        yield (found[1], "", "")
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', found[2] or ""):
            yield from ((found[1], label, value) for value in values.split("|"))


def test_every_metric_and_label_of_the_rules_exists(samples: set[tuple[str, str, str]]) -> None:
    """A renamed metric or state would leave an alert that never rings."""
    wanted = {one for rule in _rules() for one in _wanted(str(rule["expr"]))}
    assert {"fawen_messages_total", "fawen_store_up", "fawen_outbox"} <= {name for name, _, _ in wanted}
    assert set() == wanted - samples


def test_the_guide_names_every_metric(samples: set[tuple[str, str, str]]) -> None:
    """The table of the operator's guide: all that are shown, none that are not."""
    guide = (DEPLOY.parent / "docs" / "operator.zh-CN.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(fawen_[a-z_]+)`", guide))
    shown = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name, _, _ in samples} - {"fawen_messages"}
    assert named == shown


def test_every_rule_says_what_is_wrong_and_what_to_do() -> None:
    """Name, severity, a Chinese sentence, and a remedy."""
    rules = _rules()
    assert len(rules) == len({rule["alert"] for rule in rules})
    for rule in rules:
        notes, labels = rule["annotations"], rule["labels"]
        assert isinstance(notes, dict)
        assert isinstance(labels, dict)
        assert {"summary", "action"} == set(notes)
        assert labels["severity"] in {"critical", "warning", "info"}
        assert all(re.search("[一-鿿]", text) for text in notes.values()), rule["alert"]


def test_other_metrics_are_prometheus_own() -> None:
    """No metric of another exporter that may not be there."""
    functions = {"sum", "rate", "max", "min", "count", "by", "le", "absent", "increase", "histogram_quantile"}
    functions |= {"min_over_time", "or", "channel", "version", "state"}
    for rule in _rules():
        bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", str(rule["expr"]))
        names = set(re.findall(r"[a-z_]+", bare)) - functions
        assert set() == {n for n in names if not _OURS.match(n)} - _OTHERS, rule["alert"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts.test.yaml"),
        ("check", "config", "--syntax-only", "prometheus.yaml"),
    ],
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    """Prometheus' own tool reads the rules, plays the cases of alerts.test.yaml, and reads the scrape sample."""
    done = subprocess.run(
        [needed("promtool", "prometheus"), *arguments], cwd=DEPLOY, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def test_every_rule_is_played() -> None:
    """No rule without a case in which it rings."""
    played = (DEPLOY / "alerts.test.yaml").read_text(encoding="utf-8")
    assert [] == [rule["alert"] for rule in _rules() if str(rule["alert"]) not in played]
