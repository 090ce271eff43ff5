"""What a screen reads whole: one reading at a time, as often as it may, and never the answer to another question."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from socconsole.screens.renewed import Renewed


class Looking:
    """What of a screen a renewed answer sees, over a store whose version the test sets."""

    def __init__(self) -> None:
        self.version = 0
        self.is_built = True
        self.desk = SimpleNamespace(queue=SimpleNamespace(version=lambda: self.version))
        self.tasks: list[asyncio.Task[None]] = []

    def work(self, doing: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(doing))


class Store:
    """Answers with what was asked, when the test lets it."""

    def __init__(self) -> None:
        self.question = "first"
        self.asked: list[str] = []
        self.let = asyncio.Event()

    async def ask(self) -> str:
        said = self.question
        self.asked.append(said)
        await self.let.wait()
        return f"answer to {said}"


@pytest.fixture
def screen() -> Looking:
    return Looking()


async def test_it_is_read_again_when_something_was_written_and_only_once_at_a_time(screen: Looking) -> None:
    store, shown = Store(), []
    kept: Renewed[str] = Renewed(screen, store.ask, lambda: shown.append(kept.value))  # type: ignore[arg-type]
    assert kept.value is None
    kept.renew()
    await asyncio.sleep(0)
    screen.version = 1
    kept.renew()  # one is under way
    store.let.set()
    await asyncio.gather(*screen.tasks)
    assert (store.asked, shown) == (["first"], ["answer to first"])
    kept.renew()
    await asyncio.gather(*screen.tasks)
    assert len(store.asked) == 2
    kept.renew()  # nothing was written since
    assert len(screen.tasks) == 2
    screen.version, screen.is_built = 2, False
    kept.renew()
    await asyncio.gather(*screen.tasks)
    assert len(store.asked) == 3
    assert len(shown) == 2  # it was left: there is nothing to show it on


async def test_while_it_rests_it_is_not_read_and_an_answer_ages(screen: Looking) -> None:
    store = Store()
    store.let.set()
    resting: Renewed[str] = Renewed(screen, store.ask, lambda: None, rest_s=3_600)  # type: ignore[arg-type]
    ageing: Renewed[str] = Renewed(screen, store.ask, lambda: None, ages_s=0.0)  # type: ignore[arg-type]
    for kept, reads in ((resting, 1), (ageing, 3)):
        store.asked.clear()
        for _ in range(3):
            kept.renew()
            await asyncio.gather(*screen.tasks)
            screen.version += kept is resting
        assert len(store.asked) == reads


async def test_the_answer_to_a_question_that_was_changed_is_dropped(screen: Looking) -> None:
    store, shown = Store(), []
    kept: Renewed[str] = Renewed(screen, store.ask, lambda: shown.append(kept.value))  # type: ignore[arg-type]
    kept.renew()
    await asyncio.sleep(0)
    store.question = "second"
    kept.ask_anew()
    store.let.set()
    await asyncio.gather(*screen.tasks)
    assert (store.asked, shown) == (["first", "second"], ["answer to second"])


async def test_after_a_reading_that_failed_there_is_another(screen: Looking) -> None:
    answers: list[Any] = [RuntimeError("busy"), "an answer"]

    async def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    kept: Renewed[str] = Renewed(screen, ask, lambda: None)  # type: ignore[arg-type]
    kept.renew()
    with pytest.raises(RuntimeError, match="busy"):
        await screen.tasks[0]
    assert kept.value is None
    screen.version = 1
    kept.renew()
    await screen.tasks[1]
    assert kept.value == "an answer"
