"""A handoff file in hands that are not the giver's, and acceptances that meet something else: refused in words."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from socconsole.config import Config
from socconsole.reports import accepting, handoff_file
from socconsole.reports.handoff_file import BadHandoff
from socconsole.store import actions, db, evidence, handoffs, ledger
from socconsole.store.state import StateFolder
from tests.reports.test_handoff import HELD, NOW, contained, given, knowing, signer, taken
from tests.store.desk import live


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[StateFolder, bytes]:
    """A giver with a containment in force, and its file."""
    folder = live(tmp_path_factory.mktemp("given") / "a", 1)
    contained(folder, HELD, "applied")
    return folder, given(folder).data


@pytest.fixture
def theirs(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "b", 1)


def resigned(whole: tuple[StateFolder, bytes], change: Callable[[dict[str, Any]], None]) -> bytes:
    """What the giver himself signed, had he been somebody else's."""
    folder, data = whole
    body = json.loads(data)["handoff"]
    change(body)
    key = signer(folder)
    signature = key.sign(b"socconsole handoff 1\n" + rfc8785.dumps(body)).hex()
    return rfc8785.dumps({"handoff": body, "key": key.id, "public": key.public.hex(), "signature": signature})


@settings(derandomize=True, max_examples=60, deadline=None)
@drawn(data=st.data())
def test_no_byte_can_be_altered_taken_out_or_put_in(whole: tuple[StateFolder, bytes], data: st.DataObject) -> None:
    folder, file = whole
    outside = file.index(b'"key":')  # few bytes of many, and none of them signed
    at = data.draw(st.integers(0, len(file) - 1) | st.integers(outside, len(file) - 1))
    byte = data.draw(st.sampled_from([file[at] ^ 0x20, (file[at] + 1) % 256, 0x20, 0x22, 0x30, 0xFF]))
    for other in (file[:at] + bytes([byte]) + file[at + 1 :], file[:at] + bytes([byte]) + file[at:], file[:at]):
        if other != file:
            with pytest.raises(BadHandoff, match=r"altered|no handoff"):
                handoff_file.read(other, knowing(folder).peers)


def _huge(data: bytes) -> bytes:
    return data + b" " * (handoff_file.MOST + 1 - len(data))


