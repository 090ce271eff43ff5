"""Markdown and HTML of one report say the same, and nothing that somebody wrote becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

from socconsole.reports import (
    Cell,
    Document,
    Facts,
    Fixed,
    Notice,
    Paragraph,
    Points,
    Section,
    Table,
    html,
    markdown,
)
from socconsole.text import Untrusted

HOSTILE = Untrusted(
    "<script>alert(1)</script> [x](javascript:1) | `a` \x1b]0;x\x07 <img src=http://x onerror=1> \u202e"
)
REPORT = Document(
    title=HOSTILE,
    facts=(("Case", HOSTILE), ("As of", "2026-11-23 20:00Z")),
    notices=(Notice("one source is dead"),),
    sections=(
        Section(
            "Findings",
            (
                Paragraph(HOSTILE),
                Points((HOSTILE, "second")),
                Facts((("owner", HOSTILE),)),
                Table(("What", "Verdict"), ((HOSTILE, Cell("FAIL", "bad")),), "none"),
                Table(("What",), (), "no clock runs: no entity is configured"),
                Fixed("sha256sum -c MANIFEST\n```\n"),
            ),
        ),
    ),
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_nothing_that_somebody_wrote_becomes_a_tag_or_loads_anything() -> None:
    page = html(REPORT)
    tags = _Tags()
    tags.feed(page)
    assert not {"script", "img", "a", "link", "iframe"} & {tag for tag, _ in tags.seen}
    assert not any(name.startswith("on") or name in ("src", "href") for _, attrs in tags.seen for name in attrs)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "default-src" in page


def test_both_forms_say_the_same() -> None:
    page, text = html(REPORT), markdown(REPORT)
    for words in (
        "one source is dead",
        "sha256sum -c MANIFEST\n",
        "✗ FAIL",
        "no clock runs: no entity is configured",
        "second",
    ):
        assert words in page.replace("\u00a0", " "), "a sign never stands alone at the end of a line"
        assert words in text


def test_markdown_keeps_its_tables_and_fences_whole() -> None:
    text = markdown(REPORT)
    (row,) = [line for line in text.splitlines() if line.endswith("✗ FAIL |")]
    assert row.replace("\\|", "").count("|") == 3
    assert "\n````\n" in text
    assert "[x](" not in text


def test_moments_and_ids_stay_whole_and_only_what_is_long_breaks() -> None:
    long = "arn:aws:sts::111122223333:assumed-role/" + "x" * 40
    said = f"a-25f28370d1c3 <b-c> on {long} ≈ 2026-11-23 20:00:00Z, 71 h 00 min"
    page = html(
        Document(title=said, facts=(), sections=(Section("s", (Table(("What",), ((Cell(said, "bad"),),), ""),)),))
    )
    for kept in ("a-25f28370d1c3", "&lt;b-c&gt;", "≈ 2026-11-23 20:00:00Z", "71 h 00 min"):
        assert f'<span class="whole">{kept}</span>' in page, kept
    assert f'<span class="long">{long}</span>' in page
    assert '✗\u00a0<span class="whole">a-' in page, "a sign stands on the line of its word"
    assert "<title>a-25f28370d1c3 &lt;b-c&gt; on " in page, "a title holds no elements"
