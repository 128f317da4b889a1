"""Thinking: the model's part of a turn, its text on the way to units and its tools.

Theory of operation. At most one reply is live. Beside it there may be one *guess*: a reply prepared while the silence
after the caller's words is still being judged. A guess has a turn number and is thought like any other, but it runs no
tool, is in no history, and nothing of it is audible. When the turn is decided for the very words that it answers, it
becomes the live reply; otherwise it is dropped, and its number stays unused.

A reply that is cut while one of its tools runs is *abandoned*: nothing more of it is spoken, but its tool finishes and
its result enters the history, so that it is neither lost nor run twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.core.actions import Action, CancelReply, RefuseTool, RunTool, StartReply
from telephony.core.events import ReplyDelta, ReplyEnded, ToolFinished, ToolWanted
from telephony.core.history import History, ToolUsed
from telephony.core.policy import END_CALL
from telephony.core.speaking.phrasing import Phrasing
from telephony.core.transcript import Transcript


@dataclass(slots=True)
class Reply:
    """The thinking of one turn. `progress_ms`: when it last gave a sign of life; `pending`: units not handed to the
    voice yet; `history` is what it answers."""

    turn: int
    decided_ms: int
    progress_ms: int
    history: History = ()
    phrasing: Phrasing = field(default_factory=Phrasing)
    pending: list[str] = field(default_factory=list)
    ended: bool = False
    wanted: ToolWanted | None = None  # waits for the core's answer
    running: dict[str, ToolWanted] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # every tool call so far
    ends_call: bool = False
    fillers: int = 0


class Generation:
    """See the module text. Every method adds to `out` what is to be done."""

    def __init__(self, transcript: Transcript, out: list[Action]) -> None:
        self.reply: Reply | None = None
        self.speculative: Reply | None = None
        self.abandoned: Reply | None = None
        self._transcript = transcript
        self._out = out

    def of(self, turn: int) -> Reply | None:
        """The reply of `turn`, if it is live or a guess; anything else is stale."""
        return next(
            (reply for reply in (self.reply, self.speculative) if reply is not None and reply.turn == turn), None
        )

    # --- beginning and ending ---------------------------------------------------------------------------------------

    def begin(self, turn: int, history: History, decided_ms: int, now: int) -> None:
        self.reply = Reply(turn, decided_ms, now, history)
        self._out.append(StartReply(turn, history))

    def begin_speculation(self, turn: int, history: History, now: int) -> None:
        self.speculative = Reply(turn, now, now, history)
        self._out.append(StartReply(turn, history))

    def adopt(self, decided_ms: int, now: int) -> Reply:
        """The guess is the answer: it is live from now on."""
        assert self.speculative is not None
        self.reply, self.speculative = self.speculative, None
        self.reply.decided_ms, self.reply.progress_ms = decided_ms, now
        return self.reply

    def drop_speculation(self) -> None:
        if self.speculative is not None and not self.speculative.ended:
            self._out.append(CancelReply(self.speculative.turn))
        self.speculative = None

    def stop(self) -> None:
        """No more of the live reply."""
        if (reply := self.reply) is None:
            return
        if reply.wanted is not None:
            self._out.append(RefuseTool(reply.turn, reply.wanted.tool_call_id, "The caller interrupted."))
            reply.wanted = None
        if reply.running:
            self.abandoned = reply
        elif not reply.ended:
            self._out.append(CancelReply(reply.turn))
        self.reply = None

    # --- text -------------------------------------------------------------------------------------------------------

    def delta(self, event: ReplyDelta, now: int) -> Reply | None:
        """More text. The reply, if it was not stale."""
        if (reply := self.of(event.turn)) is None or reply.ended:
            return None
        reply.progress_ms = now
        reply.pending += reply.phrasing.add(event.text)
        return reply

    def ended(self, event: ReplyEnded, now: int, *, spoken: bool) -> Reply | None:
        """The model has finished; `spoken`: some of it was given to the voice. The reply, if it was not stale."""
        if (reply := self.of(event.turn)) is None or reply.ended:
            return None
        reply.ended, reply.progress_ms = True, now
        rest = reply.phrasing.end()
        if not (event.finish == "length" and (spoken or reply.pending)):  # half a sentence is better not begun
            reply.pending += rest
        return reply

    # --- tools ------------------------------------------------------------------------------------------------------

    def tool_wanted(self, event: ToolWanted) -> None:
        reply = self.of(event.turn)
        if reply is None or reply.wanted is not None:
            return
        if event.tool_call_id in reply.asked:  # a repeated call is never run twice
            self._out.append(RefuseTool(event.turn, event.tool_call_id, "This call was made already."))
            return
        reply.asked.add(event.tool_call_id)
        reply.wanted = event

    def allow_tool(self, now: int) -> None:
        """The tool that waits may run. A guess's waits until it is more than that."""
        if (reply := self.reply) is None or (wanted := reply.wanted) is None:
            return
        reply.wanted, reply.progress_ms = None, now
        reply.running[wanted.tool_call_id] = wanted
        reply.ends_call = reply.ends_call or wanted.name == END_CALL
        self._out.append(RunTool(reply.turn, wanted.tool_call_id))

    def tool_finished(self, event: ToolFinished, now: int) -> None:
        for reply in (self.reply, self.abandoned):
            if reply is not None and reply.turn == event.turn and event.tool_call_id in reply.running:
                wanted = reply.running.pop(event.tool_call_id)
                reply.progress_ms = now
                used = ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, event.result, wanted.extra)
                self._transcript.tool(event.turn, used)
        if self.abandoned is not None and not self.abandoned.running:
            self._out.append(CancelReply(self.abandoned.turn))
            self.abandoned = None
