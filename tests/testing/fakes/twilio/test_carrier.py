"""The local carrier: TwiML, webhooks, error codes, waiting, recordings."""

import asyncio
import json
import wave
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telephony.console.carrier.checks import Violation, read
from telephony.console.carrier.twiml import ConnectStream, TwimlError, parse
from telephony.core.actions import EndCall, SendAudio, SendMark
from telephony.testing.fakes.twilio.carrier import CallOver, Carrier, CarrierFaults, PhoneCall
from telephony.testing.serving import serve_app
from telephony.testing.steady import SteadyClock
from telephony.twilio import twiml
from telephony.twilio.media_stream import encode_clear, encode_mark, encode_media
from tests.twilio.service import TOKEN, phone_call, service

LOUD = b"\x10"


async def call_of(documents: dict[str, Response]) -> PhoneCall:
    """Runs a whole call to a service that returns these documents by path; `/` is the voice webhook."""

    async def answer(request: Request) -> Response:
        return documents[request.url.path]

    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["POST"])])
    async with (
        asyncio.timeout(60),
        serve_app(app) as base_url,
        Carrier(auth_token=TOKEN, clock=SteadyClock(20)) as carrier,
    ):
        phone = await carrier.dial(base_url + "/")
        await phone.ended()
    return phone


def xml(body: str) -> Response:
    return Response(f"<Response>{body}</Response>", media_type="text/xml")


async def test_documents_are_executed_verb_by_verb() -> None:
    """Say is spoken, redirects (a relative one, and one by HTTP) are followed; verbs after the end are not reached."""
    phone = await call_of(
        {
            "/": xml("<Say>one</Say><Pause length='1'/><Redirect>sub/next</Redirect><Say>never</Say>"),
            "/sub/next": RedirectResponse("/last", 307),
            "/last": xml("<Say>two</Say><Hangup/><Say>never</Say>"),
        }
    )
    assert (phone.spoken, phone.outcome, len(phone.twiml)) == (["one", "two"], "completed", 2)
    assert phone.now_ms >= 1_000


@pytest.mark.parametrize(
    ("document", "outcome", "codes"),
    [
        (Response(twiml.reject("busy"), media_type="text/xml"), "busy", []),
        (Response(twiml.reject(), media_type="application/xml"), "rejected", []),
        (Response(twiml.dial("+15550001111", say="Hold on."), media_type="text/xml"), "dialled", []),
        (xml(""), "completed", []),
        (Response("<Response/>", media_type="application/json"), "failed", ["12300"]),
        (xml("<Say>"), "failed", ["12100"]),
        (Response("<html/>", media_type="text/xml"), "failed", ["12200"]),
        (Response("no", status_code=403), "failed", ["11200"]),
        (RedirectResponse("/", 307), "failed", ["11215"]),
        (xml("<Connect><Stream url='ws://127.0.0.1:9/x?token=1' track='both_tracks'/></Connect>"), "completed",
         ["31920", "31941", "31920"]),
    ],
)  # fmt: skip
async def test_every_answer_has_its_outcome(document: Response, outcome: str, codes: list[str]) -> None:
    """Each answer has the outcome that it has with Twilio, and Twilio's error code where there is one."""
    phone = await call_of({"/": document})
    assert (phone.outcome, [code for code, _ in phone.violations]) == (outcome, codes)
    assert phone.dialled == (["+15550001111"] if outcome == "dialled" else [])


def test_messages_from_the_service_are_checked_strictly() -> None:
    """Missing, extra or misspelt keys and stale stream SIDs are 31951, binary is 31950; our own codec's are valid."""
    for message in (encode_media("MZ1", b"\xff" * 160), encode_mark("MZ1", "a"), encode_clear("MZ1")):
        read(message, "MZ1")
        with pytest.raises(Violation, match="31951"):
            read(message, "MZ2")
        with pytest.raises(Violation, match="31951"):
            read(json.dumps(json.loads(message) | {"sequenceNumber": "1"}), "MZ1")
        with pytest.raises(Violation, match="31950"):
            read(message.encode(), "MZ1")
    for bad in (
        "{",
        "[]",
        '{"event":"start"}',
        encode_media("MZ1", b"RIFF1234"),
        encode_mark("MZ1", "a").replace("name", "n"),
    ):
        with pytest.raises(Violation, match="31951"):
            read(bad, "MZ1")


def test_our_own_twiml_is_parsed_correctly() -> None:
    """The carrier's parser finds the stream URL, action and parameters that our builder was given."""
    document = twiml.connect_stream("wss://h.example/media", "https://h.example/after", {"a": "<&>"})
    connect = parse(document, "text/xml; charset=utf-8")[0]
    assert connect == ConnectStream("wss://h.example/media", "https://h.example/after", {"a": "<&>"})
    with pytest.raises(TwimlError, match="12200"):
        parse("<Response><Start><Stream url='wss://h/x'/></Start></Response>", "text/xml")


