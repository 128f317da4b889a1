"""Calls out, over real sockets: the service, the local carrier, and somebody who picks up, or does not."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from telephony.agent import Agent, AgentChoice, IncomingCall, Reject
from telephony.errors import DialRefused
from telephony.outbound import attempts
from telephony.outbound.attempt import Attempt, Outcome
from telephony.tape.choose import find
from telephony.tape.reader import read
from telephony.tape.recorder import answered
from telephony.tape.show import transcript
from telephony.testing.fakes.twilio.outgoing import Callee, PlacingFaults, Post
from telephony.testing.stack import Stack, Tape
from telephony.tools import ToolContext, tool
from telephony.twilio.rest.calls import CallRequest, CallState
from tests.outbound.ringing import AGENT, OWN, THEIRS, own_number, ringing

ALL_FAULTS = [fault for fault in Post if fault is not Post.ANSWERED]


async def talked(stack: Stack) -> str:
    """Waits until the callee has heard the greeting, and hangs up. Returns the CallSid."""
    sid = await stack.carrier.outgoing.until_placed()
    phone = stack.carrier.calls[sid]
    tape = await stack.tape(phone)
    await tape.until(lambda: ("agent", AGENT.greeting) in tape.lines or tape.closed)
    await phone.hang_up()
    return sid


def said_in(tape: Tape, text: str) -> bool:
    return ("agent", text) in tape.lines


async def test_somebody_is_called_and_the_agent_talks_to_them(tmp_path: Path) -> None:
    """The greeting is heard by the callee; the outcome has the call's SID and its length."""
    async with ringing(tmp_path) as stack:
        dialling = asyncio.create_task(stack.service.calls.dial("+1 202 555 0123"))
        sid = await talked(stack)
        attempt = await dialling
        assert (attempt.outcome, attempt.call_sid, attempt.to, attempt.from_) == (Outcome.ANSWERED, sid, THEIRS, OWN)
        assert "answered and lasted" in attempt.words
        form = stack.carrier.outgoing.posts[0]
        assert attempt.id in form["Url"][0]
        assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
        assert "MachineDetection" not in form
        assert int(form["TimeLimit"][0]) == AGENT.limits.call_ms // 1_000 + 60


@pytest.mark.parametrize(
    ("callee", "outcome", "words"),
    [
        (Callee("busy"), Outcome.BUSY, "busy"),
        (Callee("no-answer"), Outcome.NO_ANSWER, "Nobody answered"),
        (Callee("failed", sip="404"), Outcome.FAILED, "no such number (SIP 404)"),
        (Callee("failed", sip="608"), Outcome.BLOCKED, "spam"),
        (Callee("busy", sip="603"), Outcome.BLOCKED, "declined"),
        (Callee("failed", sip="503"), Outcome.FAILED, "SIP 503"),
    ],
)
async def test_the_outcome_of_a_call_that_nobody_takes(
    tmp_path: Path, callee: Callee, outcome: Outcome, words: str
) -> None:
    """In words, with the network's code."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = callee
        attempt = await stack.service.calls.dial(THEIRS)
        assert attempt.outcome is outcome
        assert words in attempt.words
        assert stack.service.registry.calls == {}


@pytest.mark.parametrize(
    ("code", "outcome"), [(21216, Outcome.BLOCKED), (21215, Outcome.BLOCKED), (21211, Outcome.FAILED)]
)
async def test_what_twilio_refuses_is_over_at_once(tmp_path: Path, code: int, outcome: Outcome) -> None:
    """With Twilio's code. The number is free for another attempt."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.faults.code = code
        for _ in range(2):
            attempt = await stack.service.calls.dial(THEIRS)
            assert (attempt.outcome, attempt.code) == (outcome, str(code))
        assert len(stack.carrier.outgoing.posts) == 2


