"""The door against everything that is not AWS: whatever answers, an empty list is never made of it."""

from __future__ import annotations

import asyncio
import json
import resource

import pytest

from socconsole.aws import Absent, AwsTrouble, Kind, sessions, transport
from socconsole.model.world import Place

from .conftest import PLACE, Opener
from .fakeaws import FakeAws, Hit, Reply, error, ok, s3_error, serving, xml

GET = "securityhub:GetFindings"
JSON = {"Content-Type": "application/json", "x-amzn-RequestId": "req-1"}
FINDINGS = ok({"Findings": [{"Id": "f1"}]})


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts as configured would make the suite wait; the logic is the same."""
    monkeypatch.setattr(sessions, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(sessions, "READ_TIMEOUT", 0.2)
    monkeypatch.setattr(sessions, "ATTEMPTS", 1)


async def test_an_answer_is_handed_over_with_its_request_id(fake: FakeAws, opened: Opener) -> None:
    fake.always(GET, FINDINGS)
    async with opened() as door:
        answer = await door.call(PLACE, GET, {"MaxResults": 5})
    assert answer["Findings"] == [{"Id": "f1"}]
    assert answer["ResponseMetadata"]["RequestId"] == "req-1"
    assert fake.seen(GET)[0].json() == {"MaxResults": 5}
    assert fake.seen(GET)[0].key == "ASIA111122223333"
    assert fake.seen(GET)[0].region == "eu-central-1"


async def test_a_true_zero_is_an_answer(fake: FakeAws, opened: Opener) -> None:
    fake.always(GET, ok({"Findings": []}))
    async with opened() as door:
        assert (await door.call(PLACE, GET, {}))["Findings"] == []


HOSTILE = {
    "html": (Reply(body=b"<html>sign in</html>", headers={"Content-Type": "text/html"}), Kind.BAD_RESPONSE),
    "html as json": (Reply(body=b"<html>sign in</html>", headers=JSON), Kind.BAD_RESPONSE),
    "json as html": (
        Reply(body=b'{"Findings":[]}', headers={**JSON, "Content-Type": "text/html"}),
        Kind.BAD_RESPONSE,
    ),
    "no media type": (Reply(body=b'{"Findings":[]}', headers={"x-amzn-RequestId": "r"}), Kind.BAD_RESPONSE),
    "no request id": (
        Reply(body=b'{"Findings":[]}', headers={"Content-Type": "application/json"}),
        Kind.BAD_RESPONSE,
    ),
    "empty": (Reply(headers=JSON), Kind.BAD_RESPONSE),
    "204": (Reply(204, headers=JSON), Kind.BAD_RESPONSE),
    "empty object": (ok({}), Kind.BAD_RESPONSE),
    "another object": (ok({"message": "hello"}), Kind.BAD_RESPONSE),
    "null list": (ok({"Findings": None}), Kind.BAD_RESPONSE),
    "not a list": (ok({"Findings": {"Id": "f1"}}), Kind.BAD_RESPONSE),
    "text for a list": (ok({"Findings": "none"}), Kind.BAD_RESPONSE),
    "a list": (ok([]), Kind.BAD_RESPONSE),
    "half a document": (Reply(body=b'{"Findings":[{"Id":', headers=JSON), Kind.BAD_RESPONSE),
    "half, closed": (Reply(body=b'{"Findings":[{"Id":}', headers=JSON), Kind.BAD_RESPONSE),
    "too deep": (Reply(body=b'{"Findings":' + b"[" * 100_000, headers=JSON), Kind.BAD_RESPONSE),
    "cut off": (Reply(body=b'{"Findings":[]', headers=JSON, length=1000, cut=True), Kind.UNREACHABLE),
    "huge, announced": (Reply(headers=JSON, length=200_000_000), Kind.BAD_RESPONSE),
    "no reply": (Reply(hang=True), Kind.TIMEOUT),
    "html error": (Reply(403, b"<html>blocked</html>", {"Content-Type": "text/html"}), Kind.BAD_RESPONSE),
    "html gateway": (Reply(502, b"<html>bad gateway</html>", {"Content-Type": "text/html"}), Kind.BAD_RESPONSE),
    "denied": (error("AccessDeniedException", 403), Kind.DENIED),
    "throttled": (error("ThrottlingException"), Kind.THROTTLED),
    "too many": (error("TooManyRequestsException", 429), Kind.THROTTLED),
    "expired": (error("ExpiredTokenException", 403), Kind.EXPIRED),
    "unknown key": (error("UnrecognizedClientException", 403), Kind.NO_CREDENTIALS),
    "off": (error("InvalidAccessException", 401, "not subscribed to AWS Security Hub"), Kind.OFF),
    "not ours": (error("InvalidAccessException", 401, "User is not authorized to do this"), Kind.DENIED),
    "internal": (error("InternalException", 500), Kind.ERROR),
    "skew": (error("InvalidSignatureException", 403, "Signature expired: is now earlier than"), Kind.ERROR),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_false_empty(name: str, fake: FakeAws, opened: Opener) -> None:
    reply, kind = HOSTILE[name]
    fake.always(GET, reply)
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, GET, {})
    assert caught.value.kind is kind
    assert caught.value.operation == GET
    assert caught.value.place == PLACE
    assert fake.seen(GET)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int, fake: FakeAws, opened: Opener) -> None:
    """A signed request, its token and its body go to the host they were signed for and to no other."""
    async with serving() as other:
        page = {"Content-Type": "text/html", "Location": f"{other.url}/findings"}
        fake.always(GET, Reply(status, b"<html>moved</html>", page))
        async with opened() as door:
            with pytest.raises(AwsTrouble) as caught:
                await door.call(PLACE, GET, {})
        assert other.connections == 0
    assert caught.value.kind is Kind.BAD_RESPONSE


async def test_a_slow_loris_ends_at_the_deadline(fake: FakeAws, opened: Opener) -> None:
    """Each byte comes in time, and the whole would take an hour."""
    fake.always(GET, Reply(body=b" " * 180_000, headers=JSON, drip=0.02))
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, GET, {}, deadline=0.5)
    assert caught.value.kind is Kind.TIMEOUT


async def test_a_huge_body_costs_no_memory(fake: FakeAws, opened: Opener) -> None:
    """200 MB, announced as such: not one of them is read."""
    fake.always(GET, Reply(body=b'{"Findings":[],"x":"', headers=JSON, length=200 << 20, flood=200 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, GET, {})
    assert caught.value.kind is Kind.BAD_RESPONSE
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert grown < 40


async def test_a_body_of_unannounced_length_stops_at_the_cap(
    fake: FakeAws, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "BODY_LIMIT", 1 << 20)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    reply = Reply(body=chunk * 64, headers={**JSON, "Transfer-Encoding": "chunked"})
    fake.always(GET, reply)
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, GET, {})
    assert caught.value.kind is Kind.BAD_RESPONSE
    assert "more than 1048576 bytes" in str(caught.value)


async def test_a_dead_endpoint_is_unreachable(opened: Opener, fake: FakeAws) -> None:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    dead = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    fake.port = dead
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, GET, {})
    assert caught.value.kind is Kind.UNREACHABLE
    assert caught.value.remedy == "start the drill again: socconsole drill --resume"


async def test_records_come_as_aws_wrote_them(fake: FakeAws, opened: Opener) -> None:
    """Fields newer than botocore's model, shapes it would choke on, and text orjson refuses: all kept."""
    raw = (
        rb'{"findings":[{"id":"a","brandNew":{"x":1}},{"service":"not a structure"},'
        rb'{"id":"\ud800\u001b[2J","big":123456789012345678901234567890}]}'
    )
    fake.always("guardduty:GetFindings", Reply(body=raw, headers=JSON))
    async with opened() as door:
        answer = await door.call(PLACE, "guardduty:GetFindings", {"DetectorId": "d", "FindingIds": ["a"]})
    assert answer["Findings"] == json.loads(raw)["findings"]


