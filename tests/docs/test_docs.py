"""What the documentation says is so: links, verbs, options, queries, keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from socconsole.cli.app import build
from socconsole.commands import BY_VERB, COMMANDS
from socconsole.config import EXAMPLE, AccountConfig, Config, DatasetConfig, Intervals
from socconsole.model.action import ActionState
from socconsole.model.finding import Kind, Leaving, State, Workflow
from socconsole.screens.command import ALIASES
from socconsole.screens.keymap import Keymap, shown
from socconsole.triage.query import FIELDS, FLAGS, parse
from socconsole.widgets.themes import load_themes

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")], key=lambda path: path.name)
MOVES = {"↑", "↓", "↑ ↓", "pgup", "pgdn", "home", "end", "[", "]"}
"""Keys of the table and of the detail beside it: no command's."""


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(page: str, first: str) -> Iterator[list[str]]:
    """The cells of the table whose first heading is ``first``; the headings are left out."""
    inside = False
    for line in page.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not set(cells[0]) <= {"-", ":"}:
            yield cells


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def anchor(heading: str) -> str:
    """A heading's name in a link, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, wanted = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if wanted:
            headings = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.M)
            assert wanted in map(anchor, headings), f"{page.name} links to {target}"


def test_every_page_and_picture_is_linked() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    }
    assert {path for path in [*DOCS.glob("*.md"), *DOCS.glob("images/*.svg")] if path not in linked} == set()


@pytest.mark.parametrize("picture", sorted(DOCS.glob("images/*.svg")), ids=lambda path: path.name)
def test_a_picture_is_small_fetches_nothing_and_knows_no_machine(picture: Path) -> None:
    svg = picture.read_text("utf-8")
    assert len(svg) < 300_000
    assert not re.findall(r"""url\(["']?http|href=["']http|@font-face""", svg)
    assert not re.findall(r"/home/|/root/|/tmp/|/Users/", svg)


# --- the command line -------------------------------------------------------------------------------------


def commands(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    for name, command in group.commands.items():
        if command.hidden:  # what processes of ours say to each other
            continue
        if isinstance(command, TyperGroup):
            if command.invoke_without_command and not command.no_args_is_help and command.params:
                yield before + name, command  # it does something of its own, too
            yield from commands(command, f"{before}{name} ")
        elif isinstance(command, TyperCommand):
            yield before + name, command


@cache
def verbs() -> dict[str, TyperCommand | TyperGroup]:
    group = typer.main.get_command(build())
    assert isinstance(group, TyperGroup)
    return dict(commands(group))


def documented() -> dict[str, str]:
    """Verb → how ``docs/cli.md`` writes it, options and all."""
    known = sorted(verbs(), key=len, reverse=True)
    out: dict[str, str] = {}
    for cells in rows(text("docs/cli.md"), "verb"):
        for written in quoted(cells[0]):
            if written != "socconsole":
                name = next((verb for verb in known if f"{written} ".startswith(f"{verb} ")), written.split(" ")[0])
                out[name] = written
    return out


def test_the_verbs_are_those_of_the_program() -> None:
    assert set(documented()) == set(verbs())


@pytest.mark.parametrize(("verb", "written"), documented().items())
def test_a_verb_has_the_options_that_are_written(verb: str, written: str) -> None:
    known = {option for each in verbs()[verb].params for option in (*each.opts, *each.secondary_opts)}
    assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", written)) <= known


def examples(page: Path) -> Iterator[list[str]]:
    """Each command in a fenced block that shows no output: its words."""
    for block in re.findall(r"^```\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
        for line in block.splitlines():
            for command in re.sub(r"\s{2,}#.*|>.*", "", line).split(" | "):
                if command.startswith("socconsole "):
                    yield re.findall(r'"[^"]*"|\S+', command)[1:]


EXAMPLES = [(page.name, " ".join(words)) for page in PAGES for words in examples(page)]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize(("page", "words"), EXAMPLES)
def test_an_example_can_be_typed(page: str, words: str) -> None:
    name = next((v for v in sorted(verbs(), key=len, reverse=True) if f"{words} ".startswith(f"{v} ")), None)
    assert name is not None, f"{page}: {words}"
    rest = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', words)[len(name.split()) :]]
    verbs()[name].make_context(name, rest, resilient_parsing=False)


# --- triage ------------------------------------------------------------------------------------------------


def test_every_field_of_the_query_language_is_written_down() -> None:
    told = {cells[0].strip("`"): cells for cells in rows(text("docs/triage.md"), "field")}
    assert set(told) == {field.name for field in FIELDS}
    for field in FIELDS:
        _, also, values, example = told[field.name]
        assert tuple(quoted(also)) == field.aliases
        assert [term.field for term in parse(quoted(example)[0]).terms] == [field.name]
        named = {"kind": Kind, "leaving": Leaving, "workflow": Workflow}.get(field.name, ())
        assert all(value.value.lower() in values for value in named)
    (sentence,) = re.findall(r"^Single words that stand for a term: (.+)$", text("docs/triage.md"), re.M)
    assert set(quoted(sentence)) == set(FLAGS)


def test_every_query_that_is_shown_can_be_read() -> None:
    (block,) = re.findall(r"^```query\n(.*?)^```", text("docs/triage.md"), re.M | re.S)
    for line in block.splitlines():
        assert parse(line).terms


def test_every_state_is_explained() -> None:
    triage = {quoted(cells[0])[0] for cells in rows(text("docs/triage.md"), "state")}
    assert triage == {state.value for state in State}
    contain = {quoted(cells[0])[0] for cells in rows(text("docs/contain.md"), "state")}
    assert contain == {state.value for state in ActionState}


# --- keys --------------------------------------------------------------------------------------------------

# A key with one meaning on Triage and another elsewhere is told with the first: these tables are Triage's.
KEYS = {
    shown(key): command
    for command in sorted(COMMANDS, key=lambda each: "triage" in each.screens)
    for key in command.keys
}


def _words(said: str) -> list[str]:
    return re.findall(r"[a-z]{4,}", said.lower())


def written_keys(page: str) -> Iterator[tuple[str, str]]:
    """(key or ``:`` command, what it is said to do) of the keys table."""
    for cells in rows(text(page), "key"):
        written = [*quoted(cells[0]), *(quoted(cells[1]) if len(cells) > 2 else ())]
        for one in written:
            for key in [one] if one.startswith(":") else one.split():
                if key not in MOVES:
                    yield key, cells[-1]


@pytest.mark.parametrize("page", ["README.md", "docs/triage.md"])
def test_the_keys_table_says_what_keys_do(page: str) -> None:
    found = list(written_keys(page))
    assert len(found) > 10
    for key, does in found:
        if key.startswith(":") and key != ":":
            verb = key[1:].split()[0]
            assert ALIASES.get(verb, verb) in BY_VERB, key
            continue
        assert key in KEYS, key
        command = KEYS[key]
        words = set(_words(f"{command.title} {command.help}"))
        assert words & set(_words(does)) or command.title.lower() in does.lower(), key


def test_every_key_of_triage_is_in_its_table() -> None:
    told = {key for key, _ in written_keys("docs/triage.md")}
    mine = {shown(c.keys[0]) for c in COMMANDS if c.keys and "triage" in c.screens}
    assert mine <= told


def test_every_command_is_on_a_page() -> None:
    prose = (re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S) for page in PAGES)
    words = {word for page in prose for one in quoted(page) for word in one.split()}
    for command in COMMANDS:
        keys = {shown(key) for key in command.keys}
        assert f":{command.verb}" in words or keys & words, command.id


# --- configuration and themes ------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["docs/configuration.md", "docs/themes.md"])
def test_every_configuration_that_is_shown_holds(page: str) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", text(page), re.M | re.S)
    read = [tomllib.loads(block) for block in blocks]
    for document in read:
        if "colors" in document:
            continue  # a theme, cut short
        assert set(document) <= set(Config.__struct_fields__)
        Keymap({id_: (key,) for id_, key in document.get("keys", {}).items()})
    assert read


def test_every_configuration_key_is_explained() -> None:
    page = text("docs/configuration.md")
    told = {key for cells in rows(page, "key") for key in quoted(cells[0])}
    assert told == set(Config.__struct_fields__)
    keys = page.partition("## Keys")[2]
    for table in (AccountConfig, DatasetConfig, Intervals):
        assert set(table.__struct_fields__) <= set(quoted(keys)), table.__name__


def test_the_example_has_every_key_and_holds() -> None:
    example = re.sub(r"^# (?=[\w\[])", "", EXAMPLE.partition("\n\n")[2], flags=re.M)
    read = tomllib.loads(example)
    assert msgspec.convert(read, Config).theme in load_themes().themes
    assert set(read) == set(Config.__struct_fields__)
    assert set(read["accounts"][0]) == set(AccountConfig.__struct_fields__)


def test_the_themes_are_those_that_there_are() -> None:
    first = text("docs/themes.md").partition("## Themes\n\n")[2].partition(".")[0]
    assert set(quoted(first)) == set(load_themes().themes)
