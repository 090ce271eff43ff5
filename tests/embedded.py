"""The embedded AWS for tests of every room.

``embedded`` (session) is one running world, ``aws`` (function) the same world as new: findings, estate,
journal, faults and clock reset, the port kept. A room's ``conftest.py`` takes what it needs:
``from tests.embedded import aws, embedded`` (with ``# noqa: F401``).

One world a process: a test that needs another scenario, seed or speed starts it as a child process.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aiobotocore.httpsession import AIOHTTPSession
from botocore.config import Config
from moto import backends
from moto.core import responses
from moto.kms import models as kms

from socconsole.drill import Embedded
from socconsole.drill.scenario import Scenario

_running: list[Embedded] = []


def _do_once() -> None:
    """What is the same in every test and takes most of its time: done once a process.

    moto lists its own folders at every request, and a class's methods at every call; its KMS makes an RSA key
    for every key, even one that never signs; aiobotocore reads the machine's certificates for every client, HTTP or
    not.
    """
    listed, methods = tuple(backends.list_of_moto_modules()), responses.method_names_from_class
    backends.list_of_moto_modules = lambda: listed
    responses.method_names_from_class = functools.cache(methods)
    kms.generate_private_key = functools.cache(kms.generate_private_key)
    build, contexts = AIOHTTPSession._build_verify_context, {}

    def shared(session: AIOHTTPSession) -> Any:
        if session._verify not in contexts:
            contexts[session._verify] = build(session)
        return contexts[session._verify]

    AIOHTTPSession._build_verify_context = shared


_do_once()


@pytest.fixture(scope="session")
def embedded(request: pytest.FixtureRequest) -> Embedded:
    # Each conftest that imports this makes a fixture of its own of it; the world behind them is one, and it
    # lives until pytest ends.
    if not _running:
        _running.append(Embedded(scenario="leak", seed=1).start())
        request.config.add_cleanup(_running[0].stop)
    return _running[0]


@contextlib.contextmanager
def instead(scenario: str | Scenario) -> Iterator[Embedded]:
    """Another world in place of the one that is running in this process, which is new again afterwards."""
    for one in _running:
        one.stop()
    try:
        with Embedded(scenario=scenario, seed=1) as other:
            yield other
    finally:
        for one in _running:
            one.start()


@pytest.fixture
def aws(embedded: Embedded) -> Embedded:
    embedded.reset()
    return embedded


@functools.cache
def _session() -> Any:
    """One for all: a session loads each service's model once, which is most of what a client costs."""
    return boto3.session.Session()


def client(aws: Embedded, service: str, region: str = "eu-central-1", role: str = "", account: str = "") -> Any:
    """A boto3 client without retries: the analyst's own, or a session of ``socconsole-ROLE``."""

    def make(name: str, **credentials: str) -> Any:
        return _session().client(
            name,
            region_name=region,
            endpoint_url=aws.endpoint,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=60),
            **credentials,
        )

    own = {"aws_access_key_id": aws.access_key, "aws_secret_access_key": aws.secret_key}
    if not role:
        return make(service, **own)
    answer = make("sts", **own).assume_role(
        RoleArn=f"arn:aws:iam::{account or aws.accounts[0]}:role/socconsole-{role}",
        RoleSessionName="oncall1",
        SourceIdentity="oncall1",
    )["Credentials"]
    return make(
        service,
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )
