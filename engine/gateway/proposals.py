"""The proposals that are open, as the stream of insertions tells them: what an operator who comes later would have missed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.events.outputs import ChatReply, Insertion, Proposal, ProposalVoid, RoomCommand
from engine.gateway.auth import matches

FORGET_MS: Final = 120_000  # past its time, or its last telling: a room tells one that still stands each minute
MOST: Final = 100  # of one answer, which then takes at most some 300 KiB


class Board:
    """Proposals by room and id, as told last."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, Proposal]] = {}

    def learn(self, record: RoomCommand) -> None:
        """A record of the stream, in order."""
        if isinstance(record, Proposal):
            self._rooms.setdefault(record.room, {})[record.id] = record
        elif isinstance(record, ProposalVoid | Insertion | ChatReply) and record.proposal is not None:
            self._end(record.room, record.proposal)

    def of(self, rooms: Iterable[str], now: int) -> tuple[list[Proposal], int]:
        """Those of the rooms (names or patterns), the most pressing first; and how many more there are."""
        patterns = tuple(rooms)
        found = [
            proposal
            for room, known in self._rooms.items()
            if any(matches(pattern, room) for pattern in patterns)
            for proposal in known.values()
            if not _over(proposal, now)
        ]
        found.sort(key=lambda proposal: (proposal.decide_by, proposal.room, proposal.id))
        return found[:MOST], max(0, len(found) - MOST)

    def trim(self, now: int) -> None:
        """Forget those whose room tells nothing of them any more."""
        for room, known in list(self._rooms.items()):
            for proposal in list(known.values()):
                if _over(proposal, now):
                    self._end(room, proposal.id)

    def _end(self, room: str, proposal: str) -> None:
        known = self._rooms.get(room, {})
        known.pop(proposal, None)
        if not known:
            self._rooms.pop(room, None)


def _over(proposal: Proposal, now: int) -> bool:
    return max(proposal.decide_by, proposal.at) + FORGET_MS < now
