from __future__ import annotations

import hashlib
import stat

import pytest

from socconsole.store import evidence
from socconsole.store.state import StateFolder


def test_bytes_come_back_under_their_hash(state: StateFolder) -> None:
    data = bytes(range(256)) * 100
    digest = evidence.put(state, data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert evidence.get(state, digest) == data
    assert evidence.put(state, data) == digest
    assert list(evidence.names(state)) == [digest]
    path = state.evidence / digest
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in state.evidence.iterdir()] == [digest]


def test_changed_evidence_is_no_evidence_until_it_is_put_again(state: StateFolder) -> None:
    digest = evidence.put(state, b"as it was")
    (state.evidence / digest).write_bytes(b"as it is not")
    with pytest.raises(evidence.EvidenceError, match="changed"):
        evidence.get(state, digest)
    assert evidence.put(state, b"as it was") == digest
    assert evidence.get(state, digest) == b"as it was"


@pytest.mark.parametrize("name", ["0" * 64, "", "../ledger.db", "A" * 64, "0" * 63])
def test_what_is_not_there_says_so(state: StateFolder, name: str) -> None:
    with pytest.raises(evidence.EvidenceError) as missing:
        evidence.get(state, name)
    assert missing.value.digest == name


def test_a_link_under_a_hash_is_replaced_and_not_followed(state: StateFolder) -> None:
    digest = hashlib.sha256(b"proof").hexdigest()
    outside = state.root / "outside"
    outside.write_bytes(b"proof")
    (state.evidence / digest).symlink_to(outside)
    evidence.put(state, b"proof")
    assert not (state.evidence / digest).is_symlink()
    assert list(evidence.names(state)) == [digest]
