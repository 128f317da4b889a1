"""What a tool knows of its call, and what it can do there beside returning a result.

    @tool
    async def transfer(context: ToolContext) -> str:
        "Put the caller through to sales. Tell them in one sentence."
        context.when_heard(dial)                       # done once the caller has heard that sentence, or not at all
        return "It begins when your words were heard."

All of it works from synchronous tools, too, which run in threads of their own. Outside of a telephone call there is a
context as well (`NoCall`): nobody hears anything there, so deferred work is not done.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from telephony.core.events import EndWanted, Event, NoticeReceived, SayRequested
from telephony.errors import ToolFailed as ToolFailed
from telephony.valid_text import valid

T = TypeVar("T")
Work = Callable[[], Any]
"""Work to be done later: a function without arguments, sync (run in a thread) or async."""

SAID_CHARS = 1_000
"""No more of one text is said."""


class Cancelled:
    """Whether a tool is wanted no longer: the caller has interrupted its turn or hung up, or it took too long. It is
    not stopped: what has begun may have to be finished."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def is_set(self) -> bool:
        return self._set.is_set()

    def set(self) -> None:
        self._set.set()
        for loop, event in self._waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Returns when it is set; for asynchronous tools."""
        waiting = asyncio.get_running_loop(), asyncio.Event()
        self._waiting.append(waiting)
        try:
            if not self.is_set():
                await waiting[1].wait()
        finally:
            self._waiting.remove(waiting)

    def wait_in_thread(self, seconds: float | None = None) -> bool:
        """Waits at most `seconds`; for synchronous tools. Returns whether it is set."""
        return self._set.wait(seconds)


class CallLink(Protocol):
    """How a context reaches its call."""

    def tell(self, event: Event) -> None:
        """Reports an event to the call. From any thread; ignored once the call is over."""

    def defer(self, context: ToolContext, work: Work, must: bool) -> None:
        """See `ToolContext.when_heard`."""

    def service(self, kind: type[T]) -> T:
        """What was set up for this call. Raises ToolFailed if it was not."""


class NoCall:
    """Outside of a call: nobody is told anything, and nothing is heard."""

    def tell(self, event: Event) -> None:
        pass

    def defer(self, context: ToolContext, work: Work, must: bool) -> None:
        pass

    def service(self, kind: type[T]) -> T:
        raise missing(kind)


def missing(kind: type[Any]) -> ToolFailed:
    """The error for a service that is not set up."""
    return ToolFailed(f"Not done: {kind.__name__} is not set up here. Tell the caller that you cannot do this.")


class TwilioClient(Protocol):
    """Makes the client of Twilio's own library; a service of calls whose account has keys."""

    def client(self) -> Any: ...


class _Told:
    """Awaitable, and done: what is told is told at once, whether or not anybody awaits it."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool can know about its call, and do in it.

    `caller` and `called` are as in `IncomingCall`; `variables` are what a call placed by this service was placed with.
    `verified`: the carrier vouches for the caller's number (STIR/SHAKEN attestation A); without it a caller id proves
    nothing. `turn` and `tool_call_id` name the tool call. `idempotency_key` is the same for every attempt at it, also
    over a platform's repeated requests: give it to services that take one. `store` is the tools' own memory of the
    call. `cancelled` is set when the result is wanted no longer.
    """

    call_sid: str = ""
    caller: str = ""
    called: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    outbound: bool = False
    verified: bool = False
    turn: int = 0
    tool_call_id: str = ""
    idempotency_key: str = ""
    store: MutableMapping[str, Any] = field(default_factory=dict)
    cancelled: Cancelled = field(default_factory=Cancelled, compare=False, repr=False)
    link: CallLink = field(default_factory=NoCall, compare=False, repr=False)

    @property
    def person(self) -> str:
        """The number of the person on the line, whoever called whom."""
        return self.called if self.outbound else self.caller

    def say(self, text: str) -> _Told:
        """The agent says `text` as it is, as soon as neither it nor the caller is speaking; may be awaited."""
        self.link.tell(SayRequested(valid(text)[:SAID_CHARS]))
        return _Told()

    def progress(self, text: str) -> None:
        """The agent knows from now on how far the work is, and can answer when the caller asks."""
        self.link.tell(NoticeReceived(valid(text), speak=False))

    def notify(self, text: str) -> None:
        """The agent learns `text`, and tells the caller in its own words: for what happens after the tool's return."""
        self.link.tell(NoticeReceived(valid(text)))

    def when_heard(self, work: Work, must: bool = False) -> None:
        """`work` is done once the reply has ended and the caller has heard all of it. If the caller interrupts before,
        hangs up, or the tool fails, it is not done; with `must`, an interruption or the end of the call means that it
        is done at once. The model learns of work that was not done or that failed. Raises ToolFailed once the tool has
        returned."""
        self.link.defer(self, work, must)

    def end_call(self) -> None:
        """The call ends once what the agent says next was heard, unless the caller objects."""
        self.link.tell(EndWanted(self.turn, self.tool_call_id))

    def service(self, kind: type[T]) -> T:
        """What this service has set up for its tools, by its type. Raises ToolFailed, in words for the model, if it is
        not set up."""
        return self.link.service(kind)

    @property
    def twilio(self) -> Any:
        """The client of Twilio's library, with the account's keys. It blocks: use it in a plain `def` tool. Raises
        ToolFailed without keys."""
        return self.service(TwilioClient).client()  # type: ignore[type-abstract]  # a key, as any other type


def idempotency_key(call: str, turn: int, what: str) -> str:
    """A key for one tool call: `what` is its id, or its name and arguments where ids change with each attempt."""
    return hashlib.sha256("\0".join((call, str(turn), what)).encode()).hexdigest()[:32]


@dataclass(slots=True)
class CallMemory:
    """What outlives an engine and a stream of a call: the tools' `store`, how often each tool has run, and how much
    work was deferred."""

    store: dict[str, Any] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)
    deferred: int = 0


REMEMBERED = 2_000
"""Maximum number of calls whose memory is kept."""


class CallMemories:
    """The memories of the latest calls, by call SID."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, CallMemory] = OrderedDict()

    def of(self, call: str) -> CallMemory:
        """The memory of the call; a new one without a SID."""
        if not call:
            return CallMemory()
        memory = self._known.setdefault(call, CallMemory())
        self._known.move_to_end(call)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return memory