async def test_what_is_not_configured_is_a_state(fake: FakeAws, opened: Opener) -> None:
    fake.always("s3:GetBucketPolicy", s3_error("NoSuchBucketPolicy"))
    fake.always("s3:GetBucketWebsite", s3_error("NoSuchBucket"))
    async with opened() as door:
        answer = await door.call(PLACE, "s3:GetBucketPolicy", {"Bucket": "b"})
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, "s3:GetBucketWebsite", {"Bucket": "b"})
    assert isinstance(answer, Absent)
    assert answer.code == "NoSuchBucketPolicy"
    assert answer.get("Policy") is None
    assert caught.value.kind is Kind.NOT_FOUND
    assert caught.value.code == "NoSuchBucket"


async def test_an_absence_needs_a_request_id_too(fake: FakeAws, opened: Opener) -> None:
    reply = Reply(404, b"<Error><Code>NoSuchBucketPolicy</Code></Error>", {"Content-Type": "text/html"})
    fake.always("s3:GetBucketPolicy", reply)
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, "s3:GetBucketPolicy", {"Bucket": "b"})
    assert caught.value.kind is Kind.BAD_RESPONSE


BLOCK = "<PublicAccessBlockConfiguration>{}</PublicAccessBlockConfiguration>"
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


async def test_three_of_four_flags_are_no_answer(fake: FakeAws, opened: Opener) -> None:
    flags = [f"<{name}>true</{name}>" for name in FLAGS]
    fake.next("s3:GetPublicAccessBlock", xml(BLOCK.format("".join(flags))), xml(BLOCK.format("".join(flags[1:]))))
    async with opened() as door:
        answer = await door.call(PLACE, "s3:GetPublicAccessBlock", {"Bucket": "b"})
        assert answer["PublicAccessBlockConfiguration"] == dict.fromkeys(FLAGS, True)
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, "s3:GetPublicAccessBlock", {"Bucket": "b"})
    assert caught.value.kind is Kind.BAD_RESPONSE


