"""Answers that say little: what passes for "nothing", and what never does."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from socconsole.aws.gate import BadResponse, Gate
from socconsole.aws.operations import read

ROW = """
["lambda:GetFunctionConcurrency"]
effect = "read"
roles = ["reader"]
iam = ["lambda:GetFunctionConcurrency"]
absent_ok = "{}"
rate = 1.0
burst = 1.0

["cloudtrail:StartLogging"]
effect = "contain"
roles = ["responder"]
iam = ["cloudtrail:StartLogging"]
absent_ok = "empty"
rate = 1.0
burst = 1.0

["s3:DeleteBucketPolicy"]
effect = "contain"
roles = ["responder"]
iam = ["s3:DeleteBucketPolicy"]
absent_ok = "empty"
rate = 1.0
burst = 1.0
"""
GATE = Gate(read(ROW))


def judge(operation: str, body: bytes, media: str = "application/json") -> None:
    service, _, name = operation.partition(":")
    model = botocore.session.get_session().get_service_model(service).operation_model(name)
    answer: dict[str, Any] = {"status_code": 200, "headers": {"Content-Type": media}, "body": body}
    GATE.before_parse(model, answer, {})


@pytest.mark.parametrize("body", [b"{}", b'{"ReservedConcurrentExecutions":0}'])
def test_an_object_without_a_sure_key_is_an_answer(body: bytes) -> None:
    judge("lambda:GetFunctionConcurrency", body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"Reserved', b"<html>sign in</html>"])
def test_what_is_no_object_is_none(body: bytes) -> None:
    with pytest.raises(BadResponse):
        judge("lambda:GetFunctionConcurrency", body)


def test_an_object_in_a_page_of_html_is_none() -> None:
    with pytest.raises(BadResponse):
        judge("lambda:GetFunctionConcurrency", b"{}", "text/html")


@pytest.mark.parametrize("body", [b"", b"{}", b" {}\n"])
def test_a_json_service_says_nothing_with_or_without_an_object(body: bytes) -> None:
    judge("cloudtrail:StartLogging", body)


@pytest.mark.parametrize("body", [b"[]", b'{"message":"sign in"}', b"<html>sign in</html>"])
def test_something_is_not_nothing(body: bytes) -> None:
    with pytest.raises(BadResponse):
        judge("cloudtrail:StartLogging", body)


def test_an_xml_service_says_nothing_with_no_body_at_all() -> None:
    judge("s3:DeleteBucketPolicy", b"")
    with pytest.raises(BadResponse):
        judge("s3:DeleteBucketPolicy", b"{}")
