"""What the format cannot see: wording, near doubles, overdue dates, cited articles, test questions.

`inspect(directory, ...)` is the whole of `fawen check`: the format (`intents.validate`), and where that has no error
the rest. The rules on words stand in `intents.wording`, those on two entries in `intents.overlap`.

| code            | finding                                                                    | severity |
|-----------------|----------------------------------------------------------------------------|----------|
| (wording)       | see `intents.wording`                                                      | mostly error |
| same_form       | two entries hold a question that folds to the same text                    | error    |
| near_duplicate  | two entries hold almost the same question                                  | warning  |
| elsewhere       | a question is much nearer to another entry's than to its own entry's       | warning  |
| few_questions   | fewer questions than the manual asks for                                   | warning  |
| overdue         | the day of the next review is past                                         | warning  |
| no_article      | the cited article does not stand in the law's text (`--laws DIR`)          | error    |
| superseded      | an answer rests on a law that is no longer in force                        | error    |
| not_official    | a source links to a site that is no authority's                            | error    |
| long_text       | a text of the bot does not fit into one WeChat message                     | warning  |
| many_questions  | nearly more questions than the whole of the matcher can take               | warning  |
| few_tests       | fewer than three test questions for a published entry                      | warning  |
| test_*          | a test question that names no entry, or is a stored question               | error    |

Telegram's 4,096 characters need no rule: an answer of 2,000 bytes, which the format demands for WeChat, has fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from intents.errors import Problem
from intents.knowledge import KnowledgeBase, read_directory
from intents.laws import Laws, read_laws, wrong_articles
from intents.matcher import count_phrases
from intents.model import NO_ENTRY, ROUTING, Entry
from intents.normalize import Normalizer
from intents.overlap import Phrase, overlaps, phrases_of, same_forms
from intents.phrases import MAX_PHRASES
from intents.validate import ANSWER_BYTES, Files, validate
from intents.wording import OFFICIAL, breaches, personal, unsettled
from intents.yamlfile import YamlFile, read, walk

LEAST_QUESTIONS = 15
LEAST_TESTS = 3
NEARLY_FULL = 0.95
_NO_CASES = ("known_misses", "safety_detector")


@dataclass(frozen=True)
class Places:
    """Where things stand in the files; without files, an entry's own line."""

    files: Files | None = None

    def of(self, entry: Entry, *keys: str | int) -> tuple[str, int]:
        """File and line of something of an entry."""
        topic, _, name = entry.id.partition(".")
        if self.files is None or topic not in self.files.entries:
            return entry.path, entry.line
        file = self.files.entries[topic]
        return file.path, file.line("entries", name, *keys)

    def in_answer(self, entry: Entry, at: int) -> tuple[str, int]:
        """File and line of a position in an answer; a `|` text begins on the line after its key."""
        path, line = self.of(entry, "answer")
        topic, _, name = entry.id.partition(".")
        if self.files is None or topic not in self.files.entries:
            return path, line
        raw = str(self.files.entries[topic].data["entries"][name]["answer"])
        below = raw.endswith("\n")
        return path, line + below + entry.answer.count("\n", 0, at)

    def owner(self, base: KnowledgeBase, owner: str, number: int) -> tuple[str, int]:
        """File and line of the numbered question of an entry, or of a question asked back."""
        if owner in base.entries:
            return self.of(base.entries[owner], "questions", number)
        if self.files is None:
            return "asks.yaml", 0
        return "asks.yaml", self.files.asks.line("asks", owner.partition(".")[2], "questions", number)


def inspect(directory: Path, today: date, laws: Path | None = None) -> list[Problem]:
    """Every problem of a knowledge directory, by file and line. `laws` is a directory of law texts in Markdown."""
    files = read_directory(directory)
    problems = validate(files)
    if not any(p.severity == "error" for p in problems):
        base = KnowledgeBase.of_files(files)
        normalizer = Normalizer(base.lexicon)
        phrases = phrases_of(base, normalizer)
        problems += lint(base, today, laws, files, phrases)
        problems += check_tests(base, directory / "tests", normalizer, phrases)
    return sorted(problems, key=lambda p: (p.path, p.line, p.message))