async def test_variables_reach_prompt_tools_and_the_function_that_chooses(tmp_path: Path) -> None:
    """Each way in which an agent can use them; a plain agent is told of them as well as of whom it called."""
    seen: list[object] = []

    @tool
    def note(context: ToolContext) -> str:
        """Notes something."""
        seen.append(dict(context.variables))
        return "noted"

    def choose(call: IncomingCall) -> AgentChoice:
        seen.append((call.person, call.outbound, dict(call.variables)))
        return Agent(prompt="P", greeting=AGENT.greeting, voice=AGENT.voice, tools=(note,))

    async with ringing(tmp_path, choose) as stack:
        dialling = asyncio.create_task(stack.service.calls.dial(THEIRS, variables={"name": "Anna", "plate": "B 12"}))
        phone = stack.carrier.calls[await stack.carrier.outgoing.until_placed()]
        tape = await stack.tape(phone)
        await tape.until(lambda: ("agent", AGENT.greeting) in tape.lines)
        await stack.says(phone, "yes speaking")
        await tape.until(lambda: ("agent", "Good.") in tape.lines)
        await phone.hang_up()
        await dialling
        told = stack.openai.requests[-1]["messages"][-1]["content"]
        assert "About this call: name: Anna; plate: B 12." in told
        assert f"You placed this call, to {THEIRS}." in told
        assert seen == [(THEIRS, True, {"name": "Anna", "plate": "B 12"})]


def garage(call: IncomingCall) -> Agent:
    """As in the guide: the greeting uses a variable."""
    return replace(AGENT, greeting=f"Hello {call.variables.get('name', '')}, your car is ready.")


async def test_what_a_call_was_placed_with_is_found_afterwards(tmp_path: Path) -> None:
    """On its tape, so that a test of it has them too, and in the log: the names in the open, the values not."""
    told = {"name": "Anna", "plate": "B 12"}
    async with ringing(tmp_path / "data", garage, tapes=tmp_path / "tapes") as stack:
        with capture_logs() as logs:
            dialling = asyncio.create_task(stack.service.calls.dial(THEIRS, variables=told))
            phone = stack.carrier.calls[await stack.carrier.outgoing.until_placed()]
            tape = await stack.tape(phone)
            await tape.until(lambda: ("agent", "Hello Anna, your car is ready.") in tape.lines)
            await phone.hang_up()
            await dialling
    taped = read(find(tmp_path / "tapes")[0])
    assert taped.header.variables == answered(taped.header).variables == told
    assert garage(answered(taped.header)).greeting == "Hello Anna, your car is ready."
    assert "placed with name: Anna; plate: B 12" in transcript(taped)
    line = next(one for one in logs if one["event"] == "call_placed_here")
    assert (line["variables"], line["pii_variables"]) == (["name", "plate"], told)
    assert "Anna" not in str([{name: one[name] for name in one if not name.startswith("pii_")} for one in logs])


async def test_odd_values_of_variables_are_stored_and_told(tmp_path: Path) -> None:
    """Of a text that no UTF-8 can hold, what is text."""
    odd = {
        "emoji": "\U0001f600",
        "half": "caf\ud83d",
        "lines": "a\r\nb\0c",
        "quotes": "'\"}{",
        "empty": "",
        "\u00fcber": "x",
    }
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=0)
        with pytest.raises(DialRefused, match="name is letters"):
            await stack.service.calls.dial(THEIRS, variables=odd)
        del odd["\u00fcber"]
        attempt = await stack.service.calls.dial(THEIRS, variables=odd)
        assert attempt.variables == odd | {"half": "caf", "lines": "a\nbc"}


async def test_another_agent_for_one_call(tmp_path: Path) -> None:
    """An object, or the name of one; those that call in meet the usual one."""
    other = Agent(prompt="P", greeting="Something else.", voice=AGENT.voice)
    async with ringing(tmp_path) as stack:
        ways: list[tuple[Agent | str, str]] = [
            (other, "Something else."),
            ("tests.outbound.ringing:AGENT", AGENT.greeting),
        ]
        for count, (agent, said) in enumerate(ways, 1):
            dialling = asyncio.create_task(stack.service.calls.dial(THEIRS, agent=agent))
            phone = stack.carrier.calls[await stack.carrier.outgoing.until_placed(count)]
            tape = await stack.tape(phone)
            await tape.until(partial(said_in, tape, said))
            await phone.hang_up()
            assert (await dialling).outcome is Outcome.ANSWERED
        with pytest.raises(DialRefused) as refused:
            await stack.service.calls.dial(THEIRS, agent="tests.outbound.ringing:nobody")
        assert refused.value.code == "no_agent"
        assert len(stack.carrier.outgoing.posts) == 2