async def test_a_document_of_another_root_is_no_answer(fake: FakeAws, opened: Opener) -> None:
    index = "<IndexDocument><Suffix>i</Suffix></IndexDocument>"
    fake.next(
        "s3:GetBucketWebsite",
        xml(f'<?xml version="1.0"?>\n<WebsiteConfiguration>{index}</WebsiteConfiguration>'),
        xml("<html><body>sign in</body></html>"),
    )
    async with opened() as door:
        answer = await door.call(PLACE, "s3:GetBucketWebsite", {"Bucket": "b"})
        assert answer["IndexDocument"] == {"Suffix": "i"}
        with pytest.raises(AwsTrouble):
            await door.call(PLACE, "s3:GetBucketWebsite", {"Bucket": "b"})


async def test_a_page_where_nothing_should_be_is_no_answer(fake: FakeAws, opened: Opener) -> None:
    from socconsole.model.action import Mode

    put = {"Bucket": "b", "PublicAccessBlockConfiguration": dict.fromkeys(FLAGS, True)}
    fake.next(
        "s3:PutPublicAccessBlock",
        Reply(headers={"x-amz-request-id": "r"}),
        Reply(body=b"<html>sign in</html>", headers={"Content-Type": "text/html"}),
        Reply(),
    )
    async with opened("responder", Mode.RESPOND) as door:
        await door.call(PLACE, "s3:PutPublicAccessBlock", put)
        for _ in range(2):
            with pytest.raises(AwsTrouble) as caught:
                await door.call(PLACE, "s3:PutPublicAccessBlock", put)
            assert caught.value.kind is Kind.BAD_RESPONSE


