from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import msgspec
import pytest

from socconsole import config
from socconsole.cli.drill_world import push_table
from socconsole.config import Config, ConfigError
from socconsole.model.action import Mode

ACCOUNT = '[[accounts]]\naccount = "111122223333"\nregions = ["eu-central-1"]\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def loaded(path: Path, text: str) -> Config:
    path.write_text(text)
    path.chmod(0o600)
    return config.load(path)


def refused(path: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as error:
        loaded(path, text)
    return error.value


def test_without_a_file_there_are_defaults(own_home: Path) -> None:
    assert config.load() == Config()
    assert (Config().mode, Config().limit, Config().share) == ("TRIAGE", Mode.TRIAGE, 0.3)
    assert config.default_path() == own_home / "config" / "socconsole" / "config.toml"


def test_a_file_that_was_named_has_to_be_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.load(path)
    monkeypatch.setenv("SOCCONSOLE_CONFIG", str(path))
    with pytest.raises(ConfigError, match="no such file"):
        config.load()
    path.write_text('theme = "mono"')
    path.chmod(0o600)
    assert config.load().theme == "mono"


def test_what_is_configured_arrives(path: Path) -> None:
    found = loaded(
        path,
        ACCOUNT
        + 'name = "prod"\nresponder_role = "arn:aws:iam::111122223333:role/x"\nexclude = ["guardduty"]\n'
        + '[[dataset]]\nname = "chats"\nstores = ["chats-*"]\ncategories = ["pii"]\n'
        + '[protected_tags]\nowner = "*"\n[keys]\nacknowledge = "A"\n[intervals]\nsecurityhub = 15\n',
    )
    (account,) = found.accounts
    assert (account.account, account.name, account.regions) == ("111122223333", "prod", ("eu-central-1",))
    assert account.exclude == ("guardduty",)
    assert found.datasets[0].categories == ("pii",)
    assert found.keys == {"acknowledge": "A"}
    assert (found.intervals.securityhub, found.intervals.guardduty) == (15.0, 60.0)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("# a comment about colour\ncolour = 1\n", 2, "colour"),
        ('theme = "dark"\nshare = "much"\n', 2, "share"),
        ("share = 2.0\n", 1, "share"),
        ("\n\nshare = = 1\n", 3, ""),
        ('mode = "RESPOND"\n', 1, "mode"),
        (ACCOUNT + "\n" + ACCOUNT.replace("1111", "4444") + "nmae = 1\n", 8, "accounts[1].nmae"),
        (ACCOUNT + 'regions_ = 1\nname = "regions"\n', 4, "accounts[0].regions_"),
        ("# regions\n[[accounts]]\naccount = '111122223333'\nregions = ['mars']\n", 4, "accounts[0].regions[0]"),
        ('[[accounts]]\nregions = ["eu-west-1"]\n', 1, "accounts[0]"),
        ('[[accounts]]\naccount = "12"\nregions = ["eu-west-1"]\n', 2, "accounts[0].account"),
        (ACCOUNT + ACCOUNT, 5, "accounts[1].account"),
        ("[intervals]\nguardduty = 0\n", 2, "intervals.guardduty"),
        ('[keys]\nacknowlege = "A"\n', 2, "keys.acknowlege"),
        ('quiet_hours = ["22:00-26:00"]\n', 1, "quiet_hours[0]"),
        ('[[dataset]]\nname = "x"\nstores = []\n', 3, "dataset[0].stores"),
    ],
)
def test_what_is_wrong_names_file_line_and_key(path: Path, text: str, line: int, key: str) -> None:
    error = refused(path, text)
    assert (error.path, error.line) == (path, line), error
    assert error.key == key
    assert str(error).startswith(f"{path}:{line}: ")


def test_a_file_that_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(b"theme = '\xff'")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(path)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(path: Path, mode: int) -> None:
    path.write_text("")
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod go-w"):
        config.load(path)


def test_a_file_that_others_can_replace_is_refused(path: Path) -> None:
    path.write_text("")
    path.chmod(0o600)
    path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="chmod go-w"):
        config.load(path)


def test_a_link_is_as_good_as_what_it_points_to(path: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o700)
    (shared / "real.toml").write_text("")
    (shared / "real.toml").chmod(0o666)
    path.symlink_to(shared / "real.toml")
    with pytest.raises(ConfigError, match="chmod go-w"):
        config.load(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    path.write_text("")
    path.chmod(0o600)
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigError, match="12345"):
        config.load(path)


def test_a_folder_of_its_own_world_never_sees_the_accounts_of_production(path: Path, tmp_path: Path) -> None:
    path.write_text(ACCOUNT)
    path.chmod(0o600)
    (tmp_path / "drill").mkdir(mode=0o700)
    own = tmp_path / "drill" / config.WORLD_FILE
    own.write_text(ACCOUNT.replace("111122223333", "444455556666"))
    own.chmod(0o600)
    assert [account.account for account in config.load(path, root=tmp_path / "drill").accounts] == ["444455556666"]
    assert [account.account for account in config.load(path, root=tmp_path).accounts] == ["111122223333"]