async def test_an_agent_that_refuses_hangs_up(tmp_path: Path) -> None:
    async with ringing(tmp_path, lambda call: Reject("No.")) as stack:
        assert (await stack.service.calls.dial(THEIRS)).outcome is Outcome.ANSWERED
        assert next(iter(stack.carrier.calls.values())).spoken == ["No."]


async def test_who_answered_is_asked_only_if_wanted_and_is_no_verdict(tmp_path: Path) -> None:
    """Twilio's belief is noted; the agent talks all the same, because a person's long hello is taken for a machine."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee(answered_by="machine_start")
        dialling = asyncio.create_task(stack.service.calls.dial(THEIRS, detect_machine=True))
        await talked(stack)
        attempt = await dialling
        assert (attempt.outcome, attempt.answered_by) == (Outcome.ANSWERED, "machine_start")
        assert "machine" in attempt.words
        assert stack.carrier.outgoing.posts[0]["AsyncAmd"] == ["true"]


async def test_giving_up_while_it_rings(tmp_path: Path) -> None:
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=20_000)
        placed = await stack.service.calls.place(THEIRS)
        assert await stack.service.calls.hang_up(placed.id)
        attempt = await stack.service.calls.finished(placed.id)
        assert attempt.outcome is Outcome.CANCELED
        assert not await stack.service.calls.hang_up(placed.id)


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("911", {}, {}, "emergency"),
    ("+19005551234", {}, {}, "premium"),
    ("+4915112345678", {}, {}, "country"),
    (THEIRS, {}, {"dial_countries": ("DE",)}, "country"),
    (THEIRS, {"from_": "+12025550199"}, {}, "caller_id"),
    (THEIRS, {}, {"dial_from": "+12025550199"}, "caller_id"),
    (OWN, {}, {}, "own_number"),
    (THEIRS, {"variables": {"a b": "c"}}, {}, "variables"),
    (THEIRS, {"variables": {"a": "c" * 5_000}}, {}, "variables"),
    (THEIRS, {"ring_s": 1}, {}, "ring"),
    (THEIRS, {"key": "k" * 300}, {}, "key"),
]


@pytest.mark.parametrize(("to", "options", "settings", "code"), REFUSED)
async def test_what_must_not_be_dialled_never_reaches_the_carrier(
    tmp_path: Path, to: str, options: dict[str, Any], settings: dict[str, Any], code: str
) -> None:
    """And no attempt is used up."""
    async with ringing(tmp_path, **settings) as stack:
        with pytest.raises(DialRefused) as refused:
            await stack.service.calls.dial(to, **options)
        assert refused.value.code == code
        assert stack.carrier.outgoing.posts == []
        assert await stack.service.calls.legs.store().open() == []


async def test_without_a_place_for_attempts_nothing_is_dialled(tmp_path: Path) -> None:
    async with ringing(tmp_path) as stack:
        (tmp_path / "calls.sqlite3").write_text("no database" * 100)
        with pytest.raises(DialRefused) as refused:
            await stack.service.calls.dial(THEIRS)
        assert refused.value.code == "no_store"
        assert stack.carrier.outgoing.posts == []


def spoil(data: Path) -> None:
    """The record of attempts can be neither read nor written any more."""
    for file in list(data.rglob("calls.sqlite3*")):
        file.unlink()
        file.mkdir()


async def test_a_record_that_is_lost_after_the_call_was_placed_leaves_it_unknown(tmp_path: Path) -> None:
    """Nobody is told that nothing was done, and so nobody tries again."""
    async with ringing(tmp_path) as stack:
        calls = stack.service.calls
        assert calls.legs._rest is not None
        place = calls.legs._rest.place_call

        async def then_the_disk_fails(request: CallRequest) -> CallState:
            state = await place(request)
            spoil(tmp_path)
            return state

        calls.legs._rest.place_call = then_the_disk_fails  # type: ignore[method-assign]
        attempt = await calls.place(THEIRS)
        assert attempt.outcome is Outcome.UNKNOWN
        assert len(stack.carrier.outgoing.posts) == 1


async def test_a_record_that_is_unreadable_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """The report comes meanwhile and is lost. Nobody says that nothing was dialled; the outcome is found afterwards."""
    async with ringing(tmp_path, speed=40) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=2_000)
        dialling = asyncio.create_task(stack.service.calls.dial(THEIRS))
        phone = stack.carrier.calls[await stack.carrier.outgoing.until_placed()]
        file = stack.service.calls.legs.store().path
        await until_stored(stack)
        away = file.rename(tmp_path / "away")
        file.mkdir()
        await phone.ended()
        file.rmdir()
        away.rename(file)
        assert (await dialling).outcome is Outcome.BUSY
        assert len(stack.carrier.outgoing.posts) == 1


async def until_stored(stack: Stack) -> None:
    """Waits until the answer of the POST is on the disk."""
    while not any(one.call_sid for one in await stack.service.calls.legs.store().open()):
        await stack.clock.sleep(10)


async def test_a_record_that_is_lost_while_it_is_waited_for_leaves_it_unknown(tmp_path: Path) -> None:
    async with ringing(tmp_path, speed=40) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=2_000)
        dialling = asyncio.create_task(stack.service.calls.dial(THEIRS))
        await stack.carrier.outgoing.until_placed()
        spoil(tmp_path)
        assert (await dialling).outcome is Outcome.UNKNOWN


async def test_a_phone_is_answered_although_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has locked the file, or the disk is full: whose call it is can still be read."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=2_000)
        dialling = asyncio.create_task(stack.service.calls.dial(THEIRS, agent=AGENT))
        await stack.carrier.outgoing.until_placed()
        await until_stored(stack)
        with closing(sqlite3.connect(stack.service.calls.legs.store().path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with monkeypatch.context() as patch:
                patch.setattr(attempts, "BUSY_S", 0.01)
                await talked(stack)
        assert (await dialling).outcome is Outcome.ANSWERED


async def test_whoever_stops_does_not_wait_for_calls_that_last(tmp_path: Path) -> None:
    """They are looked up by the next process."""
    async with ringing(tmp_path) as stack:
        await stack.service.calls.place(THEIRS)
        await stack.carrier.outgoing.until_placed()
        calls = stack.service.calls
        async with calls.running():
            assert calls.legs._group is not None
            calls.legs._group.create_task(asyncio.Event().wait())  # as long as a call lasts


async def test_a_service_that_stops_dials_nobody(tmp_path: Path) -> None:
    """The phone of somebody would be answered by nobody."""
    async with ringing(tmp_path) as stack:
        stack.service.registry.draining = True
        with pytest.raises(DialRefused, match="takes no calls"):
            await stack.service.calls.dial(THEIRS)
        assert stack.carrier.outgoing.posts == []


@pytest.mark.parametrize(
    ("numbers", "settings", "caller"),
    [
        ([own_number()], {}, OWN),
        ([own_number(), own_number("+12025550101", voice_url="HERE")], {}, "+12025550101"),
        ([own_number(), own_number("+12025550101")], {}, ""),
        ([own_number(), own_number("+12025550101")], {"dial_from": "+12025550101"}, "+12025550101"),
        ([own_number(), own_number("+12025550101")], {"dial_from": "+1 (202) 555-0101"}, "+12025550101"),
        ([], {}, ""),
    ],
)
async def test_the_caller_id_is_a_number_of_one_s_own(
    tmp_path: Path, numbers: list[dict[str, str]], settings: dict[str, Any], caller: str
) -> None:
    """The one that calls us, or the only one; of several others, the one that is named."""
    async with ringing(tmp_path, **settings) as stack:
        here = stack.voice_url
        stack.carrier.account.numbers = [
            one | {"voice_url": one["voice_url"].replace("HERE", here)} for one in numbers
        ]  # fmt: skip
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy")
        if not caller:
            with pytest.raises(DialRefused) as refused:
                await stack.service.calls.dial(THEIRS)
            assert refused.value.code == "caller_id"
        else:
            assert (await stack.service.calls.dial(THEIRS)).from_ == caller


# --- never twice ----------------------------------------------------------------------------------------------------


async def test_the_attempt_is_on_the_disk_before_its_post(tmp_path: Path) -> None:
    """As another process sees it at that moment: committed, with its key, and not over."""
    async with ringing(tmp_path) as stack:
        legs, found = stack.service.calls.legs, list[Attempt | None]()
        assert legs._rest is not None
        place = legs._rest.place_call

        async def looked_first(request: CallRequest) -> CallState:
            found.append(await attempts.Attempts(tmp_path).by_key("k"))
            return await place(request)

        legs._rest.place_call = looked_first  # type: ignore[method-assign]
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy")
        attempt = await stack.service.calls.dial(THEIRS, key="k")
        assert [one and (one.id, one.over) for one in found] == [(attempt.id, False)]


@pytest.mark.parametrize("fault", ALL_FAULTS)
async def test_a_post_is_never_repeated_whatever_becomes_of_it(tmp_path: Path, fault: Post) -> None:
    """One POST, and the outcome that can be known: of a call that was placed, its own; of one of which nothing can be
    found, that it is unknown."""
    async with ringing(tmp_path, speed=40) as stack:
        stack.carrier.outgoing.faults = PlacingFaults(post=[fault, Post.ANSWERED])
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=3_000)
        attempt = await stack.service.calls.dial("+1 (202) 555-0123", key="k")
        placed = fault in (Post.HANGS, Post.FAILS, Post.GARBLED)
        expected = Outcome.BUSY if placed else Outcome.FAILED if fault is Post.BUSY else Outcome.UNKNOWN
        assert attempt.outcome is expected
        for written in (THEIRS, "+1 (202) 555-0123", "tel:+12025550123", "\uff0b1 202 555 012\uff13"):
            assert await stack.service.calls.dial(written, key="k") == attempt
        with pytest.raises(DialRefused, match="another number"):
            await stack.service.calls.dial("+12025550124", key="k")
        assert len(stack.carrier.outgoing.posts) == 1
        assert stack.carrier.outgoing.rings(THEIRS) == int(placed)


async def test_a_call_whose_answer_and_callbacks_are_lost_is_found_by_its_numbers(tmp_path: Path) -> None:
    async with ringing(tmp_path, speed=40) as stack:
        lost = frozenset({"initiated", "ringing", "answered", "completed"})
        stack.carrier.outgoing.faults = PlacingFaults(post=[Post.HANGS], lost=lost)
        stack.carrier.outgoing.callees[THEIRS] = Callee("no-answer")
        attempt = await stack.service.calls.dial(THEIRS)
        assert attempt.outcome is Outcome.NO_ANSWER
        assert attempt.call_sid in stack.carrier.outgoing.placed
        assert stack.carrier.outgoing.rings(THEIRS) == 1


async def test_a_key_that_is_used_again_waits_for_the_same_call(tmp_path: Path) -> None:
    """At the same time, and afterwards; for another number it is refused."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=4_000)
        first, second = await asyncio.gather(
            stack.service.calls.dial(THEIRS, key="order 7"), stack.service.calls.dial(THEIRS, key="order 7")
        )
        assert first == second == await stack.service.calls.dial(THEIRS, key="order 7")
        assert len(stack.carrier.outgoing.posts) == 1
        with pytest.raises(DialRefused) as refused:
            await stack.service.calls.dial("+12025550124", key="order 7")
        assert refused.value.code == "key"


