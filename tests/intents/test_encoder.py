"""Sentence vectors: remembered in a file, the same whether it was there or not; asked only when the cheap signals doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from intents import KnowledgeBase, Matcher
from intents.cascade import step_signals
from intents.context import FEATURES
from intents.encoder import CachedEncoder, OnnxEncoder
from intents.errors import FawenError
from intents.grams import Floats
from intents.ranking import Fitted, Ranking, Thresholds, load_fitted
from tests.sample import write_sample
from tests.toy_vectors import counted


class CountingEncoder:
    """Vectors of character counts; remembers what it was asked."""

    name, reads, slow = "counting", 60, False

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder."""
        self.asked += texts
        return counted(texts)


TEXTS = ["公证要多少钱", "怎么申请法律援助", "行政复议期限"]


def test_a_warm_start_encodes_nothing_and_gives_the_same_vectors(tmp_path: Path) -> None:
    """What was encoded once is read from the file, byte for byte the same."""
    first = CachedEncoder(CountingEncoder(), tmp_path).encode(TEXTS)
    second = CountingEncoder()
    assert (first == CachedEncoder(second, tmp_path).encode(TEXTS)).all()
    assert [] == second.asked


def test_only_new_sentences_are_encoded(tmp_path: Path) -> None:
    """A changed base costs what is new in it."""
    CachedEncoder(CountingEncoder(), tmp_path).encode(TEXTS)
    inner = CountingEncoder()
    CachedEncoder(inner, tmp_path).encode([*TEXTS, "人民调解收费吗"])
    assert ["人民调解收费吗"] == inner.asked


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    """Rubbish in the cache costs time, never an answer."""
    (tmp_path / "vectors-counting.npz").write_bytes(b"PK\x03\x04 not a zip")
    inner = CountingEncoder()
    assert (3, 64) == CachedEncoder(inner, tmp_path).encode(TEXTS).shape
    assert TEXTS == inner.asked


def test_shipped_vectors_are_used_at_a_first_start(tmp_path: Path) -> None:
    """Vectors beside the program serve where there is no cache yet."""
    shipped = tmp_path / "shipped"
    CachedEncoder(CountingEncoder(), shipped, shipped=None).encode(TEXTS)
    inner = CountingEncoder()
    CachedEncoder(inner, tmp_path / "cache", shipped=shipped).encode(TEXTS)
    assert [] == inner.asked


def _fitted() -> Fitted:
    signals = step_signals(["counting"])
    weights = np.array([8.0 if s == "bm25" else 0.5 for s in signals], np.float32)
    ranking = Ranking(signals, weights, np.zeros(len(signals), np.float32), np.zeros((2, 3), np.float32))
    thresholds = Thresholds(answer=0.3, route=0.5, chat=0.3, none=0.5, option=0.1)
    return Fitted(ranking, thresholds, np.zeros((3, len(FEATURES)), np.float32), load_fitted("lexical").first)


def test_the_encoder_is_not_asked_when_the_cheap_signals_are_sure(tmp_path: Path) -> None:
    """Words of a stored question, in another order of courtesy, need no vectors; an odd question does."""
    base = KnowledgeBase.load(write_sample(tmp_path / "base"))
    inner = CountingEncoder()
    sure = replace(_fitted(), first=_always_sure(load_fitted("lexical").first))
    matcher = Matcher(base, encoders=[inner], fitted=sure)
    inner.asked.clear()
    matcher.match("请问一下" + next(iter(base.entries.values())).questions[0] + "可以吗")
    assert [] == inner.asked
    doubtful = Matcher(base, encoders=[inner], fitted=replace(_fitted(), first=None))
    inner.asked.clear()
    doubtful.match("昨天那件事后来怎样")
    assert ["昨天那件事后来怎样"] == inner.asked


def _always_sure(first: Ranking | None) -> Ranking:
    assert first is not None
    return replace(first, weights=first.weights * 50)


def _tiny_model(directory: Path) -> Path:
    """Token vectors looked up in a table of random numbers: as small as a sentence model can be."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    directory.mkdir()
    words = {"[UNK]": 0, **{character: n for n, character in enumerate("公证要多少钱法律援助", 1)}}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Split("", "isolated")
    tokenizer.save(str(directory / "tokenizer.json"))
    table = np.random.default_rng(1).normal(size=(len(words), 8)).astype(np.float32)
    axes = ["batch", "tokens"]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["vectors"])],
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, axes)],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [*axes, 8])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(directory / "model.onnx"))
    return directory


def test_an_onnx_model_of_ones_own_gives_vectors(tmp_path: Path) -> None:
    """Mean over the tokens that are there, whatever else is in the batch, of length 1."""
    encoder = OnnxEncoder(_tiny_model(tmp_path / "tiny"))
    assert "onnx-tiny" == encoder.name
    alone = encoder.encode(["公证"])[0]
    together = encoder.encode(["公证", "法律援助要多少钱"])
    np.testing.assert_allclose(alone, together[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_a_model_directory_without_model_is_named(tmp_path: Path) -> None:
    """The error names the directory and the file that is missing."""
    with pytest.raises(FawenError, match="model.onnx"):
        OnnxEncoder(tmp_path)
