"""Records calls while they run: one observer per call, one writing thread for all calls.

Theory of operation. On the event loop, `see` only appends the step to the call's queue. The thread wakes every 0.75 s,
encodes and writes the queued steps and flushes them to the operating system, so a crash of the process loses less than
a second.

Overflow policy: a queue holds `WAITING_STEPS` (about a minute of a call). If the disk falls that far behind, further
steps are dropped, and the tape says where and how many. If writing fails, the tape is closed as it is. In both cases
the call goes on.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog

from telephony.agent import Agent, IncomingCall, ManagedAgent
from telephony.contracts.observer import Step, step_of_frame
from telephony.core.events import AudioReceived
from telephony.tape.format import BRIDGE, VARIABLE, Header
from telephony.tape.writer import TapeWriter

log = structlog.get_logger()

WAITING_STEPS = 3_000
PAUSE_S = 0.75
SAME_NAME = 100
"""Most folders of one name: a caller who is reconnected keeps the call SID, and gets a folder with a number."""


def package_version() -> str:
    try:
        return version("telephony")
    except PackageNotFoundError:
        return ""


def header_for(agent: Agent | ManagedAgent, call: IncomingCall, began: datetime) -> Header:
    """The header for a call that `agent` answers: of the prompt, only the hash is stored."""
    variables = {f"{VARIABLE}{name}": value for name, value in call.variables.items()}
    header = Header(
        call={"sid": call.call_sid, "from": call.caller, "to": call.called, "direction": call.direction} | variables,
        began=began.astimezone(UTC).isoformat(timespec="milliseconds"),
        package=package_version(),
    )
    if isinstance(agent, Agent):
        return _of_pipeline(header, agent)
    # The pipeline's settings are those of the fallback, which may take over.
    header = header if agent.fallback is None else _of_pipeline(header, agent.fallback)
    facts = {"managed": agent.agent_id, "tools": ", ".join(tool.name for tool in agent.tools)}
    return replace(header, engine=BRIDGE, engine_policy=agent.policy(), agent=facts)


def answered(header: Header) -> IncomingCall:
    """The recorded call, for an agent function to answer: the reverse of `header_for`, without the webhook's form."""
    call = header.call
    return IncomingCall(
        call.get("sid") or "recorded", call.get("from", ""), call.get("to", ""), call.get("direction", "inbound"),
        variables=header.variables,
    )  # fmt: skip


def _of_pipeline(header: Header, agent: Agent) -> Header:
    prompt = "\n\n".join((agent.prompt, agent.style, agent.context))
    facts = {
        "name": agent.name,
        "prompt_sha256": hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
        "model": agent.model,
        "voice": agent.voice.id,
        "tools": ", ".join(tool.name for tool in agent.tools),
    }
    return replace(header, policy=agent.policy(), language=agent.voice.language, agent=facts)


@dataclass(slots=True)
class TapeObserver:
    """The `FrameObserver` of one call. `queue` holds steps, and where steps were dropped, their number."""

    folder: Path
    header: Header
    wake: threading.Event
    queue: deque[Step | int] = field(default_factory=deque)
    dropped: int = 0
    closed: bool = False
    writer: TapeWriter | None = None
    failed: bool = False

    def see(self, step: Step) -> None:
        if len(self.queue) >= WAITING_STEPS:
            self.dropped += 1
            return
        if self.dropped:
            self.queue.append(self.dropped)
            self.dropped = 0
        self.queue.append(step)

    def see_frame(self, seq: int, now_ms: int, event: AudioReceived) -> None:
        self.see(step_of_frame(seq, now_ms, event))

    def close(self) -> None:
        if self.dropped:
            self.queue.append(self.dropped)
        self.closed = True
        self.wake.set()

    # --- in the writing thread --------------------------------------------------------------------------------------

    def write(self) -> bool:
        """Writes the queued steps. Returns True once the call is over and nothing more will be written."""
        closed = self.closed  # read first: no step is queued after it
        try:
            self._write()
            if closed and self.writer is not None and not self.failed:
                self.writer.close()
        except Exception as error:  # a full disk, or a bug here, must not affect the call
            if not self.failed:
                log.error("tape_failed", folder=str(self.folder), error=type(error).__name__,
                          reason=getattr(error, "strerror", None))  # fmt: skip
            self.failed = True
            self.queue.clear()
            if self.writer is not None:
                self.writer.abandon()
        return closed

    def _write(self) -> None:
        if self.failed:
            self.queue.clear()
            return
        if self.writer is None:
            self.writer = _start(self.folder, self.header)
            self.folder = self.writer.folder
        while self.queue:
            item = self.queue.popleft()
            if isinstance(item, int):
                log.warning("tape_steps_lost", folder=str(self.folder), steps=item)
                self.writer.lost(item)
            else:
                self.writer.step(item)
        self.writer.flush()


def _start(folder: Path, header: Header) -> TapeWriter:
    for number in range(1, SAME_NAME + 1):
        try:
            return TapeWriter(folder if number == 1 else folder.with_name(f"{folder.name}-{number}"), header)
        except FileExistsError:
            continue
    raise FileExistsError(f"{folder} and {SAME_NAME - 1} more of that name exist already")


class Recorder:
    """Records calls in `folder`/DATE/TIME-CALLSID, dates and times in UTC. `wall_s` returns seconds since 1970.

    `close` blocks until every queued step is written: call it when no call is left, and not on the event loop.
    """

    def __init__(self, folder: Path, wall_s: Callable[[], float]) -> None:
        self._folder, self._wall_s = folder, wall_s
        self._tapes: list[TapeObserver] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def observe(self, call: IncomingCall, agent: Agent | ManagedAgent) -> TapeObserver:
        """An observer that records `call`."""
        began = datetime.fromtimestamp(self._wall_s(), UTC)
        sid = re.sub(r"[^A-Za-z0-9]", "", call.call_sid)[:64] or "call"
        folder = self._folder / f"{began:%Y-%m-%d}" / f"{began:%H%M%S}-{sid}"
        tape = TapeObserver(folder, header_for(agent, call, began), self._wake)
        with self._lock:
            self._tapes.append(tape)
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._work, name="tapes", daemon=True)
                self._thread.start()
        return tape

    def close(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for tape in self._tapes:  # calls that are still running keep what was recorded
            tape.write()
            if tape.writer is not None:
                tape.writer.abandon()

    def _work(self) -> None:
        while not self._stopping:
            self._wake.wait(PAUSE_S)
            self._wake.clear()
            with self._lock:
                tapes = list(self._tapes)
            done = [tape for tape in tapes if tape.write()]
            with self._lock:
                self._tapes = [tape for tape in self._tapes if not any(tape is one for one in done)]
