"""One partition's worker, without I/O: polled records in, an immutable batch out.

`begin` numbers and applies what steers (lease, shop events, pools, room events, a tick) and says which texts have to be
understood; `finish` applies the comments and makes the batch. In between nothing else happens to the partition, so all
entries of a batch share one `now`. What was made is sent until it is committed, or thrown away with the whole object.

A comment or an opening that names a shop that is not live here (a typing error, or one not published yet) gets the default shop,
as if it had named none, and is logged once per name: a comment must not be lost for it, and a room of a shop without a pool could
answer nothing. To move such a room, open it again when its shop is live.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from engine import logs
from engine.bus.partitioner import partition_of
from engine.bus.port import Batch, Outgoing, Stored
from engine.errors import RecordError
from engine.events.inputs import AppliedShopEvent, PlayerSeen, RoomOpened
from engine.events.journal import (
    AnyEntry,
    CommentEntry,
    LeaseEntry,
    LivePool,
    PauseEntry,
    PoolEntry,
    Positions,
    RoomEntry,
    ShopEntry,
    TickEntry,
    Unread,
)
from engine.events.letters import DeadLetter
from engine.journal import records as journal
from engine.journal.core import Core
from engine.viewers.hashing import is_hash
from engine.worker import output
from engine.worker.ahead import ReadAhead
from engine.worker.intake import clamped, dead_letter, read_comment, read_room_event
from engine.worker.metering import Tally
from engine.worker.shops import ShopItem, means_something
from engine.worker.snapshots import Schedule
from engine.worker.spans import PartitionSpans
from engine.worker.standing import GroupOffsets, Prepared, Shared, Standing, Understood, Wants, capture

MOST_NAMES = 1_000  # of unknown shops that are logged once each; beyond it, none is
log = logs.get(__name__)


class PartitionWorker:
    """One partition from its restore to its loss. Not reusable."""

    def __init__(
        self, partition: int, lease: int, rooms: Core, schedule: Schedule, standing: Standing, shared: Shared,
        spans: PartitionSpans | None = None,
    ) -> None:  # fmt: skip
        self.partition = partition
        self.rooms = rooms
        self.standing = standing
        self.committed = (standing.seq, standing.positions)
        """Seq and positions of the last commit that is known to stand."""
        self.lease = lease
        self.ready = False
        """Caught up once since it was taken over: told by whoever sees the bus's lag."""
        self.comments_paused = False
        self._schedule = schedule
        self._shared = shared
        self._ahead = ReadAhead(standing.positions.ahead)
        self._spans = PartitionSpans(shared.traces, partition) if spans is None and shared.traces else spans
        self._group = GroupOffsets()
        self.is_crowded = False
        """The last poll left comments behind, and most of its own were above their rooms' share: others wait behind those rooms."""
        self.read_ahead = 0
        """Comments of the running batch that were handled ahead of the position."""
        self._inbox: deque[ShopItem] = deque()
        self._inbox_next = standing.positions.shop_events
        self._enter_lease = True
        self._caught_up = False
        self._last_tick = 0
        self._last_entry = standing.now
        # of the running batch
        self._entries: list[AnyEntry] = []
        self._letters: list[DeadLetter] = []
        self._comments: list[tuple[str, CommentEntry]] = []
        """(pool to understand it by, entry)."""
        self._next: dict[str, int] = {}
        self._tally = Tally()
        self._touched = False
        self._shops_moved = False

    @property
    def room_count(self) -> int:
        return len(self._schedule)

    @property
    def ahead_from(self) -> int:
        """Where reading ahead goes on."""
        return self._ahead.start(self.standing.positions.comments)

    @property
    def reads_at(self) -> dict[str, int]:
        """Input topic → position, of those that are being read."""
        at = self.standing.positions
        return {"room-events": at.room_events} | ({} if self.comments_paused else {"comments": at.comments})

    @property
    def snapshot_age_ms(self) -> int:
        """How much of its time a restore would read again."""
        return self._schedule.age_ms(self.standing.seq, self.standing.now)

    @property
    def is_clean(self) -> bool:
        """Nothing was computed beyond the last known commit."""
        return not self._touched and self.committed == (self.standing.seq, self.standing.positions)

    def again(self, lease: int) -> PartitionWorker:
        """The same partition, which came back with nothing done to it in between."""
        return PartitionWorker(
            self.partition, lease, self.rooms, self._schedule, self.standing, self._shared, self._spans
        )

    def offer(self, item: ShopItem) -> None:
        """A record of shop-events; those it has are passed over."""
        if item.offset >= self._inbox_next:
            self._inbox_next = item.offset + 1
            self._inbox.append(item)

    def renew(self, lease: int) -> None:
        """The same owner took a new lease (an outcome was unknown); it is entered with the next batch."""
        self.lease = lease
        self._enter_lease = True

    def settle(self, prepared: Prepared) -> None:
        """`prepared` is committed."""
        self.committed = (prepared.seq, prepared.positions)

    # ---- a batch ---------------------------------------------------------------------------------------------------

    def begin(
        self,
        records: Sequence[Stored],
        now: int,
        *,
        full: bool = False,
        quota: int | None = None,
        ahead: Sequence[Stored] = (),
    ) -> Wants:
        """Apply what steers, and say which texts to understand.

        `full`: the poll left more behind; `quota`: texts per room; `ahead`: comments read from `ahead_from` on, before the poll, so
        that the room events which they may follow are among `records`.
        """
        here = self.standing
        before, here.now = here.now, max(here.now, now)
        self._touched = True
        self._next = {"comments": here.positions.comments, "room-events": here.positions.room_events}
        if self._enter_lease:
            self._enter_lease = False
            self._enter(LeaseEntry(self.lease, self._shared.partitions))
        self._apply_shops()
        self._apply_pools()
        control = [stored for stored in records if stored.topic == "room-events"]
        lag = here.now - min((stored.time for stored in control), default=here.now)
        behind = lag > self._shared.settings.control_lag_ms
        if before and self.room_count and (behind or not self._caught_up):
            self._enter(PauseEntry(here.now - before))
        self._caught_up = self.ready and not behind and not (full and bool(control))
        self.comments_paused = behind
        for stored in control:
            self._apply_room_event(stored)
        self._tick()
        comments = [stored for stored in records if stored.topic == "comments"]
        wants = self._sort_comments(comments, ahead if full and comments else (), quota)
        self.is_crowded = full and 2 * sum(1 for _, entry in self._comments if entry.unread == "shed") > len(comments)
        return wants

    def finish(self, answers: Mapping[str, Understood]) -> Prepared | None:
        """Apply the comments; None where there is nothing to commit."""
        logged = self._tally.logged
        for pool, entry in self._comments:
            if entry.unread is None:
                understood = answers[pool]
                entry.understanding, entry.model = understood.texts[entry.text], understood.model
            logged.append(entry.logged)
            self._enter(entry)
        return self._prepare()

    def _prepare(self) -> Prepared | None:
        here = self.standing
        moved = (
            self._next["comments"] != here.positions.comments or self._next["room-events"] != here.positions.room_events
        )
        journalled = bool(self._entries or self._letters) or moved or self._shops_moved
        if journalled:
            self._last_entry = here.now
        snapshots = journalled or self._schedule.is_due_when_idle(here.seq, here.now, self._last_entry)
        offsets = self._group.due(self._next, here.now)
        if not snapshots and not offsets:
            self._touched = False  # nothing was gathered, or it would be journalled
            return None
        here.positions = Positions(
            comments=self._next["comments"],
            room_events=self._next["room-events"],
            shop_events=here.positions.shop_events,
            ahead=self._ahead.saved(),
        )
        effects = self.rooms.take()
        records = output.outgoing(effects.records, self.partition)
        spans = () if self._spans is None else self._spans.batch(effects.records, records, effects.verdicts, here.now)
        records += output.verdicts(effects.verdicts, partition=self.partition, lease=self.lease, seq=here.seq)
        records += output.letters(self._letters)
        self._tally.count(effects.records, effects.verdicts)
        if journalled:
            records += self._journal()
        if snapshots:
            records += self._snapshots(not journalled)
        prepared = Prepared(
            Batch(self.partition, self.lease, tuple(records), offsets), here.seq, here.positions, self._tally, journalled,
            effects.records, self._letters, spans,
        )  # fmt: skip
        self._entries, self._letters, self._comments, self._tally = [], [], [], Tally()
        self._touched = self._shops_moved = False
        return prepared

    def _journal(self) -> list[Outgoing]:
        here = self.standing
        values = journal.encode(
            partition=self.partition,
            partitions=self._shared.partitions,
            lease=self.lease,
            first_seq=here.seq - len(self._entries) + 1,
            now=here.now,
            entries=self._entries,
            positions=here.positions,
            group=self._shared.group,
        )
        return [Outgoing("journal", f"#{self.partition}", value, self.partition) for value in values]

    def _snapshots(self, idle: bool) -> list[Outgoing]:
        here = self.standing
        plan = self._schedule.plan(here.seq, here.now, idle=idle)
        records = []
        for room in plan.rooms:
            snapshot = self.rooms.snapshot(room, here.seq)
            if snapshot is None:
                self._schedule.gone(room)
                self._shared.free_rooms += 1
            records.append(output.room_snapshot(room, snapshot, self.partition))
        if plan.record is not None:
            records += output.partition_snapshot(plan.record)
        if plan.over:
            self._schedule.begin(capture(self.partition, self._shared.partitions, self.lease, here, self.rooms))
        return records

    # ---- entries ---------------------------------------------------------------------------------------------------

    def _enter(self, entry: AnyEntry) -> None:
        here = self.standing
        here.seq += 1
        self.rooms.handle(here.seq, here.now, entry)
        self._entries.append(entry)

    def _apply_shops(self) -> None:
        here = self.standing
        while self._inbox:
            item = self._inbox.popleft()
            if means_something(item) and item.event is not None:
                self._enter(ShopEntry(AppliedShopEvent(offset=item.offset, event=item.event)))
            elif item.event is None and self.partition == 0:  # every partition reads it; one sets it aside
                self._set_aside(item.stored, item.error)
            here.positions = here.positions.model_copy(update={"shop_events": item.offset + 1})
            self._shops_moved = True

    def _apply_pools(self) -> None:
        live = self.standing.live
        for found in self._shared.board.ready():
            now_live = live.get(found.shop)
            if now_live is None or found.follows(now_live.generation, now_live.offset):
                live[found.shop] = LivePool(
                    shop=found.shop, pool=found.pool, generation=found.generation, offset=found.offset
                )
                self._enter(PoolEntry(found.shop, found.pool, found.generation, found.offset))

    def _apply_room_event(self, stored: Stored) -> None:
        if not self._is_next(stored):
            return
        try:
            event = read_room_event(stored)
        except RecordError as error:
            self._set_aside(stored, str(error))
            return
        if self._admit(event.room, stored):
            default = self._shared.default_shop() or ""
            named = event.shop if isinstance(event, RoomOpened | PlayerSeen) else None
            self._enter(RoomEntry(event, default if named is None else self._shop(named, default)))

    def _tick(self) -> None:
        here = self.standing
        deadline = self.rooms.next_deadline()
        if deadline is None or deadline > here.now or here.now - self._last_tick < self._shared.settings.tick_ms:
            return
        self._last_tick = here.now
        self._enter(TickEntry())

    def _sort_comments(self, polled: Sequence[Stored], ahead: Sequence[Stored], quota: int | None) -> Wants:
        here = self.standing
        comments = [stored for stored in polled if self._is_next(stored) and not self._ahead.handled(stored)]
        position, share = self._next["comments"], quota or max(1, len(polled) // 2)
        self._ahead.reached(position)
        chosen = self._ahead.choose(ahead, position, comments, share=share, most=len(polled))
        self.read_ahead = len(chosen)
        comments += chosen
        default = self._shared.default_shop() or ""
        fallback = here.live[default].pool if default in here.live else ""
        wants: Wants = {}
        known: dict[tuple[str, str], tuple[str, int]] = {}
        taken: dict[str, int] = {}
        hasher, spans = self._shared.hasher, self._spans
        for stored in comments:
            try:
                comment = read_comment(stored)
            except RecordError as error:
                self._set_aside(stored, str(error))
                continue
            room = comment.room
            if not self._admit(room, stored):
                continue
            shop = default if comment.shop is None else self._shop(comment.shop, default)
            about = known.get((room, shop))
            if about is None:
                about = (self.rooms.pool_of(room, shop) or fallback, self.rooms.answer_within_ms(room, shop))
                known[room, shop] = about
            pool, longest = about
            unread: Unread | None = None
            if quota is not None and taken.get(room, 0) >= quota:
                unread = "shed"  # asked first, since it must be cheap
            elif here.now > clamped(comment.sent, stored.time, self._tally) + longest:
                unread = "expired"
            else:
                taken[room] = taken.get(room, 0) + 1
                wants.setdefault(pool, {})[comment.text] = None
            logged = stored.time
            hashed = comment.hashed and is_hash(comment.viewer)
            entry = CommentEntry(
                room, comment.source, comment.id, comment.viewer if hashed else hasher(comment.viewer, logged), comment.text,
                logged if comment.sent is None else comment.sent, logged, shop, None, unread,
            )  # fmt: skip
            self._comments.append((pool, entry))
            if spans is not None and stored.headers:
                spans.took(stored.headers, entry, here.now)
        return wants

    def _shop(self, named: str, default: str) -> str:
        if named in self.standing.live:
            return named
        if named not in self._shared.unknown_shops and len(self._shared.unknown_shops) < MOST_NAMES:
            self._shared.unknown_shops.add(named)
            log.warning("a shop was named that is not live: its rooms get the default shop", shop=named)
        return default

    def _admit(self, room: str, stored: Stored) -> bool:
        """Whether the process takes the room; a new one is snapshotted with its first commit."""
        if room in self._schedule:
            return True
        home = partition_of(room, self._shared.partitions)
        if home != self.partition:
            self._set_aside(
                stored,
                f"it stands in partition {self.partition}, but room `{room}` belongs to partition {home}: its producer must place records "
                "by murmur2 of the key, as Java clients do (librdkafka: `partitioner=murmur2_random`)",
            )
            return False
        if self._shared.free_rooms <= 0:
            most = self._shared.settings.max_rooms
            self._set_aside(stored, f"no space for another room: this process holds {most} (`worker.max_rooms`)")
            return False
        self._shared.free_rooms -= 1
        self._schedule.joined(room)
        return True

    def _is_next(self, stored: Stored) -> bool:
        """Moves the position on; False for a record that was handled before (a bus may deliver again, never skip)."""
        if stored.offset < self._next[stored.topic]:
            return False
        self._next[stored.topic] = stored.offset + 1
        return True

    def _set_aside(self, stored: Stored, error: str) -> None:
        self._letters.append(dead_letter(stored, error, self.standing.now))
        self._tally.letters[stored.topic] += 1
