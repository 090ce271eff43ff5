from collections.abc import Iterator

import pytest

from tests.embedded import aws, embedded
from tests.watch.escalating import Hook

__all__ = ["aws", "embedded"]


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    made = Hook()
    monkeypatch.setenv("SOC_CHAT_URL", made.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield made
    made.released.set()
    made.server.shutdown()
    made.server.server_close()
