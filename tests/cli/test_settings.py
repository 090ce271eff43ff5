from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest

from tests.cli.support import FINDING, run

VERBS = (
    "findings", "posture", "endpoints", "sources", "import", "ack", "claim", "note", "verdict", "snooze", "takeback",
    "ledger show", "ledger verify", "ledger export", "ledger key", "recover", "backup", "doctor", "config check",
    "config apply",
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_a_store_and_a_configuration(verb: str) -> None:
    told = run(*verb.split(), "--help").out
    assert "--store" in told
    assert "--config" in told


def test_path_follows_option_and_environment(own_home: Path, tmp_path: Path) -> None:
    ran = run("config", "path")
    assert ran.out.strip() == str(own_home / "config" / "socconsole" / "config.toml")
    assert "no such file yet" in ran.err
    assert run("config", "path", SOCCONSOLE_CONFIG=str(tmp_path / "e.toml")).out.strip() == str(tmp_path / "e.toml")
    assert run("config", "path", "--config", tmp_path / "o.toml").out.strip() == str(tmp_path / "o.toml")


def test_check_names_file_key_and_line(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('analyst = "oncall1"\n\nshare = "most"\n')
    path.chmod(0o600)
    ran = run("config", "check", "--config", path)
    assert ran.code == 2
    assert f"{path}:3" in ran.err
    assert "share" in ran.err
    path.write_text('[[accounts]]\naccount = "111122223333"\nregions = ["eu-central-1"]\n')
    good = run("config", "check", "--config", path)
    assert good.code == 0
    assert "111122223333 eu-central-1" in good.err


def test_check_refuses_keys_that_mean_two_things(tmp_path: Path) -> None:
    for keys, said in (('claim = "a"', "a is both acknowledge and claim"), ('claim = "ctrl+c"', "ctrl+c cannot be")):
        file = tmp_path / "c.toml"
        file.write_text(f"[keys]\n{keys}\n", "utf-8")
        ran = run("config", "check", "--config", file)
        assert ran.code == 2
        assert said in ran.err


def test_init_prints_an_example_that_holds_and_writes_once(own_home: Path) -> None:
    tomllib.loads(run("config", "init").out)
    written = run("config", "init", "--write")
    path = Path(written.out.strip())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("config", "check").code == 0
    path.write_text("# mine\n")
    assert run("config", "init", "--write").code == 2
    assert path.read_text() == "# mine\n"


def test_the_schema_is_one(own_home: Path) -> None:
    schema = json.loads(run("config", "schema").out)
    assert {"accounts", "share", "never_touch"} <= set(schema["$defs"]["Config"]["properties"])


def test_apply_scores_what_is_stored_by_the_configuration_in_force(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    record = {
        **FINDING,
        "Resource": {"ResourceType": "S3Bucket", "S3BucketDetails": [{"Name": "crm", "Arn": "arn:aws:s3:::crm"}]},
    }
    assert run("import", "-", "--store", shelf, stdin=json.dumps(record)).code == 0
    before = run("findings", "--json", "--store", shelf).row["score"]
    path = tmp_path / "c.toml"
    path.write_text('[[dataset]]\nname = "crm"\nstores = ["crm"]\ncategories = ["pii"]\n')
    path.chmod(0o600)
    assert "1 score changed" in run("config", "apply", "--store", shelf, "--config", path).err
    assert "0 scores changed" in run("config", "apply", "--store", shelf, "--config", path).err
    assert run("findings", "--json", "--store", shelf).row["score"] == before + 15
