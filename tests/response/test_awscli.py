"""A refusal prints the plan as command lines that a shell reads back exactly."""

import shlex
import subprocess

import pytest

from socconsole.model.action import Call
from socconsole.response.awscli import commented, kebab, line
from socconsole.response.calls import answer


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("PutPublicAccessBlock", "put-public-access-block"),
        ("ExpectedBucketOwner", "expected-bucket-owner"),
        ("ModifyDBSnapshotAttribute", "modify-db-snapshot-attribute"),
        ("MD5", "md5"),
    ],
)
def test_names_are_spelled_as_the_cli_spells_them(name: str, flag: str) -> None:
    assert kebab(name) == flag


def test_a_call_is_one_line() -> None:
    call = Call("s3", "DeletePublicAccessBlock", {"Bucket": "b-1", "ExpectedBucketOwner": "111122223333"})
    assert line(call, "eu-central-1") == (
        "aws s3api delete-public-access-block --bucket b-1 --expected-bucket-owner 111122223333 --region eu-central-1"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "a b",
        "$(touch /tmp/x)",
        "'; rm -rf ~ #",
        "`id`",
        'q"uo\\te',
        "line\nbreak",
        "\x1b]52;c;aGk=\x07",
        "\u202eevil'",
    ],
)
def test_a_shell_reads_back_exactly_what_the_call_says(hostile: str) -> None:
    text = line(Call("s3", "GetBucketAcl", {"Bucket": hostile}), "eu-central-1")
    assert text.isascii()
    assert text.isprintable()
    said = subprocess.run(
        ["bash", "-c", f"LC_ALL=C.UTF-8; aws() {{ printf '%s\\0' \"$@\"; }}; {text}"],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout.decode()
    assert said.split("\0")[3] == hostile


def test_structures_are_json() -> None:
    call = Call("s3", "PutPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}})
    assert '{"BlockPublicAcls":true}' in shlex.split(line(call, "eu-central-1"))


def test_undo_lines_are_comments() -> None:
    (text,) = commented((Call("s3", "DeletePublicAccessBlock", {"Bucket": "b"}),), "eu-central-1")
    assert text.startswith("#")


def test_what_an_earlier_call_returns_is_named_and_no_shell_acts_on_it() -> None:
    call = Call(
        "ec2",
        "ModifyNetworkInterfaceAttribute",
        {"NetworkInterfaceId": "eni-1", "GroupId": answer(0, "GroupId"), "Groups": [answer(0, "GroupId")]},
    )
    text = line(call, "eu-central-1")
    assert shlex.split(text)[5:9] == ["--group-id", "<GroupId of call 1>", "--groups", '["<GroupId of call 1>"]']
    assert "$" not in text
