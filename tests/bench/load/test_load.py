"""The load bench: its cheap WebSocket against a real server, how it paces frames, and the arithmetic of its figures."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedOK

from tests.bench.load import compare, growth, quick
from tests.bench.load.bench import limit
from tests.bench.load.caller import JITTER_S, Pace
from tests.bench.load.children import spent_s
from tests.bench.load.parts import fixed_work
from tests.bench.load.wire import PING, TEXT, Wire, first_frame, masked

GOOD = {
    "lag_p99": 2.0,
    "callers_lag_p99": 2.0,
    "providers_lag_p99": 2.0,
    "service_cpu": 0.5,
    "callers_cpu": 0.5,
    "providers_cpu": 0.5,
    "other_load": 0.0,
    "calls_failed": 0,
    "limit": "none",
}


@pytest.mark.parametrize("size", [0, 1, 125, 126, 390, 65_535])
async def test_a_real_server_reads_the_caller_and_the_caller_reads_it(size: int) -> None:
    text = "x" * size
    closed: asyncio.Future[type[Exception]] = asyncio.get_running_loop().create_future()

    async def echo(socket: ServerConnection) -> None:
        try:
            pong = await socket.ping()
            await socket.send(await socket.recv())
            await pong
            await socket.recv()
        except Exception as error:
            closed.set_result(type(error))

    received: asyncio.Queue[bytes] = asyncio.Queue()
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        wire = await Wire.connect(f"ws://127.0.0.1:{port}/a?b=c", {"X-One": "1"}, received.put_nowait)
        wire.send(text.encode())
        assert await received.get() == text.encode()
        await wire.close()
        assert await closed is ConnectionClosedOK


async def test_a_refused_stream_is_an_error() -> None:
    async def never(socket: ServerConnection) -> None:
        raise AssertionError

    async with serve(
        never, "127.0.0.1", 0, process_request=lambda socket, request: socket.respond(403, "no")
    ) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionError, match="403"):
            await Wire.connect(f"ws://127.0.0.1:{port}/", {}, lambda text: None)


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_frames_are_found_however_the_bytes_arrive(texts: list[bytes], piece: int) -> None:
    """A server's frame is a client's without the mask."""
    sent = b"".join(_unmasked(text) for text in texts)
    data, found = bytearray(), []
    for begin in range(0, len(sent), piece):
        data += sent[begin : begin + piece]
        while (frame := first_frame(data)) is not None:
            found.append(frame[:2])
            del data[: frame[2]]
    assert found == [(TEXT, text) for text in texts]
    assert not data


def _unmasked(text: bytes) -> bytes:
    frame = masked(TEXT, text)
    head = 2 if len(text) < 126 else 4
    return bytes((frame[0], frame[1] & 0x7F)) + frame[2:head] + text


def test_a_ping_is_no_text() -> None:
    assert first_frame(bytearray(b"\x89\x01a")) == (PING, b"a", 3)


def test_frames_of_different_calls_are_not_sent_in_step() -> None:
    """Each call's come every 20 ms, give or take the jitter, from a moment of its own; a call that ended gets none."""
    lags = list[float]()
    pace, sent, now = Pace(lags), {number: list[float]() for number in range(20)}, 0.0

    def sender(number: int) -> bool:
        sent[number].append(now)
        return len(sent[number]) < 11

    for number in sent:
        pace.add(now, lambda number=number: sender(number))  # type: ignore[misc]
    for ms in range(300):
        now = ms / 1000
        pace.tick(now)
    assert {len(times) for times in sent.values()} == {11}
    assert len({times[0] for times in sent.values()}) > 5
    for times in sent.values():
        assert all(abs(when - times[0] - 0.02 * index) < JITTER_S + 0.0021 for index, when in enumerate(times))
    assert len({round(times[10] - times[0], 3) for times in sent.values()}) > 1
    assert 0 <= min(lags) <= max(lags) <= 1.01


@pytest.mark.parametrize(
    ("changed", "who"),
    [
        ({}, "none"),
        ({"service_cpu": 0.97}, "service"),
        ({"callers_lag_p99": 30.0}, "callers"),
        ({"callers_cpu": 0.9, "providers_lag_p99": 11.0}, "callers+providers"),
        ({"lag_p99": None}, "none"),
    ],
)
def test_the_table_says_who_was_at_the_limit(changed: dict[str, Any], who: str) -> None:
    assert limit(GOOD | changed) == who


def test_the_fixed_work_is_no_cost_of_the_calls() -> None:
    assert spent_s({"cpu_s": 1.0}, {"cpu_s": 3.0}) == 2.0
    assert spent_s({"cpu_s": 1.0}, {"cpu_s": 3.0, "calibration_s": [0.25, 0.25]}) == 1.5


def test_the_fixed_work_takes_time() -> None:
    with fixed_work() as work:
        assert 0 < work() < 1


# --- base against change ---


