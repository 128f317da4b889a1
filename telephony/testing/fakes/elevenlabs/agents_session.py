"""One conversation of the local Agents platform: transcription, turn-taking, replies and speech.

Theory of operation. The caller's audio goes to the recognizer; its loudness tells voice from silence. Voice while the
agent can be heard interrupts the agent; silence after voice ends the caller's turn. A reply is a task: the responder's
text goes to the speaker one sentence at a time, and tools run between two requests to the responder. The platform does
not know what has been played; like the real one it estimates playback by its own clock, from when it sent the audio.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode, b64encode
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection

from telephony.testing.fakes.elevenlabs import agents_messages as wire
from telephony.testing.fakes.elevenlabs.agents_line import CarrierLine
from telephony.testing.fakes.elevenlabs.agents_llm import END_CALL, CustomLlmFailed, filled
from telephony.testing.fakes.elevenlabs.agents_speech import CallerSide, Playback, Sentence, Speaker, Wire
from telephony.testing.fakes.elevenlabs.agents_state import Conversation, LocalAgent, Platform
from telephony.testing.fakes.elevenlabs.stt import Recognizer
from telephony.testing.fakes.openai.server import CallTool, Part, Say

INTERRUPT_MS = 160  # this much voice without a break interrupts the agent
TENTATIVE_MS = 500  # the transcript so far is sent each time this much voice has come
TURN_MS = 600  # this much silence ends the caller's turn
START_MS = 5_000  # the start message must arrive within this time
TOOL_MS = 20_000  # the client must return a tool's result within this time
ROUNDS = 8  # requests to the responder in one turn


class Session:
    """Runs one conversation over `connection`, recording it in `conversation`."""

    def __init__(
        self,
        server: Platform,
        connection: ServerConnection | CarrierLine,
        agent: LocalAgent,
        conversation: Conversation,
        recognizer: Recognizer,
    ) -> None:
        self._server, self._connection, self._agent, self._conversation = server, connection, agent, conversation
        self._recognizer = recognizer
        self._caller = CallerSide()
        self._wire = Wire(connection)
        self._speaker = Speaker(server, self._wire, conversation)
        self._answering: asyncio.Task[None] | None = None
        self._results: dict[str, asyncio.Future[wire.ToolResult]] = {}
        self._pinged: dict[int, int] = {}
        self._group: asyncio.TaskGroup

    async def run(self) -> None:
        faults = self._server.faults
        start = await self._start()
        if start is None:
            return
        if faults.close_at_start is not None:
            await self._end(*faults.close_at_start)
            return
        if faults.no_metadata:
            await self._connection.wait_closed()
            return
        await self._wire.send(
            "conversation_initiation_metadata", conversation_id=self._conversation.id,
            agent_output_audio_format=self._agent.output_format, user_input_audio_format=self._agent.input_format,
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            self._group = group
            pinging = group.create_task(self._ping())
            try:
                override = (start.conversation_config_override or {}).get("agent") or {}
                first = self._filled(override.get("first_message") or self._agent.first_message)
                if first:
                    self._answer(first)
                await self._listen()
            finally:
                pinging.cancel()
                if self._answering is not None:
                    self._answering.cancel()

    # --- what comes in ----------------------------------------------------------------------------------------------

    async def _start(self) -> wire.Initiation | None:
        """The start message; None if it was missing or invalid, and the socket has been closed."""
        try:
            async with self._server.clock.timeout(START_MS):
                message = await self._receive()
        except TimeoutError:
            await self._wire.close(1002, "no start message")
            return None
        if not isinstance(message, wire.Initiation):
            await self._violation("the first message must be conversation_initiation_client_data")
            return None
        self._conversation.initiation = message.model_dump(exclude_none=True)
        overrides = message.conversation_config_override or {}
        names = [f"{part}.{name}" for part, fields in overrides.items() for name in fields or {}]
        if wrong := [name for name in names if name not in self._agent.allowed]:
            await self._end(1008, f"Override for field {wrong[0]} is not allowed by config.")
            return None
        variables = message.dynamic_variables or {}
        if missing := [name for name in self._agent.variables if name not in variables]:
            await self._end(1008, f"Missing required dynamic variables: {missing}")
            return None
        events = (overrides.get("conversation") or {}).get("client_events")
        self._wire.wants(self._agent.client_events if events is None else events)
        self._conversation.messages.append({"role": "system", "content": self._filled(self._agent.prompt)})
        return message

    async def _receive(self) -> wire.ClientMessage | None:
        text = await self._connection.recv()
        try:
            raw = json.loads(text)
            message = wire.check_client(raw)
        except (ValueError, ValidationError) as error:
            self._server.seen.violations.append(f"{str(text)[:100]}: {str(error)[:200]}")
            await self._wire.close(1008, "Invalid message received")
            return None
        if not isinstance(message, wire.UserAudio):
            self._server.seen.received.append(raw)
            self._server.changed.set()
        return message

    async def _listen(self) -> None:
        while (message := await self._receive()) is not None:
            match message:
                case wire.UserAudio(user_audio_chunk=chunk):
                    await self._hear(b64decode(chunk))
                case wire.Pong(event_id=event_id):
                    if (sent := self._pinged.pop(event_id, None)) is not None:
                        self._server.seen.pong_ms.append(self._server.clock.ms() - sent)
                case wire.ToolResult(tool_call_id=call_id):
                    future = self._results.get(call_id)
                    if future is not None and not future.done():
                        future.set_result(message)
                case wire.ContextualUpdate(text=text):
                    self._conversation.told.append(text)
                    self._conversation.messages.append({"role": "system", "content": text})
                case wire.UserMessage(text=text):
                    await self._interrupt()
                    self._turn(text)
                case wire.UserActivity():
                    self._conversation.activity += 1
                case _:
                    pass
            self._server.changed.set()

    async def _hear(self, pcmu: bytes) -> None:
        self._server.seen.audio_bytes += len(pcmu)
        for at in range(0, len(pcmu), 160):
            await self._hear_frame(pcmu[at : at + 160])

    async def _hear_frame(self, frame: bytes) -> None:
        self._recognizer.hear(frame)
        self._caller.hear(frame)
        if self._caller.run_ms and self._caller.run_ms % TENTATIVE_MS == 0:
            so_far = await self._recognizer.partial()
            await self._wire.send("tentative_user_transcript", user_transcript=so_far, event_id=self._wire.ids)
        if self._caller.run_ms >= INTERRUPT_MS:
            await self._interrupt()
        if self._caller.voiced_ms >= 60 and self._caller.quiet_ms >= TURN_MS:
            self._caller = CallerSide()
            text, _ = await self._recognizer.commit()
            if text.strip():
                await self._wire.send("user_transcript", user_transcript=text, event_id=self._wire.next_id())
                self._turn(text)

    def _turn(self, text: str) -> None:
        self._conversation.messages.append({"role": "user", "content": text})
        self._conversation.asked += 1
        if self._answering is not None:
            self._answering.cancel()
        self._answer()

    async def _interrupt(self) -> None:
        """Interrupts the agent if it can be heard; does nothing otherwise."""
        now, playback = self._server.clock.ms(), self._speaker.playback
        if not playback.said or now >= playback.until_ms:
            return
        if self._answering is not None:
            self._answering.cancel()
        self._speaker.playback = Playback(playback.event_id)
        original, corrected = "".join(char for char, _ in playback.said).strip(), playback.spoken(now)
        self._conversation.interruptions += 1
        await self._wire.send("interruption", event_id=self._wire.ids)
        self._conversation.remember(corrected)
        if self._server.faults.late_audio:
            late = b64encode(b"\x00" * 4_000).decode()
            await self._wire.send("audio", audio_base_64=late, event_id=playback.event_id)
        if not self._server.faults.no_correction:
            await self._wire.send(
                "agent_response_correction", original_agent_response=original, corrected_agent_response=corrected,
                event_id=playback.event_id,
            )  # fmt: skip

    # --- an answer --------------------------------------------------------------------------------------------------

    def _answer(self, text: str = "") -> None:
        """Starts a reply: `text` as it is, or, if empty, the responder's answer."""
        self._answering = self._group.create_task(self._reply(text))

    async def _reply(self, text: str) -> None:
        faults = self._server.faults
        if not text and (faults.close_on_turn is not None or faults.drop_on_turn):
            await self._break_off()
            return
        await self._server.clock.sleep(self._server.latency.first_byte_ms)
        if text:
            await self._round([Sentence(text)])
            return
        await self._wire.flood(faults.tool_flood)
        faults.tool_flood = 0
        asked = self._conversation.asked
        try:
            for _ in range(ROUNDS):
                calls = await self._round(self._parts())
                if not calls or not await self._tools(calls):
                    self._conversation.answered = asked
                    return
        except CustomLlmFailed as error:
            await self._wire.close(1002, f"custom_llm generation failed: {error}"[:120])

    async def _parts(self) -> AsyncIterator[Part]:
        end_call = [END_CALL] if self._agent.may_hang_up else []
        messages, initiation = list(self._conversation.messages), self._conversation.initiation
        body: dict[str, Any] = {"messages": messages, "tools": [*self._agent.client_tools, *end_call]}
        body["dynamic_variables"] = initiation.get("dynamic_variables") or {}
        if initiation.get("custom_llm_extra_body"):
            body["elevenlabs_extra_body"] = initiation["custom_llm_extra_body"]
        parts = self._agent.respond(body)
        if not isinstance(parts, AsyncIterable):
            for one in parts:
                yield one
            return
        async for part in parts:
            yield part

    async def _round(self, parts: AsyncIterator[Part] | list[Sentence]) -> list[CallTool]:
        """Speaks the text of one answer from the responder; returns its tool calls."""
        self._speaker.next_line()
        sentences: asyncio.Queue[str | None] = asyncio.Queue(1_000)
        calls: list[CallTool] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(self._speaker.speak(sentences))
            whole = rest = ""
            if isinstance(parts, list):
                whole = rest = parts[0].text
            else:
                async with aclosing(parts) as stream:  # type: ignore[type-var]  # it is a generator
                    async for part in stream:
                        if isinstance(part, CallTool):
                            calls.append(part)
                        if not isinstance(part, Say):
                            continue
                        whole, rest = whole + part.text, rest + part.text
                        *ready, rest = re.split(r"(?<=[.!?…]) +", rest)
                        for sentence in ready:
                            sentences.put_nowait(sentence + " ")
            if rest.strip():
                sentences.put_nowait(rest)
            if whole.strip():
                await self._wire.send("agent_response", agent_response=whole, event_id=self._speaker.playback.event_id)
                self._conversation.messages.append({"role": "assistant", "content": whole.strip()})
            sentences.put_nowait(None)
        return calls

    async def _tools(self, calls: list[CallTool]) -> bool:
        """Runs the tool calls. False if one of them ended the call."""
        asked = [(f"tool_{uuid4().hex[:12]}", call) for call in calls]
        functions = [
            {"id": i, "type": "function", "function": {"name": c.name, "arguments": json.dumps(c.arguments)}}
            for i, c in asked
        ]
        self._conversation.messages.append({"role": "assistant", "content": None, "tool_calls": functions})
        for call_id, call in asked:
            if call.name == "end_call":
                await self._hang_up(call_id)
                return False
            result = await self._client_tool(call_id, call)
            self._conversation.messages.append({"role": "tool", "tool_call_id": call_id, "content": result})
        return True

    async def _client_tool(self, call_id: str, call: CallTool) -> str:
        future = self._results[call_id] = asyncio.get_running_loop().create_future()
        body = {
            "tool_name": call.name,
            "tool_call_id": call_id,
            "parameters": call.arguments,
            "event_id": self._wire.ids,
        }
        for _ in range(2 if self._server.faults.tool_twice else 1):
            await self._wire.send("client_tool_call", **body)
        try:
            async with self._server.clock.timeout(TOOL_MS):
                return str((await future).result)
        except TimeoutError:
            return "The client tool did not answer in time."

    async def _hang_up(self, call_id: str) -> None:
        self._conversation.hung_up = True
        await self._wire.send(
            "agent_tool_response", tool_name="end_call", tool_call_id=call_id, tool_type="system", is_error=False,
            is_called=True, event_id=self._wire.ids,
        )  # fmt: skip
        await self._server.clock.sleep(max(0.0, self._speaker.playback.until_ms - self._server.clock.ms()))
        await self._wire.close(1000, "Call ended by agent")

    # --- the rest ---------------------------------------------------------------------------------------------------

    async def _ping(self) -> None:
        last: int | None = None
        while True:
            self._pinged[event_id := self._wire.next_id()] = self._server.clock.ms()
            await self._wire.send("ping", event_id=event_id, ping_ms=last)
            await self._server.clock.sleep(self._server.latency.ping_ms)
            last = self._server.seen.pong_ms[-1] if self._server.seen.pong_ms else None

    async def _break_off(self) -> None:
        faults = self._server.faults
        closing, faults.close_on_turn, faults.drop_on_turn = faults.close_on_turn, None, False
        if closing is None:
            self._connection.transport.abort()
            return
        await self._end(*closing, framed=faults.error_frame)

    async def _end(self, code: int, reason: str, *, framed: bool = False) -> None:
        """Closes for a fault; `framed`: an error message comes first."""
        variables = self._conversation.initiation.get("dynamic_variables")
        reason += f" {variables}" if self._server.faults.quote else ""
        if framed:
            await self._wire.send("error", code=code, message=reason)
        await self._wire.close(code, reason.encode()[:123].decode(errors="ignore"))

    def _filled(self, text: str) -> str:
        return filled(text, self._conversation.initiation.get("dynamic_variables") or {})

    async def _violation(self, text: str) -> None:
        self._server.seen.violations.append(text)
        await self._wire.close(1008, text)
