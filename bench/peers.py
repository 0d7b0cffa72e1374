"""What a team could take instead, each set up in good faith: the question in, the likeliest entry out.

Where a library has a choice, the setting that did best on our own test questions is used: BM25, TF-IDF and full-text search over
the phrases of an entry pooled as one document; grams of one and two characters for bm25s, of one to three for scikit-learn; logistic
regression by stochastic gradient descent with an L2 penalty of alpha 1e-5. Where one has a threshold, it is 0.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sqlite3
import subprocess
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rjieba
from rapidfuzz import fuzz, process, utils

Phrases = Sequence[tuple[str, str]]
"""(entry id, stored question)."""
Ask = Callable[[str], str]
NODE_DIR = Path(".cache/bench-node")
CHATTERBOT_DIR = Path(".cache/bench-chatterbot")
CHATTERBOT_SCRIPT = Path(__file__).with_name("chatterbot_peer.py")
NODE_SCRIPT = Path(__file__).with_name("nlpjs_peer.js")
NODE_PACKAGES = ("@nlpjs/core@4.26.1", "@nlpjs/nlp@4.27.0", "@nlpjs/lang-zh@4.26.1")


class Missing(Exception):
    """A peer cannot be set up on this machine; the message says what is missing."""


def rapidfuzz_peer(scorer: Callable[..., float]) -> Callable[[Phrases], Ask]:
    """`process.extractOne` over all stored questions, with rapidfuzz's own preparation of both sides."""

    def build(phrases: Phrases) -> Ask:
        owners = [owner for owner, _ in phrases]
        prepared = [utils.default_process(text) for _, text in phrases]

        def ask(text: str) -> str:
            found = process.extractOne(utils.default_process(text), prepared, scorer=scorer)
            return owners[found[2]] if found else ""

        return ask

    return build


def fts5_trigram(phrases: Phrases) -> Ask:
    """SQLite's full-text search on character trigrams, any of the question's trigrams, ranked by its BM25; the phrases of each entry
    pooled as one document: about 74 % instead of 53 with a document a phrase, in less time."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE phrases USING fts5(owner UNINDEXED, text, tokenize='trigram')")
    pooled = [(owner, "\n".join(texts)) for owner, texts in _pooled(phrases).items()]
    base.executemany("INSERT INTO phrases VALUES (?, ?)", pooled)

    def ask(text: str) -> str:
        bare = re.sub(r"\W", "", text)
        grams = dict.fromkeys(bare[i : i + 3] for i in range(len(bare) - 2))
        if not grams:
            return ""
        query = " OR ".join(f'"{g}"' for g in grams)
        row = base.execute("SELECT owner FROM phrases WHERE phrases MATCH ? ORDER BY rank LIMIT 1", (query,)).fetchone()
        return str(row[0]) if row else ""

    return ask


def characters(text: str) -> list[str]:
    """Single characters and pairs."""
    bare = re.sub(r"\W", "", text)
    return [*bare, *(bare[i : i + 2] for i in range(len(bare) - 1))]


def words(text: str) -> list[str]:
    """rjieba's words."""
    return [w for w in rjieba.cut(text) if re.search(r"\w", w)]


def bm25s_peer(split: Callable[[str], list[str]]) -> Callable[[Phrases], Ask]:
    """bm25s over the phrases of each entry, pooled as one document."""

    def build(phrases: Phrases) -> Ask:
        _need("bm25s")
        import bm25s

        pooled = _pooled(phrases)
        owners = list(pooled)
        index = bm25s.BM25()
        index.index([[t for text in texts for t in split(text)] for texts in pooled.values()], show_progress=False)

        def ask(text: str) -> str:
            known = [t for t in split(text) if t in index.vocab_dict]
            # it raises where no word is known
            return owners[int(index.get_scores(known).argmax())] if known else ""

        return ask

    return build


def tfidf_cosine(phrases: Phrases) -> Ask:
    """scikit-learn's TF-IDF on characters, the phrases of each entry pooled as one document: 87 % instead of 57 for the
    nearest stored question."""
    pooled = _pooled(phrases)
    vectorizer, stored = _vectors(["\n".join(texts) for texts in pooled.values()])
    owners = list(pooled)

    def ask(text: str) -> str:
        return owners[int((stored @ vectorizer.transform([text]).T).toarray().argmax())]

    return ask