def lint(
    base: KnowledgeBase,
    today: date,
    laws: Path | None = None,
    files: Files | None = None,
    phrases: Sequence[Phrase] | None = None,
) -> list[Problem]:
    """Every finding of a loaded base; with `files` each at its own line, else at its entry's. `phrases` are its stored
    questions where they are known already."""
    articles, places = read_laws(laws) if laws else {}, Places(files)
    found: list[Problem] = []
    for entry in base.entries.values():
        found += _entry(entry, today, places)
        found += _sources(base, entry, articles, places)
    found += _texts(base, files)
    found += near_duplicates(base, places, phrases)
    found += _size(base)
    return found


def _size(base: KnowledgeBase) -> Iterator[Problem]:
    count = count_phrases(base)
    if count > NEARLY_FULL * MAX_PHRASES:
        said = (
            f"相似问、反问和库外问法一共 {count} 句；超过 {MAX_PHRASES} 句就只用较粗的办法找答案，答得没有现在准。"
            "请删去相近的问法，或请开发者调高上限。"
        )
        yield Problem("entries", 0, said, "warning", "many_questions")


def _problem(where: tuple[str, int], entry: str, message: str, code: str, severe: bool = True) -> Problem:
    return Problem(*where, f"{entry}：{message}", "error" if severe else "warning", code)


def _entry(entry: Entry, today: date, places: Places) -> Iterator[Problem]:
    for found in (*breaches(entry.answer), *unsettled(entry.answer)):
        yield _problem(places.in_answer(entry, found.at), entry.id, f"回答里{found.message}", found.code, found.severe)
    for i, pair in enumerate(entry.confusable):
        for found in breaches(pair.ask):
            where = places.of(entry, "confusable", i)
            yield _problem(where, entry.id, f"反问里{found.message}", found.code, found.severe)
    for i, question in enumerate(entry.questions):
        for found in personal(question):
            yield _problem(places.of(entry, "questions", i), entry.id, f"相似问里{found.message}", found.code)
    if len(entry.questions) < LEAST_QUESTIONS:
        said = f"只有 {len(entry.questions)} 句相似问，至少要 {LEAST_QUESTIONS} 句。"
        yield _problem(places.of(entry, "questions"), entry.id, said, "few_questions", severe=False)
    if entry.review_after and today > entry.review_after:
        said = f"核对期限 {entry.review_after} 已过，居民现在看不到这条回答。请核对后改日期。"
        yield _problem(places.of(entry, "review_after"), entry.id, said, "overdue", severe=False)


def _sources(base: KnowledgeBase, entry: Entry, laws: Laws, places: Places) -> Iterator[Problem]:
    for i, ref in enumerate(entry.sources):
        if base.sources[ref.source].status == "superseded":
            said = f"依据《{base.sources[ref.source].short}》已被替代，不能作答案依据。"
            yield _problem(places.of(entry, "sources", i), entry.id, said, "superseded")
    for number, message, severe in wrong_articles(base, entry, laws):
        where = places.of(entry, "answer") if number is None else places.of(entry, "sources", number)
        yield _problem(where, entry.id, message, "no_article", severe)


def _texts(base: KnowledgeBase, files: Files | None) -> Iterator[Problem]:
    """The bot's own sentences, the questions it asks back, and the links of the sources."""
    for keys, text in walk(dict(base.texts)):
        line = files.texts.line("texts", *keys) if files else 0
        name = ".".join(map(str, keys))
        for found in breaches(str(text)):
            yield _problem(("texts.yaml", line), name, found.message, found.code, found.severe)
        if (size := len(str(text).encode())) > ANSWER_BYTES:
            said = f"有 {size} 字节，微信一条只放得下 {ANSWER_BYTES} 字节，会分成几条。请改短。"
            yield _problem(("texts.yaml", line), name, said, "long_text", severe=False)
    for name, ask in base.asks.items():
        line = files.asks.line("asks", name.partition(".")[2], "ask") if files else 0
        for found in breaches(ask.ask):
            yield _problem(("asks.yaml", line), name, f"反问里{found.message}", found.code, found.severe)
    for key, source in base.sources.items():
        host = urlsplit(source.link).hostname or ""
        if host and not f".{host}".endswith(OFFICIAL):
            line = files.sources.line("sources", key, "link") if files else 0
            said = f"网址 {source.link} 不是政府、法院、检察院或人大的网站，不能作来源。"
            yield _problem(("sources.yaml", line), key, said, "not_official")


