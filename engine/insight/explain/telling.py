"""A story as sentences, in the order in which it happened. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.events.handoffs import Handoff
from engine.events.inputs import Approval
from engine.events.journal import CommentEntry
from engine.events.outputs import ChatReply, Choice, Decision
from engine.events.posts import Posted
from engine.events.understanding import Outcome, Understanding
from engine.insight.explain.advice import advice, what
from engine.insight.explain.places import Places
from engine.insight.explain.story import Story
from engine.insight.explain.watch import Command, Spell
from engine.insight.explain.words import Say, clock, moment, say, seconds
from engine.pool.model import Localised

SLOW_MS: Final = 2_000  # from sent to handled: longer than that is told
TIMES: Final = 3  # repeats whose time is told
SHORT: Final = 8  # characters of an insertion's id that are shown


@dataclass(frozen=True, slots=True)
class Telling:
    """What happened, and what would have changed it."""

    happened: tuple[Say, ...]
    advice: tuple[Say, ...]


def tell(story: Story, places: Places) -> Telling:
    """The whole of it."""
    return Telling(tuple(_happened(story)), tuple(advice(story, places)))


def _happened(story: Story) -> Iterator[Say]:
    sighting, decision, watch = story.sighting, story.decision, story.watch
    entry = watch.entry if watch is not None else None
    sent = decision.sent if decision is not None else entry.sent if entry is not None else sighting.records[0][1]
    yield say(
        "comment", id=sighting.id, source=sighting.source, room=sighting.room, time=moment(sent), text=_text(story)
    )
    if len(sighting.records) > 1:
        times = ", ".join(clock(time) for _, time in sighting.records[1 : TIMES + 1])
        more = "…" if len(sighting.records) > TIMES + 1 else ""
        yield say("repeated", count=len(sighting.records), times=times + more)
    if entry is not None and watch is not None and watch.arrived - sent > SLOW_MS and entry.unread is None:
        yield say("slow", seconds=seconds(watch.arrived - sent))
    yield from _understood(story, entry)
    if story.gap in ("late", "damaged"):
        yield from _gap(story)
    if watch is not None and watch.before is not None:
        before = watch.before
        yield say(f"before.{before.by}", at=clock(before.at), by=before.name)
    if watch is not None and watch.spells:
        yield from _waited(story)
    if story.command is not None and (watch is None or story.command.id not in watch.commands):
        yield from _command(story, story.command, over=story.state == "decided" and story.gap == "")
    if story.gap == "journal":
        yield from _gap(story)
    yield from _end(story)


def _text(story: Story) -> str:
    """The comment's words, personal data masked."""
    if story.decision is not None:
        return story.decision.text
    entry = story.watch.entry if story.watch is not None else None
    masked = entry.understanding.masked if entry is not None and entry.understanding is not None else None
    return masked or story.sighting.text


def _gap(story: Story) -> Iterator[Say]:
    if story.gap == "damaged":
        yield say("gap.damaged", trouble=story.trouble)
    elif story.gap == "late" and story.watch is not None and story.watch.spells:
        yield say("gap.late", time=moment(story.watch.spells[0].since))
    elif story.journal_from is None:
        yield say("gap.no_journal")
    else:
        yield say("gap.journal", time=moment(story.journal_from))


# ---- what was understood ---------------------------------------------------------------------------------------------


def _understood(story: Story, entry: CommentEntry | None) -> Iterator[Say]:
    decision = story.decision
    if entry is not None and entry.unread is not None:
        late = entry.logged if story.watch is None or not story.watch.arrived else story.watch.arrived
        yield say(f"unread.{entry.unread}", seconds=seconds(late - entry.sent))
        return
    found = story.understanding
    if found is None and decision is not None:
        found = _from_decision(decision)
    if found is None:
        return
    yield say(
        f"outcome.{found.outcome}", title=_title(story, found.intent), intent=found.intent or "-",
        confidence=f"{found.confidence:.2f}", language=found.language,
    )  # fmt: skip
    if found.outcome in ("chatter", "abuse", "unsupported_language"):
        return
    if found.runner_up is not None:
        yield say("runner_up", intent=found.runner_up, margin=f"{found.margin:.2f}")
    if found.outcome == "accepted" and not found.solo_ok:
        yield say("solo")
    product = decision.product if decision is not None else found.product
    if found.product is not None:
        yield say("product.named", product=_product(story, found.product))
    elif product is not None:
        yield say("product.meant", product=_product(story, product))


def _from_decision(decision: Decision) -> Understanding | None:
    """What the decision says of it; None where it says nothing."""
    outcome: Outcome = "accepted"
    if decision.reason in ("chatter", "abuse", "ambiguous", "unsupported_language", "low_confidence"):
        outcome = decision.reason
    elif decision.intent is None:
        return None
    return Understanding(
        outcome,
        decision.norm,
        decision.language,
        decision.intent,
        decision.confidence,
        decision.runner_up,
        decision.margin,
    )


def _title(story: Story, intent: str | None) -> str | Localised:
    known = story.pool.intents.get(intent or "") if story.pool is not None else None
    return known.title if known is not None and known.title else intent or "-"


def _product(story: Story, product: str) -> str | Localised:
    known = story.pool.products.get(product) if story.pool is not None else None
    if known is None:
        return f"`{product}`"
    return {language: f"{name} (`{product}`)" for language, name in known.name.items()}


# ---- what held it ----------------------------------------------------------------------------------------------------