async def test_two_keys_do_not_ring_one_phone_at_once(tmp_path: Path) -> None:
    """The second is refused while the first is not over, and may dial afterwards."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=4_000)
        first = asyncio.create_task(stack.service.calls.dial(THEIRS))
        await stack.carrier.outgoing.until_posted()
        with pytest.raises(DialRefused) as refused:
            await stack.service.calls.dial(THEIRS)
        assert refused.value.code == "already_calling"
        await first
        assert (await stack.service.calls.dial(THEIRS)).outcome is Outcome.BUSY
        assert len(stack.carrier.outgoing.posts) == 2


async def interrupted(stack: Stack) -> None:
    """Whoever asked for the call is cancelled while the POST is under way."""
    dialling = asyncio.create_task(stack.service.calls.dial(THEIRS, key="k"))
    await stack.carrier.outgoing.until_posted()
    dialling.cancel()
    await asyncio.gather(dialling, return_exceptions=True)


@pytest.mark.parametrize("fault", [Post.HANGS, Post.LOST])
async def test_after_a_restart_nothing_is_dialled_again(tmp_path: Path, fault: Post) -> None:
    """The process ends during the POST. The next one finds the attempt, and out what became of it, by itself."""
    async with ringing(tmp_path) as stack:
        unheard = frozenset({"initiated", "ringing", "completed"})
        stack.carrier.outgoing.faults = PlacingFaults(post=[fault], lost=unheard)
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy", ring_ms=50_000)
        await interrupted(stack)
        carrier = stack.carrier.outgoing
    async with ringing(tmp_path, speed=40) as stack:
        for call in carrier.placed.values():  # Twilio's memory outlives our process
            call.status = "busy"
        stack.carrier.outgoing.placed = dict(carrier.placed)
        attempt = await stack.service.calls.dial(THEIRS, key="k")
        assert attempt.outcome is (Outcome.BUSY if fault is Post.HANGS else Outcome.UNKNOWN)
        assert stack.carrier.outgoing.posts == []


async def test_whoever_asked_may_be_cancelled_and_the_outcome_is_still_noted(tmp_path: Path) -> None:
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.faults.post = [Post.HANGS]
        stack.carrier.outgoing.callees[THEIRS] = Callee("busy")
        await interrupted(stack)
        kept: Attempt | None = await stack.service.calls.legs.store().by_key("k")
        assert kept is not None
        assert (await stack.service.calls.finished(kept.id)).outcome is Outcome.BUSY
        assert len(stack.carrier.outgoing.posts) == 1


@pytest.mark.parametrize(
    "faults",
    [
        lambda: PlacingFaults(times=3),
        lambda: PlacingFaults(late=frozenset({"initiated", "ringing", "answered"})),
        lambda: PlacingFaults(lost=frozenset({"completed"})),
        lambda: PlacingFaults(times=2, late=frozenset({"answered"}), lost=frozenset({"ringing"})),
    ],
)
async def test_callbacks_in_any_order_repeated_or_lost(tmp_path: Path, faults: Callable[[], PlacingFaults]) -> None:
    """One conversation, one outcome."""
    async with ringing(tmp_path) as stack:
        stack.carrier.outgoing.faults = faults()
        dialling = asyncio.create_task(stack.service.calls.dial(THEIRS))
        await talked(stack)
        assert (await dialling).outcome is Outcome.ANSWERED
        assert len(stack.tapes) == len(stack.carrier.outgoing.posts) == 1


async def test_strangers_cannot_report_or_answer(tmp_path: Path) -> None:
    """Without a signature 403; with one, an attempt that does not exist is hung up."""
    async with ringing(tmp_path) as stack:
        hooks = f"{stack.service.base_url}/twilio/outbound/guessed"
        for name in ("voice", "status", "amd", "../ready"):
            assert (await stack.carrier.http.post(f"{hooks}/{name}", data={"CallSid": "CA1"})).status_code == 403
        phone = await stack.carrier.dial(f"{hooks}/voice")
        await phone.ended()
        assert "<Hangup" in phone.twiml[-1]
        assert "<Connect" not in phone.twiml[-1]
