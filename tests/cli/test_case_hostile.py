"""Whatever somebody writes into a case is text wherever it comes out: terminal, JSON, Markdown and HTML."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.support import run
from tests.cli.test_incidents import imported

_HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script><img src=x onerror=y>[@click=app.quit]z[/] | \u202egnp"
_FIELDS = ("title", "hypothesis", "owner", "note", "name", "how", "held", "step", "detached", "closed")


@pytest.fixture
def case(tmp_path: Path) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """A case with something hostile in each field, the options to look at it, and what was written by field."""
    config = tmp_path / "config.toml"
    config.write_text('analyst = "ana"\n')
    desk = ("--store", str(imported(tmp_path)), "--config", str(config))
    said = {field: f"{field}{_HOSTILE}{field}" for field in _FIELDS}
    first, second, *_ = [row["id"] for row in run("findings", "--json", *desk[:2]).rows]
    opening = ("--title", said["title"], "--hypothesis", said["hypothesis"], "--json")
    id_ = run("case", "open", "--finding", first, "--finding", second, *opening, *desk).row["case"]
    for verb in (
        ("set", id_, "owner", said["owner"]),
        ("note", id_, "--text", said["note"]),
        ("tell", id_, "--name", said["name"], "--how", said["how"]),
        ("hold", id_, "--reason", said["held"]),
        ("playbook", id_, "public-bucket"),
        ("step", id_, "public-bucket/who", "--note", said["step"]),
        ("detach", id_, "--finding", second, "--reason", said["detached"]),
        ("close", id_, "--anyway", "--reason", said["closed"]),
    ):
        ran = run("case", *verb, *desk)
        assert ran.code == 0, ran.err
        assert ran.out.replace("\n", "").isprintable()
    return id_, desk, said


def test_a_terminal_is_never_driven_and_json_is_exact_and_ascii(
    case: tuple[str, tuple[str, ...], dict[str, str]],
) -> None:
    id_, desk, said = case
    for verb in (
        ("case", "show", id_),
        ("case", "list", "--closed"),
        ("clock", "show", id_),
        ("case", "playbook", id_),
    ):
        shown = run(*verb, *desk).out
        assert shown.replace("\n", "").isprintable()
    ran = run("case", "show", id_, "--json", *desk)
    assert ran.out.replace("\n", "").isascii()
    assert ran.out.replace("\n", "").isprintable()
    row = ran.row
    assert [row[field] for field in ("title", "hypothesis", "owner")] == [
        said[field] for field in ("title", "hypothesis", "owner")
    ]
    assert row["told"][0]["name"] == said["name"]
    assert row["told"][0]["how"] == said["how"]
    told = " ".join(one["words"] for one in row["history"])
    for field in _FIELDS:
        assert said[field] in told, field


def test_reports_show_all_of_it_and_nothing_becomes_markup(
    case: tuple[str, tuple[str, ...], dict[str, str]], tmp_path: Path
) -> None:
    id_, desk, _ = case
    file = tmp_path / "case.zip"
    assert run("evidence", id_, "-o", file, *desk).code == 0
    with zipfile.ZipFile(file) as archive:
        page, text = (archive.read(f"report.{ending}").decode() for ending in ("html", "md"))
        json.loads(archive.read("custody.json"))
    for shown in (page, text):
        assert shown.replace("\n", "").replace("\xa0", "").isprintable(), "but for blanks of the page's own"
        for tag in ("<script", "<img"):
            assert shown.count(tag) == shown.count(f"\\{tag}"), "as Markdown escapes it, and HTML not at all"
        for field in _FIELDS:
            assert f"{field}\u241b" in shown, field
