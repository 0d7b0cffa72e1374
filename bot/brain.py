"""The matcher that is in force, and how it is made: knowledge, encoder, cache; changed files are swapped in whole.

A broken file never stops a running bot: the last good version stays, and the log names file and line.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

from bot.config import KnowledgeSettings
from bot.desk.publishing import MARKER
from bot.errors import ConfigError, KnowledgeError
from bot.paths import knowledge_dir
from bot.relearn import Relearner, RelearnFailed
from bot.transport import Rests, standing_back
from intents import KnowledgeBase, Matcher
from intents.encoder import CachedEncoder, E5Encoder, Encoder, OnnxEncoder, UseEncoder
from intents.knowledge import fingerprint

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
_LEARNT = frozenset(
    f"intents.{name}" for name in ("matcher", "cascade", "scoring", "phrases", "index", "large", "sounds")
)
"""Modules whose objects belong to one matcher alone."""
_STEP = 500
"""Members of a collection that are let go at once."""


def make_encoders(setting: str, cache: Path, progress: Progress | None = None) -> tuple[list[Encoder], str]:
    """The encoders to use, and a line that says which and why. Raises ConfigError or FawenError for a wrong model directory."""
    if setting == "off":
        return [], "关（设置 knowledge.encoder: off）"
    if setting.startswith("onnx:"):
        try:
            return [CachedEncoder(OnnxEncoder(Path(setting[5:])), cache, progress)], f"开（{setting}）"
        except ImportError:
            raise ConfigError(
                f"knowledge.encoder 是 {setting}，但没有安装 onnxruntime：pip install 'fawen[onnx]'"
            ) from None
    found: list[Encoder] = []
    for make in (UseEncoder, E5Encoder) if setting == "auto" else (UseEncoder,):
        try:
            found.append(CachedEncoder(make(), cache, progress))
        except (ImportError, OSError):
            # the second is only ever asked after the first: the weights are fitted in this order
            break
    notes = (
        "关（没有安装；pip install 'fawen[encoder]' 后更懂口语）",
        "开（通用句向量" + ("；没有 E5，长句少懂一些）" if setting == "auto" else "）"),
        "开（通用句向量，拿不准时再用 E5）",
    )
    return found, notes[len(found)]


def make_matcher(
    directory: Path,
    cache: Path | None,
    encoders: Sequence[Encoder] = (),
    lent: Collection[str] = (),
) -> Matcher:
    """Load and learn a knowledge directory. Raises KnowledgeError; takes seconds without a warm cache; for `lent` see Matcher."""
    knowledge = KnowledgeBase.load(directory)
    return Matcher(knowledge, encoders=encoders, cache=cache, lent=lent)


def make_brain(settings: KnowledgeSettings, progress: Progress | None = None) -> tuple[Brain, str]:
    """The brain for these settings, and a line on the encoder. Raises KnowledgeError."""
    encoders, note = make_encoders(settings.encoder, settings.cache_dir, progress)
    relearner = Relearner(settings.cache_dir, settings.encoder, encoders)
    return Brain(settings.dir or knowledge_dir(), settings.cache_dir, encoders, relearner.learn), note


def warm(encoders: Sequence[Encoder]) -> None:
    """Have the models read: it happens at their first sentence and takes a second, better not while somebody waits."""
    for encoder in encoders:
        encoder.encode(["您好"])


class Brain:
    """Holds the matcher in force; `current()` is what every message uses from beginning to end."""

    def __init__(
        self,
        directory: Path,
        cache: Path | None,
        encoders: Sequence[Encoder] = (),
        relearn: Callable[[Path, Matcher], Awaitable[Matcher]] | None = None,
    ) -> None:
        """`relearn(directory, before)` makes the matcher of changed files beside the event loop, else a thread does."""
        self._relearn = relearn
        self._retired: list[Matcher] = []
        self._prepared: list[Callable[[Matcher], None]] = []
        self._directory = directory
        self._cache = cache
        self._encoders = encoders
        self._matcher = make_matcher(directory, cache, encoders)
        self._seen = self._stamp()
        self.last_error: KnowledgeError | None = None
        """Why the files on disk are not in force; None when they are."""
        self.reloads = {"good": 0, "bad": 0}
        """Changes of the files since the start that came into force, and that did not."""

    @property
    def directory(self) -> Path:
        """Where the knowledge files are."""
        return self._directory

    def learn(self, directory: Path) -> Matcher:
        """A matcher on another directory with the same encoders and cache; takes seconds, raises KnowledgeError."""
        return make_matcher(directory, self._cache, self._encoders)

    async def warm(self) -> None:
        """Make the encoders ready, off the event loop."""
        await asyncio.to_thread(warm, self._encoders)

    def prepare(self, learn: Callable[[Matcher], None]) -> None:
        """Have `learn` called, in a thread, with every matcher before it comes into force: for what a part of the service
        derives from the knowledge, and somebody would wait for at the first use."""
        self._prepared.append(learn)

    def current(self) -> Matcher:
        """The matcher in force."""
        return self._matcher

    def refused(self) -> str:
        """Why the files on disk are not in force, with file and line of the first errors; "" when they are."""
        return str(self.last_error) if self.last_error else ""

    async def reload_if_changed(self) -> bool:
        """Look at the files once; True when a new version came into force. Works off the event loop."""
        if self._retired:
            await asyncio.to_thread(self._let_go)
        stamp = await asyncio.to_thread(self._stamp)
        if stamp == self._seen or (self._directory / MARKER).exists():
            # while a change is being published, half of its files may be there
            return False
        self._seen = stamp
        if await asyncio.to_thread(fingerprint, self._directory) == self._matcher.knowledge.version:
            self.last_error = None
            return False
        try:
            matcher = await self._learn_anew()
        except KnowledgeError as error:
            self.last_error = error
            self.reloads["bad"] += 1
            log.error("knowledge not reloaded, version %s stays: %s", self._matcher.knowledge.version, error)
            return False
        await asyncio.to_thread(self._get_ready, matcher)
        if await asyncio.to_thread(self._stamp) != stamp:
            # a change that was taken back while it was learnt must not answer anybody; the next look sees what stands there now
            log.info("knowledge version %s is no more what stands on disk", matcher.knowledge.version)
            return False
        self._retired.append(self._matcher)
        self._matcher = matcher
        self.last_error = None
        self.reloads["good"] += 1
        log.info("knowledge reloaded: version %s", matcher.knowledge.version)
        return True

    async def _learn_anew(self) -> Matcher:
        if self._relearn is not None:
            try:
                return await self._relearn(self._directory, self._matcher)
            except (RelearnFailed, OSError) as error:
                log.warning("learning in a process of its own failed, a thread does it: %s", error)
        return await asyncio.to_thread(make_matcher, self._directory, self._cache, self._encoders)

    def _get_ready(self, matcher: Matcher) -> None:
        with standing_back():
            for learn in self._prepared:
                learn(matcher)

    def _let_go(self) -> None:
        """Empty matchers that nobody uses any more, bit by bit: freed at once they would hold up the event loop."""
        still = []
        while self._retired:
            matcher = self._retired.pop()
            # 2: this name and the argument; more means that a message is still being answered with it
            if sys.getrefcount(matcher) > 2:
                still.append(matcher)
            else:
                with standing_back():
                    _take_apart(matcher, Rests())
        self._retired = still

    async def watch(self, seconds: float) -> None:
        """Reload for ever, every so many seconds; 0 returns at once."""
        while seconds:
            await asyncio.sleep(seconds)
            try:
                await self.reload_if_changed()
            except Exception:
                # the watcher outlives whatever a half-written directory does to it
                log.exception("looking for changed knowledge failed; trying again")

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for path in sorted(self._directory.rglob("*.yaml")):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def _take_apart(holder: object, rests: Rests) -> None:
    """Let go of what a matcher has learnt, part by part; encoders and the content of the files are left alone."""
    parts = vars(holder)
    for name in tuple(parts):
        part = parts.pop(name)
        if type(part).__module__ in _LEARNT and hasattr(part, "__dict__"):
            _take_apart(part, rests)
        _empty(part, rests)
        del part
        rests()


def _empty(part: object, rests: Rests) -> None:
    """Take a large collection apart in steps, between which other threads run."""
    if isinstance(part, list):
        while len(part) > _STEP:
            del part[-_STEP:]
            rests()
    elif isinstance(part, dict):
        while len(part) > _STEP:
            for _ in range(_STEP):
                part.popitem()
            rests()
