"""The publisher: what goes live, when, and what stays."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from engine.bus.port import Outgoing, Position
from engine.errors import BusUnavailable, PoolError
from engine.events.codec import decode, encode
from engine.events.inputs import PoolLive
from engine.pool.encoding import decode_pool
from engine.pool.model import Pool
from engine.publisher import service
from tests.unit.pool.shops import BASE, REPLIES, SHOP, write
from tests.unit.publisher.fakes import NOW, Desk, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    base, shop = write(tmp_path)
    desk = Desk(tmp_path, [shop], base)
    yield desk
    await desk.bus.close()


async def live(desk: Desk, shop: str = "tea") -> PoolLive | None:
    stored = (await desk.bus.latest_per_key("shop-events", 0)).get(f"{shop}/pool")
    event = decode("shop-events", stored.value) if stored else None
    assert event is None or isinstance(event, PoolLive)
    return event


async def pool(desk: Desk) -> Pool:
    """The live pool, as a worker would read it."""
    event = await live(desk)
    assert event is not None
    content = await desk.publisher._bulletin.blobs(frozenset([event.pool]))
    return decode_pool(content[event.pool])


class Running:
    """A publisher that runs while the block does."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def __aenter__(self) -> Desk:
        self.task = asyncio.create_task(self.desk.publisher.run())
        await until(lambda: self.desk.publisher.ready or self.task.done())
        if self.task.done():
            self.task.result()
        return self.desk

    async def __aexit__(self, *_: object) -> None:
        self.desk.publisher.stop()
        await self.task


async def edit(desk: Desk, text: str, outcome: str) -> None:
    """Write the shop's intents and wait for the build to end so."""
    before = desk.count(outcome)
    shop = desk.settings.publisher.shops[0]
    (shop / "intents" / "all.yaml").write_text(text)
    desk.edited.put_nowait({shop})
    await until(lambda: desk.count(outcome) > before)


async def test_the_first_pool_is_trained_and_published(desk: Desk) -> None:
    """Model, pool and the live record stand on the bus when the publisher is ready."""
    async with Running(desk):
        event = await live(desk)
        assert event is not None
        assert (event.generation, event.at, event.rollback) == (1, NOW, False)
        published = await pool(desk)
        assert published.hash == event.pool
        assert published.model == published.training.hash
        assert desk.trainer.trained == [published.model]
        assert published.model in await desk.publisher._bulletin.blobs(frozenset([published.model]))
    assert desk.builder.closed


async def test_an_edited_reply_goes_live_without_training(desk: Desk) -> None:
    """The next generation carries the new text and the same model."""
    async with Running(desk):
        await edit(desk, REPLIES.replace("之内发", "之内寄"), "published")
        event, published = await live(desk), await pool(desk)
        assert event is not None
        assert event.generation == 2
        assert "寄" in published.intents["shipping.dispatch"].replies[0].text
        assert len(desk.trainer.trained) == 1


async def test_an_edited_example_acts_at_once_and_is_trained_beside(desk: Desk) -> None:
    """First the old model with the own line, then the new model; replies can be edited while it is trained.

    Only the first training, while no room can be on air, competes for the processor.
    """
    async with Running(desk):
        old = (await pool(desk)).model
        desk.builder.gate.clear()
        taught = REPLIES.replace("[铁观音咋卖]", "[铁观音咋卖, 咋个价]")
        await edit(desk, taught, "published")
        interim = await pool(desk)
        assert interim.model == old
        assert "咋个价" in {line.text for line in interim.training.own}
        await edit(desk, taught.replace("之内发", "之内寄"), "published")
        before = desk.count("published")
        desk.builder.gate.set()
        await until(lambda: desk.count("published") > before)
        final = await pool(desk)
        assert final.model == final.training.hash != old
        assert "寄" in final.intents["shipping.dispatch"].replies[0].text
        assert desk.builder.urgent == [True, False]


