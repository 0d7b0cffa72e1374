"""The fawen command as staff and scripts use it: the batch contract, exit codes, errors in one line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from bot.cli import main
from intents.evaluate import question_files, read_cases
from tests.sample import ROOT, write_sample


@pytest.fixture
def knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample knowledge, in a directory without config.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAWEN_KNOWLEDGE__CACHE_DIR", str(tmp_path / "cache"))
    return write_sample(tmp_path / "knowledge")


def run(*args: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in args], input=stdin)


def test_match_keeps_the_batch_contract(knowledge: Path) -> None:
    texts = ["继承公证怎么办", "他现在正在打我", "给我讲个笑话", "", "继承公证怎么办\r"]
    done = run("match", "--jsonl", "--knowledge", knowledge, "--encoder", "off", stdin="\n".join(texts) + "\n")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(texts)
    assert all(set(line) == {"text", "outcome", "entry", "options", "confidence"} for line in lines)
    assert [(line["outcome"], line["entry"]) for line in lines[:3]] == [
        ("answer", "notary.inheritance"),
        ("answer", "safety.violence"),
        ("none", None),
    ]
    assert lines[3]["outcome"] == "none"
    assert lines[4]["entry"] == "notary.inheritance"


def test_talk_is_one_fresh_conversation_a_line(knowledge: Path) -> None:
    talks = [{"turns": ["继承公证怎么办", "那收费呢"]}, {"turns": ["法律援助是什么"]}]
    stdin = "".join(json.dumps(t, ensure_ascii=False) + "\n" for t in talks)
    done = run("talk", "--jsonl", "--knowledge", knowledge, "--encoder", "off", stdin=stdin)
    results = [json.loads(line)["results"] for line in done.stdout.splitlines()]
    assert [r["entry"] for r in results[0]] == ["notary.inheritance", "notary.fee"]
    assert [r["entry"] for r in results[1]] == ["legal_aid.what"]


def test_talk_names_a_bad_line(knowledge: Path) -> None:
    done = run("talk", "--jsonl", "--knowledge", knowledge, "--encoder", "off", stdin="不是JSON\n")
    assert done.exit_code == 2
    assert "第 1 行" in done.stderr


def test_ask_shows_its_reasoning(knowledge: Path) -> None:
    done = run("ask", "房产继承要不要去公证", "--knowledge", knowledge, "--encoder", "off")
    data = json.loads(done.stdout)
    assert data["candidates"][0]["entry"] == "notary.inheritance"
    assert data["candidates"][0]["phrase"] == "房产继承要公证吗"


def test_check_is_clean_or_ends_with_1(knowledge: Path) -> None:
    assert run("check", "--knowledge", knowledge).exit_code == 0
    path = knowledge / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("status: published", "status: 发布", 1), encoding="utf-8")
    done = run("check", "--knowledge", knowledge, "--json")
    assert done.exit_code == 1
    (problem,) = json.loads(done.stdout)
    assert problem["path"] == "entries/notary.yaml"
    assert problem["line"] > 0


def test_a_broken_knowledge_base_stops_a_command_with_its_problems(knowledge: Path) -> None:
    (knowledge / "entries" / "notary.yaml").write_text("topic: {", encoding="utf-8")
    done = run("ask", "公证", "--knowledge", knowledge, "--encoder", "off")
    assert done.exit_code == 1
    assert "entries/notary.yaml" in done.stderr
    assert "Traceback" not in done.output


def test_evaluate_counts_and_writes_a_report(knowledge: Path, tmp_path: Path) -> None:
    tests = knowledge / "tests"
    tests.mkdir()
    (tests / "notary.yaml").write_text(
        "tests:\n  - {q: 继承公证咋办, entry: notary.inheritance}\n  - {q: 公证要花几多钱, entry: notary.fee}\n",
        encoding="utf-8",
    )
    report = tmp_path / "out" / "report.html"
    done = run("evaluate", "--knowledge", knowledge, "--encoder", "off", "--json", "--report", report)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["notary.yaml"]["n"] == 2
    assert "<svg" in report.read_text(encoding="utf-8")


def test_wrong_settings_end_in_one_line(knowledge: Path, tmp_path: Path) -> None:
    config = tmp_path / "other.yaml"
    config.write_text("server: {prot: 9}\n", encoding="utf-8")
    done = run("ask", "问", "--config", config)
    assert done.exit_code == 2
    assert "server.prot" in done.stderr


def test_a_regression_fails_until_it_is_known(knowledge: Path) -> None:
    tests = knowledge / "tests"
    tests.mkdir()
    (tests / "notary.yaml").write_text(
        "tests:\n  - {q: 继承公证咋办, entry: notary.inheritance}\n  - {q: 今天天气怎么样, entry: notary.fee}\n",
        encoding="utf-8",
    )
    first = run("test", "--knowledge", knowledge, "--encoder", "off")
    assert first.exit_code == 1
    assert "今天天气怎么样" in first.output
    assert run("test", "--knowledge", knowledge, "--encoder", "off", "--update").exit_code == 0
    again = run("test", "--knowledge", knowledge, "--encoder", "off")
    assert again.exit_code == 0
    assert "已知答错 1" in again.output
    with (tests / "notary.yaml").open("a", encoding="utf-8") as file:
        file.write("  - {q: 给我讲个笑话, entry: notary.fee}\n")
    grown = run("test", "--knowledge", knowledge, "--encoder", "off", "--update")
    assert (1, True) == (grown.exit_code, "给我讲个笑话" in grown.output)
    assert 0 == run("test", "--knowledge", knowledge, "--encoder", "off", "--add").exit_code
    assert "给我讲个笑话" in (tests / "known_misses.yaml").read_text(encoding="utf-8")


def test_the_list_of_known_misses_shrinks(knowledge: Path) -> None:
    """What is answered now, and what is no test question any more, is named and taken out by --update."""
    tests = knowledge / "tests"
    tests.mkdir()
    (tests / "notary.yaml").write_text("tests:\n  - {q: 继承公证咋办, entry: notary.inheritance}\n", encoding="utf-8")
    listed = tests / "known_misses.yaml"
    listed.write_text("known:\n  lexical: [继承公证咋办, 早就删掉的题]\n", encoding="utf-8")
    done = run("test", "--knowledge", knowledge, "--encoder", "off")
    assert 0 == done.exit_code
    assert "“继承公证咋办”现在答对了，请从名单里删去" in done.output
    assert "“早就删掉的题”已经不是检验题，请从名单里删去" in done.output
    assert 0 == run("test", "--knowledge", knowledge, "--encoder", "off", "--update").exit_code
    assert "lexical: []" in listed.read_text(encoding="utf-8")


def test_shipped_known_misses_are_test_questions() -> None:
    """The list of the shipped knowledge names nothing that is not asked any more."""
    tests = ROOT / "knowledge" / "tests"
    known = yaml.safe_load((tests / "known_misses.yaml").read_text(encoding="utf-8"))["known"]
    asked = {" / ".join([*c.before, c.text]) for p in question_files(tests) for c in read_cases(p)}
    assert {} == {name: left for name, listed in known.items() if (left := sorted(set(listed) - asked))}


def test_check_reads_the_laws(knowledge: Path, tmp_path: Path) -> None:
    laws = tmp_path / "laws"
    laws.mkdir()
    (laws / "a.md").write_text("# 中华人民共和国法律援助法\n\n第一条 为了……\n", encoding="utf-8")
    done = run("check", "--knowledge", knowledge, "--laws", laws)
    assert done.exit_code == 1
    assert "没有第二条" in done.output


def test_diff_shows_what_now_gets_another_answer(knowledge: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(knowledge, changed)
    path = changed / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8").replace("带材料去公证处。", "先预约，再带材料去公证处。")
    path.write_text(text.replace("      - 做个公证多少钱\n", ""), encoding="utf-8")
    page = tmp_path / "diff.html"
    done = run("diff", knowledge, changed, "--encoder", "off", "--json", "--html", page)
    assert done.exit_code == 0, done.output
    changes = {c["text"]: c["kind"] for c in json.loads(done.stdout)}
    assert changes["继承公证怎么办"] == "answer"
    assert "法律援助是什么" not in changes
    assert "回答改了" in page.read_text(encoding="utf-8")
    same = run("diff", knowledge, knowledge, "--encoder", "off", "--json")
    assert json.loads(same.stdout) == []


def test_diff_names_what_is_no_directory_and_no_revision(knowledge: Path) -> None:
    done = run("diff", "no-such-thing", knowledge, "--encoder", "off")
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_channel_is_closed_and_opened(knowledge: Path) -> None:
    """off with a text, list, on; an unknown channel is refused with the names that exist."""
    assert 0 == run("channel", "off", "web", "--text", "维护到八点。").exit_code
    shown = json.loads(run("channel", "list", "--json").stdout)
    assert {"channel": "web", "open": False, "text": "维护到八点。"} == shown[0]
    assert "维护到八点" in run("channel", "list").stdout
    assert 0 == run("channel", "on", "web").exit_code
    assert [True] * 4 == [row["open"] for row in json.loads(run("channel", "list", "--json").stdout)]
    refused = run("channel", "off", "fax")
    assert (2, True) == (refused.exit_code, "telegram" in refused.output)


def test_every_command_is_imported_when_it_is_used_and_is_there(knowledge: Path) -> None:
    """The overview names all of them; checking files needs no database and no web server."""
    context = click.Context(main)
    names = main.list_commands(context)
    assert names == sorted(names)
    assert {"check", "serve", "user", "import", "knowledge"} < set(names)
    commands = [main.get_command(context, name) for name in names]
    assert [] == [n for n, c in zip(names, commands, strict=True) if c is None or not c.help]
    assert None is main.get_command(context, "cheque")
    said = "import sys, bot.cli, bot.staff; print(*(m for m in ('sqlalchemy', 'starlette', 'openpyxl') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "" == done.stdout.strip()


def test_users_are_kept_and_refusals_end_with_1(knowledge: Path) -> None:
    """What is refused says why and ends with 1, wrong settings with 2, as everywhere."""
    password = "vier-Woerter-im-Regen\n"
    assert 0 == run("user", "add", "chen", "--role", "admin", stdin=password).exit_code
    again = run("user", "add", "chen", "--role", "admin", stdin=password)
    assert (1, True) == (again.exit_code, "已经有用户“chen”" in again.output)
    last = run("user", "role", "chen", "curator")
    assert (1, True) == (last.exit_code, "最后一个可用的管理员" in last.output)
    assert [("chen", "admin")] == [(u["name"], u["role"]) for u in json.loads(run("user", "list", "--json").stdout)]
    Path("config.yaml").write_text("stroe: {}\n", encoding="utf-8")
    assert 2 == run("user", "list").exit_code


def test_a_report_that_cannot_be_written_says_so(knowledge: Path, tmp_path: Path) -> None:
    """The file is named with the reason; where it can be written it is."""
    there, nowhere = tmp_path / "report.csv", tmp_path / "missing" / "report.csv"
    Path("config.yaml").write_text(f"knowledge: {{dir: {knowledge}}}\n", encoding="utf-8")
    assert 0 == run("report", "--csv", there).exit_code
    assert there.stat().st_size > 0
    refused = run("report", "--csv", nowhere)
    assert (2, True) == (refused.exit_code, f"写不了 {nowhere}：" in refused.output)