def logistic_regression(phrases: Phrases) -> Ask:
    """scikit-learn's logistic regression on vectors of the phrases, classes weighed alike."""
    vectorizer, stored = _vectors([text for _, text in phrases])
    from sklearn.linear_model import SGDClassifier

    # stochastic gradient descent on the log loss: the batch solvers need half an hour for 300 classes; of alpha from 3e-6 to
    # 3e-5, with and without weights, this was best
    model = SGDClassifier(loss="log_loss", alpha=1e-5, class_weight="balanced", max_iter=12, tol=None, random_state=7)
    model.fit(stored, [owner for owner, _ in phrases])
    # a product of a sparse row with a matrix that lies in rows copies the matrix each time: a hundred times slower
    model.coef_ = np.asfortranarray(model.coef_)

    def ask(text: str) -> str:
        return str(model.predict(vectorizer.transform([text]))[0])

    return ask


def _pooled(phrases: Phrases) -> dict[str, list[str]]:
    """The phrases of each entry."""
    pooled: dict[str, list[str]] = {}
    for owner, text in phrases:
        pooled.setdefault(owner, []).append(text)
    return pooled


def _vectors(texts: Sequence[str]) -> tuple[Any, Any]:
    _need("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    return vectorizer, vectorizer.fit_transform(texts)


def nlpjs(phrases: Phrases) -> Ask:
    """nlp.js with its Chinese language package, trained on every stored question; asked through a pipe."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Missing("node and npm are not installed")
    NODE_DIR.mkdir(parents=True, exist_ok=True)
    if not (NODE_DIR / "node_modules").exists():
        done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(NODE_DIR), *NODE_PACKAGES],  # noqa: S603
                              capture_output=True, text=True)  # fmt: skip
        if done.returncode:
            raise Missing(f"npm could not install nlp.js: {done.stderr.strip().splitlines()[-1:]}")
    script = NODE_DIR / "peer.js"
    script.write_text(NODE_SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    return _piped([node, str(script)], phrases)


def chatterbot(phrases: Phrases) -> Ask:
    """ChatterBot's best match by Levenshtein distance over stored statements, in a virtual environment of its own."""
    python = CHATTERBOT_DIR / "bin" / "python"
    if not python.exists():
        venv.create(CHATTERBOT_DIR, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "chatterbot==1.2.15"]
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            shutil.rmtree(CHATTERBOT_DIR)
            raise Missing(f"pip could not install ChatterBot: {done.stderr.strip().splitlines()[-1:]}")
    return _piped([str(python), str(CHATTERBOT_SCRIPT)], phrases)


def _piped(command: list[str], phrases: Phrases) -> Ask:
    """A peer in a process of its own: phrases on the first line, then a question a line, both JSON."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)  # noqa: S603
    if child.stdin is None or child.stdout is None:
        raise Missing(f"{command[0]} has no pipes")
    asked, answers = child.stdin, child.stdout
    asked.write(json.dumps(phrases, ensure_ascii=False) + "\n")
    if answers.readline().strip() != "ready":
        raise Missing(f"{command[-1]} did not start")

    def ask(text: str) -> str:
        asked.write(json.dumps(text, ensure_ascii=False) + "\n")
        return str(json.loads(answers.readline()))

    return ask


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise Missing(f"{package} is not installed")


PEERS: dict[str, Callable[[Phrases], Ask]] = {
    "rapidfuzz ratio": rapidfuzz_peer(fuzz.ratio),
    "rapidfuzz WRatio": rapidfuzz_peer(fuzz.WRatio),
    "bm25s characters": bm25s_peer(characters),
    "bm25s words": bm25s_peer(words),
    "scikit-learn TF-IDF": tfidf_cosine,
    "scikit-learn logistic": logistic_regression,
    "SQLite FTS5 trigram": fts5_trigram,
    "nlp.js": nlpjs,
    "ChatterBot": chatterbot,
}
