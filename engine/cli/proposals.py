"""`livechat room proposals`, `approve` and `refuse`: what rooms would say, and a person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from engine.cli import options, terminal
from engine.errors import LivechatError, Unavailable, UsageError
from engine.printable import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.client.connection import Outage
    from engine.client.operator import News
    from engine.events.outputs import Proposal

SHORT: Final = 8  # characters of an id that are shown
LEAST: Final = 4  # characters of an id that are enough, where they mean one

ProposalId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it that `proposals` shows.")]


def proposals(
    room: Annotated[
        str | None, typer.Argument(metavar="[ROOM]", callback=options.room_name, help="One room; else all.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with what comes, until Ctrl-C.")] = False,
    as_json: options.AsJson = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """List the replies that wait for a person's approval, the most pressing first.

    One line each: its id, its room, how many viewers wait, for how long it can still be approved, what would be said, and what one of
    them asked. With --watch also what becomes of each. With --json a record a line.
    """
    from engine.cli.signals import complete, run_until_signalled
    from engine.errors import Exit

    if not watch:
        return complete(_list(url, token, room, as_json=as_json))
    if (code := run_until_signalled(_watch(url, token, room, as_json=as_json))) is not Exit.OK:
        raise typer.Exit(code)
    return None


def approve(proposal: ProposalId, url: options.Url = options.DEFAULT_URL, token: options.Token = "") -> None:
    """Approve a proposal: exactly its text may be said, at the next boundary where it is worth most.

    It counts until the text would be another one. Where the proposal has ended, the answer is no (exit code 1).
    """
    from engine.cli.signals import complete

    complete(_decide(url, token, proposal, "approve"))


def refuse(proposal: ProposalId, url: options.Url = options.DEFAULT_URL, token: options.Token = "") -> None:
    """Refuse a proposal: who waits for it gets no reply, and the same is not proposed again for its intent's cooldown."""
    from engine.cli.signals import complete

    complete(_decide(url, token, proposal, "refuse"))


async def _list(url: str, token: str, room: str | None, *, as_json: bool) -> None:
    from engine.client.operator import Operator

    async with Operator(url, rooms=(room or "*",), token=token, patience_s=options.PATIENCE_S) as operator:
        found = await operator.proposals()
        for proposal in found.proposals:
            _show(proposal, operator.connection.now(), as_json=as_json)
    if found.more:
        terminal.note(f"and {found.more} more; name a ROOM to see its own")
    elif not found.proposals:
        terminal.note("nothing waits for approval")


async def _watch(url: str, token: str, room: str | None, *, as_json: bool) -> None:
    from engine.client.operator import Operator

    async with Operator(
        url, rooms=(room or "*",), token=token, patience_s=options.PATIENCE_S, stays=True, on_outage=_outage
    ) as operator:
        async for news in operator.news():
            _show(news, operator.connection.now(), as_json=as_json)


def _outage(outage: Outage) -> None:
    if outage.seconds is None:
        terminal.note(f"the engine is away ({outage.why}); what stands is listed again when it is back")
    else:
        terminal.note(f"the engine is back after {outage.seconds:.0f} s")


def _show(news: News, now: int, *, as_json: bool) -> None:
    if as_json:
        line = json_text(news.model_dump(mode="json", exclude_none=True))
        terminal.write(line + "\n", flush=True)
    else:
        terminal.say(sentence(news, now))


def sentence(news: News, now: int) -> str:
    """One line about a proposal. `now`: the server's clock, ms."""
    from engine.events.meanings import VOIDS
    from engine.events.outputs import ChatReply, Proposal, ProposalVoid

    if isinstance(news, Proposal):
        head = f"{news.id[:SHORT]}  {news.room}"
        who = f"{news.viewers} viewer{'s' if news.viewers != 1 else ''}"
        how = {"voice": "", "chat": "; to be posted", "both": "; said and posted"}[news.channel]
        about = f"({news.reply}{how}; asked: {news.asked})"
        if news.state == "approved":
            return f"✓ {head}  approved{f' by {news.by}' if news.by else ''}  {who}  “{news.text}”  {about}"
        left = max(0, news.decide_by - now) // 1_000
        return f"? {head}  {who}  {left} s left  “{news.text}”  {about}"
    if isinstance(news, ProposalVoid):
        return f"✗ {news.proposal[:SHORT]}  {news.room}  {news.reason}: {VOIDS[news.reason].what}"
    if isinstance(news, ChatReply):
        return f"✎ {(news.proposal or '')[:SHORT]}  {news.room}  goes into the chat of {news.source}: “{news.text}”"
    return f"▶ {(news.proposal or '')[:SHORT]}  {news.room}  goes on air: “{news.text}”"


def meant(given: str, found: Sequence[Proposal]) -> Proposal:
    """The proposal whose id begins so. Raises `UsageError`, and `LivechatError` where none is open."""
    if len(given) < LEAST:
        raise UsageError(f"`{given}` is too short for the id of a proposal; give {LEAST} characters of it or more")
    fits = [proposal for proposal in found if proposal.id.startswith(given.lower())]
    if not fits:
        raise LivechatError(
            f"no open proposal has an id that begins with `{given}`; `livechat room proposals` lists them"
        )
    if len(fits) > 1:
        raise UsageError(f"`{given}` is the beginning of {len(fits)} ids; give more of it")
    return fits[0]


async def _decide(url: str, token: str, given: str, verdict: Literal["approve", "refuse"]) -> None:
    from engine.client.operator import OUTCOME_S, Operator
    from engine.events.meanings import VOIDS
    from engine.events.outputs import Proposal, ProposalVoid

    async with Operator(url, token=token, patience_s=options.PATIENCE_S) as operator:
        proposal = meant(given, (await operator.proposals()).proposals)
        came = await operator.decide(proposal.room, proposal.id, verdict)
    if came is None:
        raise Unavailable(
            f"room {proposal.room} did not answer within {OUTCOME_S:g} s; the verdict is recorded and counts where the proposal still "
            "stands when the room is back"
        )
    if isinstance(came, Proposal):
        terminal.say(f"room {proposal.room}: approved “{proposal.text}”")
    elif isinstance(came, ProposalVoid) and came.reason == "refused" and verdict == "refuse":
        terminal.say(f"room {proposal.room}: refused “{proposal.text}”")
    elif isinstance(came, ProposalVoid):
        raise LivechatError(f"too late, nothing was done: {came.reason}: {VOIDS[came.reason].what.lower()}")
    else:
        raise LivechatError(f"too late, it is on its way already: “{came.text}”")