def test_what_a_world_does_not_say_is_as_configured(path: Path, tmp_path: Path) -> None:
    path.write_text("allow_profile_to_respond = true\nshare = 0.1\nintervals = { securityhub = 120 }\n")
    path.chmod(0o600)
    own = tmp_path / config.WORLD_FILE
    own.write_text(ACCOUNT)
    own.chmod(0o600)
    found = config.load(path, root=tmp_path)
    assert (found.allow_profile_to_respond, found.share, found.intervals.securityhub) == (True, 0.1, 120)
    own.write_text("share = 1.0\n" + ACCOUNT)
    assert config.load(path, root=tmp_path).share == 1.0


QUEUE = (
    '[push]\nqueue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/socconsole-push"\n'
    'account = "111122223333"\nregion = "eu-central-1"\n'
)


def test_a_queue_goes_with_its_accounts(path: Path, tmp_path: Path) -> None:
    push = loaded(path, f'{ACCOUNT}{QUEUE}trail_buckets = ["trails"]\n').push
    assert push is not None
    assert (push.arn("aws"), push.trail_buckets) == (
        "arn:aws:sqs:eu-central-1:111122223333:socconsole-push",
        ("trails",),
    )
    own = tmp_path / config.WORLD_FILE
    own.write_text(ACCOUNT)
    own.chmod(0o600)
    assert config.load(path, root=tmp_path).push is None, "a drill would empty production's queue"
    drill = {"queue_url": "http://127.0.0.1:9/111122223333/q", "account": "111122223333", "region": "eu-west-1"}
    own.write_text(ACCOUNT + push_table({**drill, "trail_buckets": ("a-b",)}))
    read = config.load(path, root=tmp_path).push
    assert read is not None
    assert (read.queue_url, read.trail_buckets) == (drill["queue_url"], ("a-b",))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (QUEUE, "push.account"),
        (ACCOUNT + QUEUE.replace("/111122223333/", "/444455556666/"), "push.account"),
        (ACCOUNT + QUEUE.replace("https://", "file://"), "push.queue_url"),
        (ACCOUNT + QUEUE + 'bucket = "trails"\n', "push.bucket"),
        (ACCOUNT + QUEUE + 'trail_buckets = ["Not A Bucket"]\n', "push.trail_buckets[0]"),
    ],
    ids=["account", "url-account", "url", "unknown", "bucket"],
)
def test_a_queue_that_cannot_be_meant_is_refused(path: Path, text: str, key: str) -> None:
    assert refused(path, text).key == key


def test_the_example_holds_with_and_without_its_comments(path: Path) -> None:
    assert loaded(path, config.EXAMPLE) == Config()
    lines = [line.removeprefix("# ") for line in config.EXAMPLE.splitlines()[1:]]
    text = "\n".join(line.replace('  # or "READ"', "  #") for line in lines)
    found = loaded(path, text)
    assert found.accounts[0].name == "prod-eu"
    assert found.dataset[0].confidential
    assert found.keys


def test_the_schema_describes_the_file(path: Path) -> None:
    schema = json.loads(json.dumps(config.schema()))
    fields = schema["$defs"]["Config"]["properties"]
    assert set(fields) == set(Config.__struct_fields__)
    assert schema["$defs"]["Config"]["additionalProperties"] is False
    assert "RESPOND" not in json.dumps(fields["mode"])
    assert msgspec.convert(tomllib.loads(ACCOUNT), Config).accounts


@pytest.mark.parametrize("given", ["ssh-ed25519 AAAAC3Nz lead", "MCowBQYDK2VwAyEA", "3b6a27bc"])
def test_a_peers_key_in_another_form_says_what_to_paste(path: Path, given: str) -> None:
    error = refused(path, f'[[peers]]\nname = "lead"\npublic_key = "{given}"\n')
    assert "socconsole ledger key" in str(error)
    assert "BEGIN and END lines" in str(error)
    assert "A-F" not in str(error), "nobody reads a regular expression at night"
    assert error.line == 3


@pytest.mark.parametrize("given", ["ab" * 32, "\\n-----BEGIN PUBLIC KEY-----\\nMCow\\n-----END PUBLIC KEY-----\\n"])
def test_a_peers_key_is_pem_or_hexadecimal(path: Path, given: str) -> None:
    (peer,) = loaded(path, f'[[peers]]\nname = "lead"\npublic_key = "{given}"\n').peers
    assert peer.name == "lead"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[entity]]\nname = "a"\nzone = "Europe/Atlantis"\n', 3, "is no time zone"),
        ('[[entity]]\nname = "a"\n[[entity]]\nname = "a"\n', 4, "stands twice"),
        ('[[dataset]]\nname = "d"\nstores = ["s"]\nentity = "b"\n', 4, "is none of"),
        ('[[dataset]]\nname = "d"\nstores = ["s"]\npeople = [9, 1]\n', 4, "in this order"),
    ],
    ids=["zone", "twice", "entity", "people"],
)
def test_entities_that_do_not_hold_together(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(config.ConfigError, match=said) as caught:
        config.load(path)
    assert caught.value.line == line