def near_duplicates(
    base: KnowledgeBase, places: Places | None = None, phrases: Sequence[Phrase] | None = None
) -> list[Problem]:
    """Questions that two entries share, nearly share, or that stand in the wrong one."""
    places = places or Places()
    stored = phrases_of(base, Normalizer(base.lexicon)) if phrases is None else phrases
    found = []
    folded = same_forms(stored)
    for first, second in folded:
        path, line = places.owner(base, first.owner, first.number)
        said = f"“{second.text}”和 {first.owner} 的“{first.text}”（{path} 第 {line} 行）看作同一句话，永远到不了这里。请删去一处。"
        found.append(_problem(places.owner(base, second.owner, second.number), second.owner, said, "same_form"))
    for pair in overlaps(base, stored):
        one, other = pair.one, pair.other
        if (one, other) in folded:
            continue
        path, line = places.owner(base, other.owner, other.number)
        if pair.same:
            said = f"“{one.text}”和 {other.owner} 的“{other.text}”（{path} 第 {line} 行）几乎一样。请留一处，或写成易混条目。"
            code = "near_duplicate"
        else:
            said = (
                f"“{one.text}”更像 {other.owner} 的“{other.text}”（{path} 第 {line} 行），而不像本条的其他相似问。"
                "请看是不是放错了条目；没放错，就给本条再加几句近似的，或写成易混条目。"
            )
            code = "elsewhere"
        found.append(_problem(places.owner(base, one.owner, one.number), one.owner, said, code, severe=False))
    return found


def check_tests(
    base: KnowledgeBase, directory: Path, normalizer: Normalizer, phrases: Sequence[Phrase]
) -> list[Problem]:
    """The test questions: do they name entries, are they questions of their own, are there enough?"""
    stored = {phrase.plain: phrase.owner for phrase in phrases if phrase.owner in base.entries}
    counts: Counter[str] = Counter()
    found: list[Problem] = []
    for path in sorted(directory.glob("*.yaml")):
        if path.stem in _NO_CASES:
            continue
        file = read(path, f"tests/{path.name}")
        found += file.problems
        rows = file.data.get("tests") if isinstance(file.data, dict) else None
        for i, row in enumerate(rows if isinstance(rows, list) else ()):
            if not isinstance(row, dict) or not isinstance(row.get("q"), str) or not isinstance(row.get("entry"), str):
                said = "检验题要写成 {q: 题目, entry: 条目编号}。"
                found.append(Problem(file.path, file.line("tests", i), said, code="test_format"))
                continue
            found += _test(file, i, row, base, stored.get(normalizer.plain(row["q"])))
            counts[row["entry"]] += 1
    if directory.is_dir():
        for entry in base.entries.values():
            if entry.status == "published" and entry.id not in ROUTING and counts[entry.id] < LEAST_TESTS:
                said = f"tests/{entry.topic}.yaml 里只有 {counts[entry.id]} 道检验题，至少要 {LEAST_TESTS} 道。"
                found.append(_problem((entry.path, entry.line), entry.id, said, "few_tests", severe=False))
    return found


def _test(file: YamlFile, i: int, row: dict[str, Any], base: KnowledgeBase, owner: str | None) -> Iterator[Problem]:
    also = row.get("also") or []
    for target in (row["entry"], *(also if isinstance(also, list) else [str(also)])):
        if target not in base.entries and target != NO_ENTRY:
            said = f"检验题“{row['q']}”指向不存在的条目“{target}”。请改成已有的编号。"
            yield Problem(file.path, file.line("tests", i), said, code="test_dangling")
    if owner:
        said = f"检验题“{row['q']}”就是 {owner} 的一句相似问，考不出什么。请换个说法。"
        yield Problem(file.path, file.line("tests", i), said, code="test_stored")
