import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from socconsole.commands import Contain, Offer, Respond
from socconsole.model.action import Mode
from socconsole.model.wire import Done, Failed, ModeIs, Offered, Progress
from socconsole.processes import ours
from socconsole.screens.link import ActorLink

FAKE = [sys.executable, str(Path(__file__).parent / "fake_actor.py")]


async def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def link() -> AsyncIterator[ActorLink]:
    link = ActorLink(FAKE)
    link.start()
    await until(lambda: link.alive)
    yield link
    await link.close()


async def test_requests_and_replies_meet_by_number_and_the_mode_is_the_actors_own(link: ActorLink) -> None:
    assert (link.mode, link.analyst) == (Mode.TRIAGE, "oncall1")
    offered, refused = await asyncio.gather(
        link.ask(Offer(findings=("f-1",))), link.ask(Contain(action="x", target="y", confirm="y"))
    )
    assert isinstance(offered, Offered)
    assert isinstance(refused, Failed)
    assert refused.kind == "refused"

    assert isinstance(await link.ask(Respond(reason="leak")), ModeIs)
    assert link.mode is Mode.RESPOND
    heard: list[Progress] = []
    done = await link.ask(Contain(action="x", target="y", confirm="y"), heard.append)
    assert isinstance(done, Done)
    assert [p.done for p in heard] == [1, 2]


async def test_a_dead_actor_answers_what_was_asked_and_comes_back_disarmed(link: ActorLink) -> None:
    await link.ask(Respond(reason="leak"))
    answer = await link.ask(Respond(reason="die"))
    assert isinstance(answer, Failed)
    assert "in doubt" in answer.why
    assert link.mode is None
    await until(lambda: link.alive)
    assert link.mode is Mode.TRIAGE


async def test_a_listener_that_fails_costs_neither_an_answer_nor_the_next_actor() -> None:
    def fails() -> None:
        raise OSError("the store is gone")

    link = ActorLink(FAKE, changed=fails)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    link.start()
    try:
        await until(lambda: link.alive)
        assert isinstance(await asyncio.wait_for(link.ask(Respond(reason="leak")), 5.0), ModeIs)
        await link.ask(Respond(reason="die"))
        await until(lambda: link.alive)
    finally:
        await link.close()


async def test_what_is_not_a_reply_is_said_and_harms_nothing(link: ActorLink) -> None:
    assert isinstance(await link.ask(Respond(reason="garble")), ModeIs)
    assert "not a reply" in link.trouble


async def test_an_actor_that_cannot_start_is_trouble_in_words(tmp_path: Path) -> None:
    link = ActorLink([str(tmp_path / "missing")])
    link.start()
    await until(lambda: bool(link.trouble))
    answer = await link.ask(Offer(findings=("f-1",)))
    assert isinstance(answer, Failed)
    assert "cannot be started" in answer.why
    await link.close()


async def test_closing_ends_an_idle_actor(link: ActorLink) -> None:
    assert await link.close()
    assert link.mode is None


@pytest.mark.parametrize("module", ["socconsole", "socconsole.actor"])
def test_a_file_in_the_folder_of_work_is_no_part_of_us(tmp_path: Path, module: str) -> None:
    """What lies beside somebody's evidence must not run with the analyst's credentials."""
    ran = tmp_path / "ran"
    for name in ("msgspec", "typer", "six", "json"):
        (tmp_path / f"{name}.py").write_text(f"open({str(ran)!r}, 'w').close()\nraise SystemExit('ours now')\n")
    command = ours(module, "--help")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert not ran.exists()
    assert done.returncode == 0, done.stderr
