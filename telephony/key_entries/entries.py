"""The service that asks callers to key something in: see `Entries.ask` and KEYS.md."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from telephony.contracts.tool_run import ToolRun, current_run
from telephony.core.actions import EndEntry
from telephony.core.actions import EntryEnd as EntryEnd
from telephony.core.dtmf import MOST_KEYS
from telephony.core.events import EntryDropped, EntryWanted
from telephony.key_entries.screen import KeyScreen
from telephony.tool_context import ToolFailed
from telephony.valid_text import valid

KEYS = "0123456789*#ABCD"
QUESTION_CHARS = 1_000
TIMEOUT_MS = (500, 120_000)


@dataclass(frozen=True, slots=True)
class Entry:
    """What has come of a question: `how` it has ended, the `keys` that were pressed, without the one that ended it, and
    what was `said` instead. Its `repr` shows neither."""

    how: EntryEnd
    keys: str = field(default="", repr=False)
    said: str = field(default="", repr=False)

    @property
    def complete(self) -> bool:
        """All keys that were asked for are there."""
        return self.how is EntryEnd.COMPLETE


@dataclass(slots=True)
class _Waiting:
    ended: asyncio.Future[Entry]
    sensitive: bool


class Entries:
    """Asks the caller of one call to key something in.

    async def check_pin(context: ToolContext) -> str:
        entry = await context.service(Entries).ask("Please key in your PIN.", length=4, sensitive=True)
    """

    def __init__(self, screen: KeyScreen) -> None:
        self._screen = screen
        self._waiting: dict[int, _Waiting] = {}
        self._last = 0
        self._one_at_a_time = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(
        self,
        question: str = "",
        *,
        length: int = 0,
        terminator: str = "#",
        timeout_ms: int = 6_000,
        sensitive: bool = False,
    ) -> Entry:
        """The agent says `question` at once, and the caller's keys are returned.

        The entry is complete after `length` keys (0: any number) or with the key `terminator` ("": none). `*` begins it
        anew. It is given up when no key comes for `timeout_ms` after the last one, or after the end of the question.
        Keys count from now on: people type ahead, and a key stops the question. If the caller speaks before any key,
        the entry ends with what was `said`; the agent hears it as ever. With `sensitive` nobody but the caller of
        this learns the keys, and the caller cannot be heard meanwhile: not the model, not the record, not a log.

        The time that this takes does not count as the tool's. Raises ValueError for what cannot be asked, and
        ToolFailed outside of a call.
        """
        wanted = _checked(question, length, terminator, timeout_ms, sensitive)
        run = current_run()
        if run is None or run.tell is None:
            raise ToolFailed("Not done: keys can be asked for in a telephone call only.")
        with run.paused():
            async with self._one_at_a_time:
                if self._loop is None:
                    return Entry(EntryEnd.HUNG_UP)
                return await self._ask(run, wanted)

    def ask_in_thread(self, question: str = "", **options: object) -> Entry:
        """As `ask`, for a plain `def` tool, which runs in a thread. Also raises RuntimeError in an asynchronous tool,
        where it would hold up all calls."""
        if self._loop is None:
            raise ToolFailed("Not done: keys can be asked for in a telephone call only.")
        if _on_a_loop():
            raise RuntimeError("ask_in_thread blocks: an asynchronous tool awaits ask(...) instead")
        return asyncio.run_coroutine_threadsafe(self.ask(question, **options), self._loop).result()  # type: ignore[arg-type]

    def open(self) -> None:
        """The call has begun."""
        self._loop = asyncio.get_running_loop()

    def perform(self, action: EndEntry) -> None:
        """The core has ended an entry."""
        if (waiting := self._waiting.pop(action.entry, None)) is None:
            return
        keys = self._screen.end(action.keys) if waiting.sensitive else action.keys
        if not waiting.ended.done():
            waiting.ended.set_result(Entry(action.how, keys, action.said))

    def close(self) -> None:
        """The call is over."""
        self._loop = None
        for number in [*self._waiting]:
            self.perform(EndEntry(number, EntryEnd.HUNG_UP))

    async def _ask(self, run: ToolRun, wanted: EntryWanted) -> Entry:
        self._last += 1
        number, sensitive = self._last, wanted.sensitive
        waiting = self._waiting[number] = _Waiting(asyncio.get_running_loop().create_future(), sensitive)
        assert run.tell is not None
        if sensitive:
            self._screen.begin(wanted.terminator)
        try:
            run.tell(EntryWanted(
                run.turn, number, wanted.question, wanted.length, wanted.terminator, wanted.timeout_ms, sensitive
            ))  # fmt: skip
            entry = await waiting.ended
        finally:
            if self._waiting.pop(number, None) is not None:  # nobody waits any more
                self._screen.end()
                run.tell(EntryDropped(number))
        if sensitive and entry.keys:
            run.secrets.append(entry.keys)
        return entry


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _checked(question: str, length: int, terminator: str, timeout_ms: int, sensitive: bool) -> EntryWanted:
    if not 0 <= length <= MOST_KEYS:
        raise ValueError(f"an entry has at most {MOST_KEYS} keys (0: any number), not {length}")
    if terminator and (len(terminator) != 1 or terminator not in KEYS):
        raise ValueError(f"an entry ends with one of the keys {KEYS}, or with none, not {terminator!r}")
    if not length and not terminator:
        raise ValueError("an entry needs a length or a terminator")
    if not TIMEOUT_MS[0] <= timeout_ms <= TIMEOUT_MS[1]:
        raise ValueError(f"timeout_ms is between {TIMEOUT_MS[0]} and {TIMEOUT_MS[1]}, not {timeout_ms}")
    return EntryWanted(0, 0, valid(question)[:QUESTION_CHARS], length, terminator, timeout_ms, sensitive)