async def test_the_socket_is_signed_as_twilio_signs() -> None:
    """The service accepts a signature of the URL with a slash appended, and refuses one made with another token."""

    async def tried(faults: CarrierFaults) -> tuple[list[str], bool]:
        """The codes of the violations, and whether the service refused the socket."""
        async with phone_call(faults) as (it, phone):
            await phone.until(lambda: it.leg is not None or bool(it.refusals))
            await phone.hang_up()
            await phone.ended()
        return [code for code, _ in phone.violations], bool(it.refusals)

    assert await tried(CarrierFaults(trailing_slash=True)) == ([], False)
    assert await tried(CarrierFaults(bad_signature=True)) == (["31920"], True)


async def test_status_callbacks_come_in_any_order_and_before_the_stop() -> None:
    """Repeated, reordered and early callbacks are all sent, each with its sequence number."""
    faults = CarrierFaults(status_events=("completed", "in-progress", "completed"), status_first=True)
    async with phone_call(faults) as (it, phone):
        await it.ready()
        await phone.hang_up()
        await it.until(lambda: len(it.forms) == 4)
        await phone.ended()
    calls = [(form["path"], form["CallStatus"], form.get("SequenceNumber")) for form in it.forms]
    assert calls == [
        ("/voice", "ringing", None),
        ("/status", "completed", "3"),
        ("/status", "in-progress", "2"),
        ("/status", "completed", "3"),
    ]
    assert it.forms[0]["FromCity"] == ""


async def test_the_action_url_decides_what_follows_the_stream() -> None:
    """When the service closes the stream, its action URL starts a second one in the same call, with another SID."""
    async with service() as it, Carrier(auth_token=TOKEN, clock=it.clock) as carrier:
        answers = iter([twiml.connect_stream(it.base_url.replace("http", "ws") + "/media", "/after", {}, "Sorry."),
                        twiml.hang_up("Goodbye.")])  # fmt: skip
        it.after = lambda: next(answers)
        phone = await carrier.dial(it.base_url + "/voice")
        first = await it.ready()
        first.perform(EndCall("broken"))
        await it.until(lambda: it.leg is not first and it.events[-1] != it.events[0])
        await it.until(lambda: sum(type(event).__name__ == "CallStarted" for event in it.events) == 2)
        second = it.leg
        assert second is not None
        second.perform(EndCall("done"))
        await phone.ended()
    assert phone.spoken == ["Sorry.", "Goodbye."]
    assert phone.closes == [1000, 1000]
    assert second.start.stream_sid != first.start.stream_sid
    assert second.start.call_sid == phone.sid


async def test_waiting_for_the_agent_to_speak_and_fall_silent(tmp_path: Path) -> None:
    """Both waits go by what the caller hears. The recording has the caller left and the agent right."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        leg.perform(SendAudio(b"\xff" * 1_600 + LOUD * 4_000))
        leg.perform(SendMark("end"))
        await phone.agent_speaking()
        spoke_ms = phone.now_ms
        await phone.agent_silent(for_ms=300)
        assert phone.now_ms - spoke_ms >= 600
        await phone.say(b"\x20" * 800)
        await phone.hang_up()
        await phone.ended()
        with pytest.raises(CallOver):
            await phone.until(lambda: False)
    assert len(phone.caller_audio()) >= phone.heard().index(LOUD * 4_000) + 4_000
    phone.stereo_wav(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        assert file.getnframes() == max(len(phone.heard()), len(phone.caller_audio()))
        samples = file.readframes(file.getnframes())
    heard_at, said_at = phone.heard().index(LOUD), phone.caller_audio().index(b"\x20")
    assert int.from_bytes(samples[4 * heard_at + 2 : 4 * heard_at + 4], "little", signed=True) == -15996
    assert int.from_bytes(samples[4 * said_at : 4 * said_at + 2], "little", signed=True) == -7932


async def test_the_rest_api_ends_and_redirects_calls() -> None:
    """Wrong credentials, unknown and finished calls have Twilio's codes; a redirect ends the stream at once."""
    async with phone_call() as (it, phone):
        leg = await it.ready()
        carrier = phone._carrier
        assert isinstance(carrier, Carrier)
        root = f"{carrier.api_base_url}/2010-04-01/Accounts/{carrier.account_sid}/Calls/"
        auth = httpx2.BasicAuth(carrier.account_sid, TOKEN)
        async with httpx2.AsyncClient() as client:
            refused = await client.post(root + phone.sid + ".json", data={"Status": "completed"})
            assert (refused.status_code, refused.json()["code"]) == (401, 20003)
            unknown = await client.post(root + "CAnone.json", data={"Status": "completed"}, auth=auth)
            assert (unknown.status_code, unknown.json()["code"]) == (404, 20404)
            say = twiml.hang_up("A colleague takes over.")
            moved = await client.post(root + phone.sid + ".json", data={"Twiml": say}, auth=auth)
            assert moved.status_code == 200
            await phone.ended()
            over = await client.post(root + phone.sid + ".json", data={"Status": "completed"}, auth=auth)
            assert (over.status_code, over.json()["code"]) == (400, 21220)
        await it.until(lambda: it.legs_over == 1)
    assert phone.spoken == ["A colleague takes over."]
    assert it.left() == ["stop"]
    assert leg.faults.total() == 0