def _waited(story: Story) -> Iterator[Say]:
    watch, decision = story.watch, story.decision
    assert watch is not None
    waiting = watch.waiting
    if waiting is not None:
        wanted, deadline = what(waiting.intent, waiting.product), clock(waiting.deadline)
        if watch.viewers == 1 and watch.comments > 1:
            yield say("demand.repeated", what=wanted, deadline=deadline, comments=watch.comments)
        elif watch.comments > 1:
            yield say("demand", what=wanted, deadline=deadline, viewers=watch.viewers, comments=watch.comments)
        else:
            yield say("demand.alone", what=wanted, deadline=deadline)
    elif decision is not None:
        yield say("joined", what=what(decision.intent, decision.product))
    judged = list(watch.judged)
    for spell in watch.spells:
        while judged and judged[0][0] <= spell.since:
            yield _judged(*judged.pop(0))
        command = watch.commands.get(str(spell.detail.values.get("command")))
        if command is not None:
            yield from _command(story, command, over=spell.until is not None)
        if spell.until is None or (command is None and spell.until > spell.since):
            yield _spell(spell)
    for row in judged:
        yield _judged(*row)


def _judged(at: int, event: Approval, reply: str) -> Say:
    return say(f"judged.{event.verdict}", time=clock(at), by=event.by or "-", reply=reply)


def _spell(spell: Spell) -> Say:
    since = clock(spell.since)
    span = say("span.open", since=since) if spell.until is None else say("span", since=since, until=clock(spell.until))
    both: Localised = {"en": span.text("en"), "zh": span.text("zh")}
    detail = spell.detail
    values: dict[str, str | int | Localised] = {"span": both}
    kind = detail.kind
    for name, value in detail.values.items():
        if name in ("until", "at", "starts", "decide_by"):
            values[name] = clock(int(value))
        elif name in ("spent", "budget", "needs"):
            values[name] = seconds(value) if not isinstance(value, str) else value
        else:
            values[name] = str(value)
    if spell.blocker == "script_ahead" and "line" in values:
        kind = "line"
    elif spell.blocker == "fact_pending" and "starts" in values:
        kind = "starts"
    elif spell.blocker == "outvalued" and spell.winners:
        kind = "winners"
        values["winners"] = ", ".join(what(each.intent, each.product) for each in spell.winners)
    return Say(f"wait.{spell.blocker}" + (f".{kind}" if kind else ""), values)


# ---- what was said, and how it ended ---------------------------------------------------------------------------------


def _command(story: Story, command: Command, *, over: bool) -> Iterator[Say]:
    """`over`: nobody waits for its outcome any more."""
    if isinstance(command, ChatReply):
        yield say(
            "post", at=clock(command.at), reply=command.reply, source=command.source, not_after=clock(command.not_after),
            text=command.text,
        )  # fmt: skip
    else:
        yield say(
            "insertion", at=clock(command.at), reply=command.reply, start=clock(command.start),
            not_after=clock(command.not_after), text=command.text,
        )  # fmt: skip
        yield from _choice(command.choice)
    yield from _outcome(story, command, over=over)


def _choice(choice: Choice | None) -> Iterator[Say]:
    if choice is None:
        return
    values: dict[str, str | int] = {"density": f"{choice.value_density:.1f}", "viewers": choice.viewers}
    if choice.runner_up is not None and choice.runner_up_density is not None:
        values |= {"other": choice.runner_up, "second": f"{choice.runner_up_density:.1f}"}
        yield Say("choice.runner_up", values)
    else:
        yield Say("choice", values | {"waiting": choice.waiting})
    if choice.expiring:
        yield say("choice.expiring")


def _outcome(story: Story, command: Command, *, over: bool) -> Iterator[Say]:
    """What became of it."""
    watch, short = story.watch, command.id[:SHORT]
    heard = watch.heard.get(command.id) if watch is not None else None
    if heard is None and story.command is not None and story.command.id == command.id:
        heard = story.heard
    broken = watch.broken.get(command.id) if watch is not None else None
    posted = isinstance(command, ChatReply)
    if isinstance(heard, Posted):
        yield say("posted", time=clock(heard.posted), post=short)
    elif heard is not None:
        ended = clock(heard.ended if heard.ended is not None else heard.started)
        key = "aired.cut" if heard.cut else "aired"
        yield say(key, started=clock(heard.started), ended=ended, insertion=short, cause=heard.cause or "-")
    elif broken is not None and posted:
        yield say("broken.post", post=short, reason=broken or "-")
    elif broken is not None:
        yield say("broken", insertion=short, reason=broken or "-")
    elif over:
        yield say("unreported.post", post=short) if posted else say("unreported", insertion=short)


def _handoff(handoff: Handoff) -> Say:
    """What people have of it now."""
    if handoff.state == "open":
        return say("handoff.open", id=handoff.id[:SHORT], answer_by=clock(handoff.answer_by), asked=handoff.asked)
    closed = clock(handoff.closed if handoff.closed is not None else handoff.created)
    return say(f"handoff.{handoff.state}", id=handoff.id[:SHORT], time=closed, by=handoff.by or "-")


def _end(story: Story) -> Iterator[Say]:
    decision, letter = story.decision, story.letter
    if decision is not None:
        key = f"end.{decision.reason}"
        line = story.watch.line if story.watch is not None else None
        if decision.reason == "answered" and decision.via in ("script", "chat"):
            key += f".{decision.via}" + (".line" if line is not None and decision.via == "script" else "")
        yield say(key, time=clock(decision.decided), reply=decision.reply or "-", line=line or "-")
        if story.handoff is not None:
            yield say(f"handoff.cause.{story.handoff.cause}")
            yield _handoff(story.handoff)
    elif letter is not None:
        yield say("state.set_aside", error=letter.error, offset=letter.origin_offset, partition=letter.origin_partition)
    elif story.state == "unread":
        yield say("state.unread", behind=story.behind)
    elif story.state == "waiting" and story.watch is not None:
        yield say("state.waiting", time=moment(story.watch.now))
    else:
        yield say("state.unknown")