def _pair(base: float, change: float | None) -> compare.Pair:
    tables = {"base": base, "change": change}
    return {
        name: {50: dict.fromkeys(compare.COMPARED, 1.0) | GOOD | {"cpu_s_per_call_second": value}}
        for name, value in tables.items()
    }


def test_ratios_are_those_of_each_pair() -> None:
    pairs = [_pair(2.0, 1.0), _pair(4.0, 1.0), _pair(0.0, 1.0), _pair(1.0, None)]
    assert compare.ratios(pairs, 50, "cpu_s_per_call_second") == [0.5, 0.25]


def test_the_comparison_shows_medians_ratios_and_what_makes_them_doubtful() -> None:
    pairs = [_pair(0.02, 0.01), _pair(0.04, 0.01), _pair(0.02, 0.015)]
    pairs[1]["base"][50] |= {"limit": "callers", "calls_failed": 2, "other_load": 0.5}
    lines = compare.show(pairs).splitlines()
    assert lines[1].split() == "cpu s per call second 0.02 0.01 0.500 0.250 0.500 0.750".split()
    assert lines[-3:] == [
        "base: at the limit: callers",
        "base: 2 calls failed",
        "base: other processes used up to 0.50 cores",
    ]


def test_base_and_change_take_turns_at_being_first() -> None:
    assert [compare.order(pair)[0] for pair in range(4)] == ["base", "change", "base", "change"]


def test_the_base_is_a_folder_or_a_revision(tmp_path: Path) -> None:
    with compare.tree(str(tmp_path)) as folder:
        assert folder == tmp_path.resolve()
    with pytest.raises(SystemExit, match="neither a folder nor a revision"), compare.tree("no-such-revision"):
        pass


# --- growth ---


def test_the_slope_of_a_line_has_no_error() -> None:
    assert growth.slope([(0, 1.0), (1, 3.0), (2, 5.0)]) == pytest.approx((2.0, 0.0))


@pytest.mark.parametrize(
    ("second_half", "begins"),
    [
        ([100.0, 100.1, 100.0, 100.1, 100.0], "does not grow: "),
        ([100.0, 100.5, 101.0, 101.5, 102.0], "GROWS: +5.1 KB a call"),
        ([100.0, 103.0, 99.0, 102.5, 100.5], "does not grow: "),  # noise
        ([100.0, 99.0, 98.0, 97.0, 96.0], "does not grow: -10.2 KB a call"),
    ],
)
def test_memory_grows_if_the_second_half_does(second_half: list[float], begins: str) -> None:
    """Whatever the first half does."""
    memory = [50.0, 70.0, 85.0, 95.0, 99.0, *second_half]
    assert growth.verdict([(100 * (index + 1), mb) for index, mb in enumerate(memory)]).startswith(begins)


def test_a_few_calls_tell_nothing() -> None:
    assert growth.verdict([(100, 1.0), (200, 2.0)]).startswith("too few")


# --- quick ---


def _found(cost: float, failed: int = 0) -> dict[str, Any]:
    return {"python": "3.11", "cost": cost, "cpu_s_per_call_second": 0.01, "calls_failed": failed, "lag_p99": 3.0}


@pytest.mark.parametrize(
    ("cost", "failed", "code", "says"),
    [
        (5.0, 0, 0, "0.50 of the stored 10.00"),
        (15.0, 0, 0, "1.50 of the stored 10.00"),
        (15.1, 0, 1, "1.51 of the stored 10.00, more than 1.5 is an error"),
        (5.0, 1, 1, "1 calls failed"),
    ],
)
def test_half_as_much_again_as_the_stored_figure_is_an_error(
    cost: float, failed: int, code: int, says: str, tmp_path: Path
) -> None:
    stored = tmp_path / "quick.json"
    assert quick.judge(_found(10.0), renew=True, stored=stored)[0] == 0
    assert json.loads(stored.read_text()) == {"3.11": 10.0}
    found = quick.judge(_found(cost, failed), stored=stored)
    assert found[0] == code
    assert found[1].endswith(says)


def test_a_starved_service_is_not_compared_nor_stored(tmp_path: Path) -> None:
    """It drops audio, and so costs less."""
    stored = tmp_path / "quick.json"
    starved = _found(1.0, failed=1) | {"lag_p99": 330.0}
    code, text = quick.judge(starved, renew=True, stored=stored)
    assert code == 0
    assert "too busy" in text
    assert not stored.exists()


def test_another_version_of_python_is_not_compared(tmp_path: Path) -> None:
    stored = tmp_path / "quick.json"
    stored.write_text('{"3.13": 1.0}')
    code, text = quick.judge(_found(10.0), stored=stored)
    assert code == 0
    assert "no figure for Python 3.11" in text
    quick.judge(_found(10.0), renew=True, stored=stored)
    assert json.loads(stored.read_text()) == {"3.11": 10.0, "3.13": 1.0}