async def test_a_broken_edit_keeps_what_is_live(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """All its problems are told in one event and counted; the mended file clears them."""
    async with Running(desk):
        before = await live(desk)
        caplog.clear()
        with caplog.at_level(logging.ERROR, "engine.publisher"):
            await edit(desk, REPLIES.replace("replies", "repleis").replace("70", "700"), "broken")
        told = [record.getMessage() for record in caplog.records]
        assert len(told) == 1
        assert "what is live stays live" in told[0]
        assert told[0].count("did you mean `replies`?") == 2
        assert "1 to 100" in told[0]
        assert await live(desk) == before
        assert desk.metrics.registry.get_sample_value("livechat_pool_problems") == 3
        await edit(desk, REPLIES.replace("70", "71"), "published")
        assert desk.metrics.registry.get_sample_value("livechat_pool_problems") == 0


async def test_a_pipe_among_the_files_holds_nothing_up(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """It is told at once, what is live stays, and edits go live again once it is gone."""
    async with Running(desk):
        before, shop = await live(desk), desk.settings.publisher.shops[0]
        pipe = shop / "intents" / "pipe.yaml"
        os.mkfifo(pipe)
        await edit(desk, REPLIES.replace("70", "71"), "broken")
        assert f"{pipe}: this is not a regular file but a pipe" in caplog.text
        assert await live(desk) == before
        pipe.unlink()
        await edit(desk, REPLIES.replace("70", "71"), "published")


async def test_files_that_are_mended_to_what_is_live_are_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Else the newest line of the log would go on saying that they are wrong; told once."""
    with caplog.at_level(logging.INFO, "engine.publisher"):
        async with Running(desk):
            await edit(desk, REPLIES.replace("70", "700"), "broken")
            await edit(desk, REPLIES, "unchanged")
            assert "the files are right again" in caplog.records[-1].getMessage()
            caplog.clear()
            await edit(desk, REPLIES + "\n", "unchanged")
            assert not caplog.records


async def test_an_edit_that_changes_nothing_publishes_nothing(desk: Desk) -> None:
    """Comments and order of files have no hash."""
    async with Running(desk):
        await edit(desk, "# a comment\n" + REPLIES, "unchanged")
        event = await live(desk)
        assert event is not None
        assert event.generation == 1


async def test_a_restart_publishes_nothing_anew(desk: Desk) -> None:
    """The live pool has the hash already, and its model is not trained again."""
    async with Running(desk):
        pass
    desk.publisher = desk.make()
    async with Running(desk):
        event = await live(desk)
        assert event is not None
        assert event.generation == 1
        assert len(desk.trainer.trained) == 1


async def test_a_restart_takes_the_model_from_the_bus(desk: Desk) -> None:
    """An empty cache is filled from the topic, so that a changed shop is live before anything is trained."""
    async with Running(desk):
        pass
    desk.trainer.models.clear()
    desk.publisher = desk.make()
    async with Running(desk):
        assert len(desk.trainer.models) == 1
        assert len(desk.trainer.trained) == 1


async def test_broken_files_without_a_live_pool_stop_the_start(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The command ends with every problem; they are not logged beside it."""
    shop = desk.settings.publisher.shops[0]
    (shop / "guard.yaml").write_text("banned: 5\n")
    with pytest.raises(PoolError, match=r"guard\.yaml:1:9"):
        await desk.publisher.run()
    assert desk.builder.closed
    assert desk.count("broken") == 1
    assert "guard" not in caplog.text


async def test_broken_files_with_a_live_pool_do_not_stop_the_start(desk: Desk) -> None:
    """What was live stays live over a restart, whatever the folder holds."""
    async with Running(desk):
        pass
    shop = desk.settings.publisher.shops[0]
    (shop / "guard.yaml").write_text("banned: 5\n")
    desk.publisher = desk.make()
    async with Running(desk):
        assert desk.publisher.ready
        event = await live(desk)
        assert event is not None
        assert event.generation == 1


async def test_a_pool_whose_lines_make_no_model_stops_the_start(tmp_path: Path) -> None:
    """Training says what is missing."""
    base, shop = write(
        tmp_path,
        base_pack_yaml="intents: {}\n",
        base_background_idle_txt=None,
        shop_intents_all_yaml=None,
        shop_scripts_evening_yaml=None,
    )
    desk = Desk(tmp_path, [shop], base)
    with pytest.raises(PoolError, match="no model can be trained"):
        await desk.publisher.run()
    await desk.bus.close()


async def test_a_test_line_that_passed_must_go_on_passing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """An edit that loses it keeps the old model, with which the line passes; its own is refused with the line's place."""
    tested = REPLIES.replace("[观音几钱]", "[老板铁观音咋卖呀]")
    async with Running(desk):
        await edit(desk, tested, "published")
        before = await pool(desk)
        with caplog.at_level(logging.ERROR, "engine.publisher"):
            await edit(desk, tested.replace("[铁观音咋卖]", "[多钱啊]"), "refused")
        assert "all.yaml:4:13: the test line `老板铁观音咋卖呀`" in caplog.records[-1].getMessage()
        assert (await pool(desk)).model == before.model != desk.trainer.trained[-1]


async def test_a_test_line_that_never_passed_is_no_warning(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The first pool goes live although two lines are not understood; who runs it can do nothing about that."""
    with caplog.at_level(logging.INFO, "engine.publisher"):
        async with Running(desk):
            assert await live(desk) is not None
    assert "tests=2, tests_understood=0" in caplog.text
    assert f"`livechat pool check {desk.settings.publisher.shops[0]} --tests --base " in caplog.text
    assert all(record.levelno == logging.INFO for record in caplog.records)


async def test_a_line_of_the_base_pack_that_gets_worse_is_a_warning(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """The shop's edit goes live, and whoever made it learns what it cost."""
    taught = REPLIES.replace("[铁观音咋卖]", "[铁观音咋卖, 啥价呀]").replace("[观音几钱]", "[]")
    base = desk.settings.publisher.base
    assert base is not None
    (base / "pack.yaml").write_text(BASE.replace("[啥价]", "[老板啥价呀]"))
    with caplog.at_level(logging.WARNING, "engine.publisher"):
        async with Running(desk):
            await edit(desk, taught, "published")
            assert not caplog.records
            await edit(desk, taught.replace(", 啥价呀", ""), "published")
            await until(lambda: bool(caplog.records))
    assert "are not any more: `老板啥价呀`" in caplog.text
    assert "count=1" in caplog.text


async def test_the_generation_is_one_above_the_highest_seen(desk: Desk) -> None:
    """Another publisher's generation is not reused."""
    other = PoolLive(id="x", at=NOW, shop="tea", pool="ab" * 16, generation=41)
    await desk.bus.publish([Outgoing("shop-events", other.key(), encode(other))])
    async with Running(desk):
        event = await live(desk)
        assert event is not None
        assert event.generation == 42


async def test_a_rollback_is_not_undone_by_a_restart(desk: Desk) -> None:
    """The files still hold what was rolled back; it goes live again only after an edit."""
    async with Running(desk):
        good = await live(desk)
        await edit(desk, REPLIES.replace("之内发", "之内寄"), "published")
    assert good is not None
    back = PoolLive(id="back", at=NOW, shop="tea", pool=good.pool, generation=1, rollback=True)
    await desk.bus.publish([Outgoing("shop-events", back.key(), encode(back))])
    desk.publisher = desk.make()
    async with Running(desk):
        assert await live(desk) == back
        await edit(desk, REPLIES.replace("之内发", "之内送"), "published")
        assert await live(desk) != back


async def test_a_build_that_dies_keeps_what_is_live(desk: Desk) -> None:
    """The failure is counted, and the next edit is built again."""
    async with Running(desk):
        desk.builder.fails = True
        await edit(desk, REPLIES.replace("70", "71"), "failed")
        desk.builder.fails = False
        await edit(desk, REPLIES.replace("70", "72"), "published")
        event = await live(desk)
        assert event is not None
        assert event.generation == 2


async def test_two_folders_of_one_shop_stop_the_start(tmp_path: Path) -> None:
    """They would take turns; told with the place of the id, and with every other mistake of the second."""
    base, shop = write(tmp_path)
    _, other = write(tmp_path / "again", shop_guard_yaml="banned: 5\n")
    for live_before in (False, True):
        desk = Desk(tmp_path, [shop], base)
        if live_before:
            async with Running(desk):
                pass
        desk.settings = desk.settings.model_copy(
            update={"publisher": desk.settings.publisher.model_copy(update={"shops": (shop, other)})}
        )
        desk.publisher = desk.make()
        with pytest.raises(PoolError, match="change one id") as caught:
            await desk.publisher.run()
        assert {Path(problem.file).name for problem in caught.value.problems} == {"shop.yaml", "guard.yaml"}
        assert [(problem.line, problem.column) for problem in caught.value.problems if "id" in problem.remedy] == [
            (2, 7)
        ]
        await desk.bus.close()


async def test_an_edit_that_takes_the_id_of_another_shop_is_refused(tmp_path: Path) -> None:
    """Both shops keep what is live, and the other can still be edited."""
    base, shop = write(tmp_path)
    _, other = write(tmp_path / "again", shop_shop_yaml=SHOP.replace("id: tea", "id: tee"))
    desk = Desk(tmp_path, [shop, other], base)
    async with Running(desk):
        (other / "shop.yaml").write_text(SHOP)
        desk.edited.put_nowait({other})
        await until(lambda: desk.count("broken") == 1)
        await edit(desk, REPLIES.replace("之内发", "之内寄"), "published")
        assert await live(desk, "tee") is not None
    await desk.bus.close()


async def test_a_stop_during_the_first_training_ends_the_run(desk: Desk) -> None:
    """Nothing waits for a model that nobody needs any more."""
    desk.builder.gate.clear()
    task = asyncio.create_task(desk.publisher.run())
    await until(lambda: bool(desk.publisher._training))
    desk.publisher.stop()
    await task
    assert not desk.publisher.ready
    assert desk.builder.closed


async def test_a_pool_that_the_bus_refused_is_published_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit is not lost while the disk is full."""
    monkeypatch.setattr(service, "RETRY_S", 0.0)
    refused: list[int] = []

    async def refuse(records: Sequence[Outgoing]) -> Sequence[Position]:
        refused.append(len(records))
        raise BusUnavailable("the disk is full")

    async with Running(desk):
        with monkeypatch.context() as full:
            full.setattr(desk.bus, "publish", refuse)
            shop = desk.settings.publisher.shops[0]
            (shop / "intents" / "all.yaml").write_text(REPLIES.replace("之内发", "之内寄"))
            desk.edited.put_nowait({shop})
            await until(lambda: len(refused) >= 2)
            assert desk.metrics.troubles == {"publisher": "the disk is full"}  # `/readyz` tells it
        await until(lambda: desk.count("published") == 2)
        assert "寄" in (await pool(desk)).intents["shipping.dispatch"].replies[0].text
        assert not desk.metrics.troubles


async def test_records_that_cannot_be_read_are_passed_over(desk: Desk) -> None:
    """Somebody else's junk on the topics stops no publication."""
    junk = [
        Outgoing("pools", "junk", b"{"),
        Outgoing("shop-events", "tea/pool", b"{}"),
        Outgoing("pools", "gone", None),
    ]
    await desk.bus.publish(junk)
    async with Running(desk):
        assert await live(desk) is not None
