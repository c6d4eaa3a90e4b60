"""The chat of a room, as far as its replies are posted there: what is on its way, what was posted lately, which platforms are silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from engine.events.fields import Language, Part
from engine.events.outputs import ChatReply
from engine.pool.model import Limits
from engine.room.askers import Askers
from engine.room.demands import Demand, DemandState, Key, Proposed

POSTS_CAP: Final = 8  # posts of a room that are on their way at a time
UNKNOWN_CAP: Final = 8  # posts of unknown outcome whose late report can still be matched
LEDGER_CAP: Final = (
    80  # posts that limits and cooldowns look back at: two minutes of the most that a shop may allow, and some
)
VIEWERS_CAP: Final = 20  # viewers of one post who are known by themselves; beyond, only those who wait for it are
PLATFORMS_CAP: Final = 8  # platforms of one room that were lost; more than a live is shown on
MINUTE_MS: Final = 60_000
FOREVER: Final = 1 << 62


@dataclass(slots=True)
class Post:
    """A chat reply on its way: sent to the connector, nothing reported yet."""

    record: ChatReply
    """Without `serves`: `demand` holds whom it answers."""
    demand: Demand
    until: int
    """When its facts end: later comments do not join it."""
    due: int
    """When its report is overdue."""
    cause: str = ""
    """Why it was withdrawn; empty while it may be posted."""
    proposed: Proposed | None = None
    """The approval by which it is posted, where it needs one."""
    viewers: list[str] = field(default_factory=list)
    """Whom their limit counts it for, whether or not they wait for it still."""


@dataclass(slots=True)
class Sent:
    """A post as limits and cooldowns remember it."""

    post: str
    at: int
    reply: str
    key: Key
    source: str
    language: Language


@dataclass(slots=True)
class Chat:
    """One room's chat."""

    posts: dict[str, Post] = field(default_factory=dict)
    unknown: dict[str, Post] = field(default_factory=dict)
    """Posts that nobody reported in time; nobody waits for them any more."""
    ledger: list[Sent] = field(default_factory=list)
    viewers: Askers = field(default_factory=Askers)
    """How often each viewer was answered by a post within the last minute."""
    silent: dict[str, int] = field(default_factory=dict)
    """Platforms that failed or did not report, until when nothing is posted there."""
    look_at: int = FOREVER
    """When something may be ripe for a post."""

    def joined(self, key: Key, source: str, language: Language, deadline: int, now: int) -> Post | None:
        """The post on its way that answers this, too."""
        for post in self.posts.values():
            record = post.record
            if (post.demand.key, record.source, record.language) == (key, source, language) and not post.cause:
                return post if record.held is not None and now < post.until and deadline >= record.not_after else None
        return None

    def free_at(self, key: Key, source: str, language: Language, limits: Limits, now: int) -> tuple[int, bool]:
        """(from when on this may be posted, whether the limits alone hold it back until then)."""
        busy = len(self.posts) >= POSTS_CAP or any(
            (post.demand.key, post.record.source, post.record.language) == (key, source, language)
            for post in self.posts.values()
        )
        if busy:
            return FOREVER, False  # its report is looked at when it comes
        cooled = now
        for sent in self.ledger:
            if (sent.key, sent.source, sent.language) == (key, source, language):
                cooled = max(cooled, sent.at + limits.post_cooldown_ms)
        spent = max(
            _free(self.ledger, limits.room_posts_per_minute, now),
            _free([sent for sent in self.ledger if sent.source == source], limits.platform_posts_per_minute, now),
        )
        return max(cooled, spent), spent > cooled

    def silent_until(self, source: str) -> int:
        return self.silent.get(source, 0)

    def mute(self, source: str, until: int) -> None:
        """Nothing is posted on this platform before `until`."""
        self.silent.pop(source, None)
        self.silent[source] = until
        if len(self.silent) > PLATFORMS_CAP:
            del self.silent[next(iter(self.silent))]

    def reserve(self, post: Post, viewers: Iterable[str], limits: Limits) -> None:
        """A post was written: limits and cooldown count it from now on."""
        record, now = post.record, post.record.at
        horizon = now - max(MINUTE_MS, limits.post_cooldown_ms)
        self.ledger = [sent for sent in self.ledger if sent.at > horizon][-(LEDGER_CAP - 1) :]
        self.ledger.append(Sent(record.id, now, record.reply, post.demand.key, record.source, record.language))
        self.posts[record.id] = post
        for viewer in viewers:
            self.count(post, viewer)

    def count(self, post: Post, viewer: str) -> None:
        """The post answers this viewer, too."""
        self.viewers.count(viewer, post.record.at)
        if len(post.viewers) < VIEWERS_CAP:
            post.viewers.append(viewer)

    def give_back(self, post: Post) -> None:
        """It was surely not posted: what it reserved is free again."""
        self.ledger = [sent for sent in self.ledger if sent.post != post.record.id]
        for viewer in dict.fromkeys((*post.demand.viewers, *post.viewers)):
            self.viewers.take_back(viewer, post.record.at)

    def last(self, reply: str) -> int:
        """When this variant was posted last; -1: not lately."""
        return max((sent.at for sent in self.ledger if sent.reply == reply), default=-1)

    def next_due(self) -> int:
        return min(post.due for post in self.posts.values()) if self.posts else FOREVER

    def skip(self, paused_ms: int) -> None:
        """Nobody listened for so long: reports may be late by it."""
        for post in self.posts.values():
            post.due += paused_ms


def _free(ledger: list[Sent], limit: int, now: int) -> int:
    """When one more is allowed within a minute."""
    recent = [sent.at for sent in ledger if sent.at > now - MINUTE_MS]
    if len(recent) < limit:
        return now
    return recent[-limit] + MINUTE_MS if limit else FOREVER


# ---- snapshot ----------------------------------------------------------------------------------------------------------


class PostState(Part):
    record: ChatReply
    demand: DemandState
    until: int
    due: int
    cause: str
    proposed: Proposed | None
    viewers: tuple[str, ...] = ()

    @classmethod
    def of(cls, post: Post) -> PostState:
        return cls(
            record=post.record, demand=DemandState.of(post.demand), until=post.until, due=post.due, cause=post.cause,
            proposed=post.proposed, viewers=tuple(post.viewers),
        )  # fmt: skip

    def post(self) -> Post:
        demand = self.demand.demand()
        return Post(self.record, demand, self.until, self.due, self.cause, self.proposed, list(self.viewers))


class ChatState(Part):
    """A room's chat in a snapshot."""

    posts: list[PostState]
    unknown: list[PostState]
    ledger: list[Sent]
    viewers: list[tuple[str, list[int]]]
    silent: dict[str, int]
    look_at: int

    @classmethod
    def of(cls, chat: Chat) -> ChatState:
        return cls(
            posts=[PostState.of(post) for post in chat.posts.values()],
            unknown=[PostState.of(post) for post in chat.unknown.values()],
            ledger=chat.ledger,
            viewers=chat.viewers.encode(),
            silent=chat.silent,
            look_at=chat.look_at,
        )

    def chat(self) -> Chat:
        return Chat(
            posts={state.record.id: state.post() for state in self.posts},
            unknown={state.record.id: state.post() for state in self.unknown},
            ledger=list(self.ledger),
            viewers=Askers.decode(self.viewers),
            silent=dict(self.silent),
            look_at=self.look_at,
        )