async def test_s3control_finds_the_drill_without_its_account_host(fake: FakeAws, opened: Opener) -> None:
    fake.always("s3control:GetPublicAccessBlock", s3_error("NoSuchPublicAccessBlockConfiguration"))
    async with opened() as door:
        answer = await door.call(PLACE, "s3control:GetPublicAccessBlock", {"AccountId": PLACE.account})
    assert isinstance(answer, Absent)
    assert fake.seen("s3control:GetPublicAccessBlock")[0].headers["host"] == f"127.0.0.1:{fake.port}"


async def test_pages_go_to_the_end(fake: FakeAws, opened: Opener) -> None:
    fake.next(GET, ok({"Findings": [1], "NextToken": "a"}), ok({"Findings": [2], "NextToken": ""}))
    async with opened() as door:
        pages = [page["Findings"] async for page in door.pages(PLACE, GET, {})]
    assert pages == [[1], [2]]
    assert [hit.json() for hit in fake.seen(GET)] == [
        {"MaxResults": 100},
        {"MaxResults": 100, "NextToken": "a"},
    ]


async def test_the_same_token_for_ever_is_trouble(fake: FakeAws, opened: Opener) -> None:
    fake.always(GET, ok({"Findings": [], "NextToken": "same"}))
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            _ = [page async for page in door.pages(PLACE, GET, {})]
    assert caught.value.kind is Kind.BAD_RESPONSE
    assert len(fake.seen(GET)) == 2


async def test_fresh_tokens_for_ever_are_trouble(fake: FakeAws, opened: Opener) -> None:
    fake.always(GET, lambda hit: ok({"Findings": [], "NextToken": str(len(fake.hits))}))
    async with opened() as door:
        with pytest.raises(AwsTrouble) as caught:
            _ = [page async for page in door.pages(PLACE, GET, {}, limit=4)]
    assert caught.value.kind is Kind.BAD_RESPONSE
    assert len(fake.seen(GET)) == 4


async def test_a_page_that_fails_ends_the_listing_with_trouble(fake: FakeAws, opened: Opener) -> None:
    fake.next(GET, ok({"Findings": [1], "NextToken": "a"}), error("AccessDeniedException", 403))
    async with opened() as door:
        pages = door.pages(PLACE, GET, {})
        assert (await anext(pages))["Findings"] == [1]
        with pytest.raises(AwsTrouble):
            await anext(pages)


async def test_cancellation_stays_cancellation(fake: FakeAws, opened: Opener) -> None:
    arrived = asyncio.Event()

    def hang(hit: Hit) -> Reply:
        arrived.set()
        return Reply(hang=True)

    fake.always(GET, hang)
    async with opened() as door:
        task = asyncio.create_task(door.call(PLACE, GET, {}))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_drill_does_not_look_at_the_environment(
    fake: FakeAws, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_PROFILE": "missing",
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_CONFIG_FILE": "/nonexistent/config",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/nonexistent/ca.pem",
        "AWS_RETRY_MODE": "nonsense",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    fake.always(GET, FINDINGS)
    async with opened() as door:
        assert (await door.call(PLACE, GET, {}))["Findings"]
    assert {hit.key for hit in fake.hits} == {"AKIASOCCONSOLEDRILL0", "ASIA111122223333"}


async def test_each_account_and_region_is_signed_as_itself(fake: FakeAws, opened: Opener) -> None:
    fake.always(GET, FINDINGS)
    places = [Place(account, region) for account in (PLACE.account, "444455556666") for region in ("a-b-1", "c-d-2")]
    async with opened() as door:
        await asyncio.gather(*(door.call(place, GET, {}) for place in places))
    assert sorted((hit.key, hit.region) for hit in fake.seen(GET)) == sorted(
        (f"ASIA{place.account}", place.region) for place in places
    )
    assert len(fake.seen("sts:AssumeRole")) == 2