def _nothing(data: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("change", [gzip.compress, _huge, _nothing], ids=["gzip", "64 MiB and a byte", "nothing"])
def test_what_is_no_handoff_is_called_that(
    whole: tuple[StateFolder, bytes], theirs: StateFolder, change: Callable[[bytes], bytes]
) -> None:
    before = ledger.count(theirs)
    with pytest.raises(BadHandoff, match="no handoff"):
        taken(theirs, whole[0], change(whole[1]))
    assert ledger.count(theirs) == before


def _deep(body: dict[str, Any]) -> None:
    nested: object = 1
    for _ in range(400):
        nested = [nested]
    body["entries"][0]["data"]["more"] = nested


def _other_evidence(body: dict[str, Any]) -> None:
    digest = next(iter(body["evidence"]))
    body["evidence"][digest] = "eyJiZWZvcmUiOiAyfQ=="


def _no_base64(body: dict[str, Any]) -> None:
    body["evidence"][next(iter(body["evidence"]))] = "%%%"


def _no_action(body: dict[str, Any]) -> None:
    """An outcome without its intent: the store would have nothing to put it on."""
    body["entries"] = [one for one in body["entries"] if one["verb"] != "intent"]


def _of_another_kind(body: dict[str, Any]) -> None:
    body["entries"][0]["verb"] = "world"


def _unknown_field(body: dict[str, Any]) -> None:
    body["more"] = 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_deep, "version that this program does not know"),
        (_other_evidence, "is not what it is called"),
        (_no_base64, "is damaged"),
        (_no_action, "does not fit here"),
        (_of_another_kind, "does not fit here"),
        (_unknown_field, "version that this program does not know"),
    ],
    ids=lambda one: one.__name__.strip("_") if callable(one) else "",
)
def test_a_peer_that_turned_hostile_gets_nothing_onto_the_record(
    whole: tuple[StateFolder, bytes], theirs: StateFolder, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    before = ledger.count(theirs)
    with pytest.raises(BadHandoff, match=said):
        taken(theirs, whole[0], resigned(whole, change))
    assert ledger.count(theirs) == before
    assert list(evidence.names(theirs)) == []


def test_a_peer_that_was_taken_out_is_a_stranger_and_what_it_gave_stays(
    whole: tuple[StateFolder, bytes], theirs: StateFolder
) -> None:
    folder, file = whole
    receipt = taken(theirs, folder, file).receipt
    with pytest.raises(BadHandoff, match=r"no \[\[peers\]\]"):
        accepting.accept(theirs, Config(), resigned(whole, lambda body: body.update(id="h-0123456789ab")), "bob", NOW)
    with db.reading(theirs) as conn:
        (mine,) = handoffs.latest(conn)
        assert accepting.receipt_again(theirs, mine) == receipt
        assert actions.whole(conn, HELD) is not None


def test_what_was_altered_is_called_that_by_strangers_too_and_our_own_is_known(
    whole: tuple[StateFolder, bytes], theirs: StateFolder
) -> None:
    """Who is told that a key is unknown enrols it: that is no way out for a file that was altered, or is one's own."""
    giver, data = whole
    with pytest.raises(BadHandoff, match="was altered"):
        accepting.accept(theirs, Config(), data.replace(b'"verb":"intent"', b'"verb":"intend"', 1), "bob", NOW)
    with pytest.raises(BadHandoff, match="own: the next shift accepts it"):
        accepting.accept(giver, Config(), data, "ana", NOW)
    with pytest.raises(BadHandoff, match=r"which no \[\[peers\]\]"):
        accepting.accept(theirs, Config(), data, "bob", NOW)


def test_of_two_that_accept_it_at_once_one_does(whole: tuple[StateFolder, bytes], theirs: StateFolder) -> None:
    folder, file = whole
    path, config = theirs.root.parent / "tonight.handoff", theirs.root.parent / "bob.toml"
    path.write_bytes(file)
    config.write_text(f'[[peers]]\nname = "ana"\npublic_key = "{signer(folder).public.hex()}"\n')
    command = [sys.executable, "-m", "socconsole", "handoff", "accept", path, "--store", theirs.root]
    both = [
        subprocess.Popen([*command, "--config", config], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    spoke = [(one.communicate(), one.returncode) for one in both]
    said = {code: words for words, code in spoke}
    assert sorted(said) == [0, 4]
    assert said[0][0].startswith(b"socconsole-receipt.")
    assert b"accepted already" in said[4][1] or b"is accepting a handoff right now" in said[4][1]
    assert len(ledger.read(theirs, verbs=("handoff_taken",))) == 1


@contextmanager
def writing(folder: StateFolder) -> Iterator[threading.Event]:
    """A watch that is in the middle of a commit until the event is set."""
    begun, end = threading.Event(), threading.Event()

    def commit() -> None:
        with db.writing(folder) as conn:
            conn.execute("BEGIN IMMEDIATE")
            begun.set()
            end.wait(30)
            conn.execute("COMMIT")

    thread = threading.Thread(target=commit)
    thread.start()
    begun.wait(30)
    try:
        yield end
    finally:
        end.set()
        thread.join()


def test_while_the_watch_writes_it_waits_or_says_that_it_could_not(
    whole: tuple[StateFolder, bytes], theirs: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, file = whole
    before = ledger.count(theirs)
    monkeypatch.setattr(db, "BUSY_MS", 10)
    with writing(theirs), pytest.raises(BadHandoff, match="nothing was taken over: the store: database is locked"):
        taken(theirs, folder, file)
    assert ledger.count(theirs) == before
    monkeypatch.setattr(db, "BUSY_MS", 20_000)
    with writing(theirs) as end:
        threading.Timer(0.2, end.set).start()
        assert taken(theirs, folder, file).parcel.actions == (HELD,)
