"""Playbooks: ours hold together, a team's win, and steps tick themselves by what was verified."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.playbooks import BadPlaybook, Tick, playbooks, readable, standing, suggested
from socconsole.response.registry import ACTIONS

NOW = datetime(2026, 3, 1, 3, 14, tzinfo=UTC)


def test_ours_name_containments_that_there_are_and_somebody_who_decides() -> None:
    assert len(playbooks()) >= 8
    for playbook in playbooks().values():
        assert len(playbook.step) >= 5, playbook.id
        assert any(step.actions for step in playbook.step), playbook.id
        for step in playbook.step:
            assert set(step.actions) <= set(ACTIONS), f"{playbook.id}/{step.id}"


@pytest.mark.parametrize(
    ("types", "first"),
    [
        (("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",), "credentials-leaked"),
        (("Policy:S3/BucketAnonymousAccessGranted",), "public-bucket"),
        (("Exfiltration:S3/AnomalousBehavior", "Behavior:EC2/TrafficVolumeUnusual"), "exfiltration-nat"),
        (("attack.AML.T0051",), "prompt-injection"),
    ],
    ids=["credentials", "bucket", "nat", "injection"],
)
def test_what_a_case_is_about_suggests_what_to_do(types: tuple[str, ...], first: str) -> None:
    assert suggested(types, playbooks())[0] == first
    assert suggested(("Recon:EC2/Portscan",), playbooks()) == ()


def test_a_verified_containment_ticks_the_step_that_names_it() -> None:
    playbook = playbooks()["public-bucket"]
    by_hand = {"who": Tick(NOW, "ana", "asked")}
    done = [("s3-block-public", "a-1", NOW, "bob"), ("ec2-isolate", "a-2", NOW, "bob")]
    found = {one.step.id: one for one in standing(playbook, by_hand, done)}
    closed = found["close"].tick
    assert closed is not None
    assert (closed.by_action, closed.who) == ("a-1", "bob")
    assert found["who"].tick == by_hand["who"]
    assert found["notify"].missed
    assert not found["presigned"].missed, "it may be left out"


def test_a_teams_own_wins_and_a_broken_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "public-bucket.toml").write_text(
        'title = "Ours"\nwhen = "x"\n[[step]]\nid = "a"\ntitle = "A"\nwhy = "w"\ndo = "d"\n'
    )
    assert playbooks(tmp_path)["public-bucket"].title == "Ours"
    assert len(playbooks(tmp_path)) == len(playbooks())
    (tmp_path / "broken.toml").write_text('title = "B"\nwhen = "x"\ntypes = ["("]\nstep = []\n')
    with pytest.raises(BadPlaybook, match=r"broken\.toml"):
        playbooks(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'title = "Schl\xfcssel"')
    (tmp_path / "folder.toml").mkdir()
    found, bad = readable(tmp_path)
    assert found["public-bucket"].title == "Ours", "one broken file hides no other"
    assert [str(one).partition(":")[0] for one in bad] == ["broken.toml", "folder.toml", "latin.toml"]
    assert len(readable(tmp_path / "nowhere")[1]) == 1
