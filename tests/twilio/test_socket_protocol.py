"""The direct way of text messages beside ASGI: nothing is lost, and nothing changes its place."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from telephony.testing.serving import serve_app
from telephony.twilio.direct import direct_of
from telephony.twilio.socket_protocol import MediaSocket

HANDSHAKE = (
    b"GET /socket HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@dataclass
class Peer:
    """A client that sends raw bytes. `got` are the messages that the app received, and how; `code` how it ended."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    got: list[tuple[str, str | bytes]] = field(default_factory=list)
    code: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, way: str, message: str | bytes) -> None:
        self.got.append((way, message))
        self.changed.set()

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.changed.clear()
            await self.changed.wait()

    def ended(self) -> bool:
        return self.code is not None

    async def send(self, *pieces: bytes) -> None:
        """Each piece on its own, as far as the network lets it."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)


@asynccontextmanager
async def peer(*, listens: bool = True) -> AsyncIterator[Peer]:
    """A connection to an app that listens directly as soon as it is accepted, and receives what does not come so."""
    reader: asyncio.StreamReader
    over, it = asyncio.Event(), Peer(None, None)  # type: ignore[arg-type]  # set below, before anything is sent

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        direct = direct_of(socket.scope)
        assert direct is not None
        if listens:
            direct.listen(lambda payload: it.add("direct", payload.decode("ascii")))
        while (message := await socket.receive())["type"] == "websocket.receive":
            text = message.get("text")
            it.add("received", text if text is not None else message["bytes"])
        it.code = message["code"]
        over.set()
        it.changed.set()

    app = Starlette(routes=[WebSocketRoute("/socket", endpoint)])
    async with asyncio.timeout(60), serve_app(app) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        it.reader, it.writer = reader, writer
        writer.write(HANDSHAKE)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        try:
            yield it
        finally:
            writer.close()
            await over.wait()


def frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


def text(message: str) -> bytes:
    return frame(Opcode.TEXT, message.encode())


async def test_whole_text_messages_come_directly() -> None:
    """Short ones and long ones, many at once or in single bytes."""
    messages = ["", "a", "x" * 125, "y" * 126, "z" * 60_000, *(str(number) for number in range(500))]
    async with peer() as it:
        await it.send(b"".join(text(message) for message in messages), *(bytes([one]) for one in text("last")))
        await it.until(lambda: len(it.got) == len(messages) + 1)
        assert it.got == [("direct", message) for message in (*messages, "last")]


async def test_without_a_listener_everything_is_received() -> None:
    async with peer(listens=False) as it:
        await it.send(text("a") + text("b"))
        await it.until(lambda: len(it.got) == 2)
        assert it.got == [("received", "a"), ("received", "b")]


@pytest.mark.parametrize("seed", range(30))
async def test_nothing_is_lost_and_the_order_is_that_of_sending(seed: int) -> None:
    """Text, binary, fragments with pings in between, other scripts; cut into any pieces."""
    rng, stream, sent = random.Random(seed), b"", list[str | bytes]()
    for number in range(60):
        words = f"{number} " + "w" * rng.choice((0, 3, 120, 121, 122, 123, 5_000))
        match rng.randrange(8):
            case 0:
                stream += frame(Opcode.BINARY, words.encode())
                sent.append(words.encode())
                continue
            case 1:
                words += " köszönöm"
                stream += text(words)
            case 2:
                at, ping = rng.randrange(len(words)), frame(Opcode.PING, b"p")
                stream += frame(Opcode.TEXT, words[:at].encode(), fin=False) + rng.choice((b"", ping))
                stream += frame(Opcode.CONT, words[at:].encode())
            case 3:
                stream += frame(Opcode.PING, b"there?") + text(words)
            case _:
                stream += text(words)
        sent.append(words)
    cuts = sorted(rng.sample(range(len(stream)), 40))
    async with peer() as it:
        await it.send(*(stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)))
        await it.until(lambda: len(it.got) == len(sent))
        assert [message for _, message in it.got] == sent
        assert {way for way, message in it.got if isinstance(message, bytes)} <= {"received"}
        assert "direct" in {way for way, _ in it.got}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(Opcode.TEXT, b"not masked", mask=False), 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),  # no such opcode
        (b"\xc1\x81\x00\x00\x00\x00a", 1002),  # a reserved bit
        (frame(Opcode.CONT, b"of nothing"), 1002),
        (frame(Opcode.TEXT, b"begun", fin=False) + text("another"), 1002),
        (frame(Opcode.TEXT, b"\xff\xfe"), 1007),
        (frame(Opcode.CLOSE, b"\x03\xe8"), 1000),
    ],
    ids=["not masked", "opcode", "reserved", "continuation", "not finished", "not UTF-8", "close"],
)
async def test_what_breaks_the_protocol_ends_the_connection_as_ever(sent: bytes, code: int) -> None:
    """With the code of the RFC; what came before is not lost, and what comes after is not looked at."""
    async with peer() as it:
        await it.send(text("before") + sent + text("after"))
        await it.until(it.ended)
        assert it.got == [("direct", "before")]
        answer = await it.reader.read()
        close = answer.rindex(b"\x88")
        assert int.from_bytes(answer[close + 2 : close + 4], "big") == code


async def test_a_message_that_is_too_long_ends_the_connection() -> None:
    """Of whatever length it says it is; the app is told why."""
    for length in (65_537, 2**40):
        async with peer() as it:
            head = b"\x81\xff" + length.to_bytes(8, "big") + b"\x01\x02\x03\x04"
            await it.send(text("before") + head + b"x" * 100)
            await it.until(it.ended)
            assert (it.got, it.code) == ([("direct", "before")], 1009)


async def test_after_our_close_nothing_comes() -> None:
    """The peer may still send until it reads the close."""
    got: list[bytes] = []
    over = asyncio.Event()

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        direct = direct_of(socket.scope)
        assert direct is not None
        direct.listen(got.append)
        assert direct.ready()
        direct.write("hello")
        await socket.close()
        assert not direct.ready()
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
        over.set()

    async with asyncio.timeout(60), serve_app(Starlette(routes=[WebSocketRoute("/socket", endpoint)])) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(7) == b"\x81\x05hello"
        assert (await reader.readexactly(2))[0] == 0x88
        writer.write(text("late") + frame(Opcode.CLOSE, b"\x03\xe8"))
        await over.wait()
        await reader.read()
        writer.close()
    assert got == []


def test_what_is_used_of_the_server() -> None:
    """The base class is private: if this fails, read its new version, and then `socket_protocol.py` again."""
    assert uvicorn.__version__.split(".")[:2] == ["0", "54"]
    protocol = WebSocketsSansIOProtocol(
        uvicorn.Config(lambda: None, ws_max_size=5), uvicorn.server.ServerState(), {}, asyncio.new_event_loop()
    )
    assert isinstance(protocol.queue, asyncio.Queue)
    assert isinstance(protocol.writable, asyncio.Event)
    assert isinstance(protocol.conn, ServerProtocol)
    assert protocol.conn.state is State.CONNECTING
    assert protocol.handshake_initiated is False
    for overridden in ("data_received", "handle_events", "handle_connect", "connection_lost"):
        assert overridden in vars(WebSocketsSansIOProtocol)
        assert overridden in vars(MediaSocket)
    protocol.loop.close()
