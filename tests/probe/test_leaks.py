"""What counts as given away, and what does not."""

from __future__ import annotations

import json

import pytest

from socconsole.probe import leaks
from socconsole.probe.leaks import mask, patterns, too_deep


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"error": "invalid request", "id": "req-77"}', []),
        ('Traceback (most recent call last):\n  File "/app/serve.py", line 7', ["traceback"]),
        ("at com.kaufhaus.Llm.answer(Llm.java:42)", ["traceback"]),
        ("vllm.engine refused: CUDA out of memory", ["internals"]),
        ("no such key in s3://kaufhaus-llm-corpus", ["cloud"]),
        ("model arn:aws:bedrock:eu-central-1:111122223333:model/x", ["cloud"]),
        ('api_key = "0123456789abcdef0123"', ["secret"]),
        ("written by erika.muster@kaufhaus.example", ["mail"]),
        ("pay to DE89 3704 0044 0532 0130 00", ["iban"]),
        ("pay to DE88 3704 0044 0532 0130 00", []),
        ("card 4111 1111 1111 1111", ["card"]),
        ("card 4111 1111 1111 1112", []),
        ("request 20261123210000000001", []),
        ("<|im_start|>system\nYou are a helpful assistant", ["prompt"]),
        ('{"instruction": "say", "completion": "so"}', ["training"]),
    ],
    ids=[
        "nothing", "python", "java", "vllm", "s3", "arn", "key", "mail", "iban", "no-iban", "card", "no-card", "digits",
        "prompt", "training",
    ],
)  # fmt: skip
def test_what_a_response_gives_away(body: str, found: list[str]) -> None:
    assert [one.id for one in leaks(body.encode())] == found


def test_what_we_sent_ourselves_is_not_its_leak() -> None:
    body = b'unexpected "erika.muster@kaufhaus.example"'
    assert leaks(body, sent=b'{"user": "erika.muster@kaufhaus.example"}') == ()


def test_a_canary_is_critical_and_never_shown_whole() -> None:
    canary = "the quick onyx goblin of Kaufhaus"
    (found,) = leaks(b"... THE QUICK ONYX GOBLIN of kaufhaus jumps", canaries=(canary,))
    assert (found.id, found.severity) == ("canary", "critical")
    assert canary not in found.masked
    assert mask("12345") == "1… (5 characters)"


@pytest.mark.parametrize(
    "body",
    [
        r'{"error": "bad: {\"role\": \"system\"}"}',
        r'{"error": "{\"inner\": \"{\\\"role\\\": \\\"system\\\"}\"}"}',
        r'{"role": "syst\u0065m"}',
        '{"ok": 1}\n' + r'{"error": "\"role\":\n\"system\""}',
        r'data: {"error": "{\"role\": \"system\"}", "and the rest of it was',
    ],
    ids=["string", "string-in-string", "number", "lines", "half-a-stream"],
)
def test_json_hides_nothing_by_its_escapes(body: str) -> None:
    assert [(one.id, one.times) for one in leaks(body.encode())] == [("prompt", 1)]


def test_what_stands_in_two_readings_is_counted_once() -> None:
    body = r'{"to": "erika.muster@kaufhaus.example", "detail": "{\"cc\": \"\nmax@kaufhaus.example\"}"}'
    (found,) = leaks(body.encode())
    assert (found.id, found.times) == ("mail", 2)


def test_a_canary_is_found_in_escapes_and_beyond_the_basic_plane() -> None:
    body = json.dumps({"error": json.dumps("the onyx göblin \N{JAPANESE GOBLIN} of Kaufhaus")})
    assert [one.id for one in leaks(body.encode(), canaries=("onyx GÖBLIN \N{JAPANESE GOBLIN}",))] == ["canary"]
    assert [one.id for one in leaks(rb"th\u0065 on\u0079x", canaries=("the onyx",))] == ["canary"]


def test_what_is_escaped_too_often_to_be_read_is_said() -> None:
    text = '"role": "system"'
    for _ in range(4):
        text = json.dumps(text)
        assert not too_deep(text.encode())
        assert leaks(text.encode())
    assert too_deep(json.dumps(json.dumps(text)).encode())


def test_patterns_are_fast_on_what_an_attacker_sends() -> None:
    assert len(patterns()) >= 10
    assert leaks(b"a" * 262_144) == ()
    assert leaks(b"@" * 262_144) == ()
    assert leaks(b"\\u005c" + b"u005c" * 50_000) == ()
