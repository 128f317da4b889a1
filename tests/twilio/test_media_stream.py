"""The Media Streams codec: exact JSON out, any input in."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.core.events import AudioMissed
from telephony.errors import BadMessage, CarrierError
from telephony.twilio.frame_cutter import Frame, FrameCutter
from telephony.twilio.media_stream import (
    Connected,
    Dtmf,
    Mark,
    Media,
    Stop,
    StreamStart,
    Unknown,
    check_format,
    decode,
    decode_ascii,
    encode_clear,
    encode_mark,
    encode_media,
)

MZ = "MZ11111111111111111111111111111111"
CA = "CA11111111111111111111111111111111"
START = (
    '{"event":"start","sequenceNumber":"1","streamSid":"MZ11111111111111111111111111111111",'
    '"start":{"accountSid":"AC11111111111111111111111111111111","streamSid":"MZ11111111111111111111111111111111",'
    '"callSid":"CA11111111111111111111111111111111","tracks":["inbound"],'
    '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},'
    '"customParameters":{"session":"s-42","token":"opaque"}}}'
)


def start_with(**changes: object) -> StreamStart:
    message = json.loads(START)
    for name, value in changes.items():
        if value is None:
            del message["start"][name]
        else:
            message["start"][name] = value
    found = decode(json.dumps(message))
    assert isinstance(found, StreamStart)
    return found


def test_encodes_exactly_twilios_json() -> None:
    """camelCase keys and no extra ones: an extra or misspelt key causes warning 31951 and silence on the line."""
    assert encode_media(MZ, b"\xff" * 7 + b"\xbf") == (
        '{"event":"media","streamSid":"MZ11111111111111111111111111111111","media":{"payload":"/////////78="}}'
    )
    assert encode_mark(MZ, "turn-3:seg-2") == (
        '{"event":"mark","streamSid":"MZ11111111111111111111111111111111","mark":{"name":"turn-3:seg-2"}}'
    )
    assert encode_clear(MZ) == '{"event":"clear","streamSid":"MZ11111111111111111111111111111111"}'


def test_mark_names_are_escaped() -> None:
    """A quote or line break in a mark's name does not break the message."""
    assert json.loads(encode_mark(MZ, 'a"b\n')) == {"event": "mark", "streamSid": MZ, "mark": {"name": 'a"b\n'}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"event":"connected","protocol":"Call","version":"1.0.0"}', Connected("Call", "1.0.0")),
        (
            START,
            StreamStart(
                MZ,
                CA,
                "AC11111111111111111111111111111111",
                "audio/x-mulaw",
                8000,
                1,
                ("inbound",),
                {"session": "s-42", "token": "opaque"},
            ),
        ),
        (
            f'{{"event":"media","sequenceNumber":"2","streamSid":"{MZ}",'
            '"media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"//8="}}',
            Media(MZ, 20, b"\xff\xff", 1),
        ),
        (
            f'{{"event":"dtmf","streamSid":"{MZ}","sequenceNumber":"57",'
            '"dtmf":{"track":"inbound_track","digit":"1"}}',
            Dtmf(MZ, "1", "inbound"),
        ),
        (f'{{"event":"mark","sequenceNumber":"310","streamSid":"{MZ}","mark":{{"name":"t3"}}}}', Mark(MZ, "t3")),
        (
            f'{{"event":"stop","sequenceNumber":"911","streamSid":"{MZ}","stop":{{"accountSid":"AC1","callSid":"{CA}"}}}}',
            Stop(MZ, CA),
        ),
        ('{"event":"weather","weather":{"rain":true}}', Unknown("weather")),
    ],
)
def test_decodes_every_message_of_twilio(text: str, expected: object) -> None:
    """Each message of the protocol is decoded, with numbers given as strings."""
    assert decode(text) == expected


def test_unknown_fields_are_ignored_and_optional_ones_may_be_missing() -> None:
    """Twilio adds fields over time, and omits customParameters when the TwiML has none."""
    assert start_with(customParameters=None).parameters == {}
    assert start_with(novelty={"a": 1}, tracks=None).call_sid == CA


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"event":"media","streamSid":"M","media":{"timestamp":20,"chunk":null,"track":null,"payload":"\\/\\/8="}}',
            Media("M", 20, b"\xff\xff"),
        ),
        (
            '{"event":"media","streamSid":"M","media":{"timestamp":"0020","payload":"//8=","mood":"\\ud800"}}',
            Media("M", 20, b"\xff\xff"),
        ),
        ('{"event":"mark","streamSid":"M","mark":{"name":"t3"},"share":NaN}', Mark("M", "t3")),
        ('{"event":"connected","protocol":null}', Connected("", "")),
        ('{"event":"stop","streamSid":"M","stop":[]}', Stop("M")),
    ],
)
def test_what_is_not_needed_costs_no_message(text: str, expected: object) -> None:
    """`null` is the default, and an ignored field may hold anything: a message is only refused for what is used."""
    assert decode(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{}", "binary"),
        ("", "not_json"),
        ("[1]", "not_json"),
        ("nonsense", "not_json"),
        ("[" * 60_000, "not_json"),
        ("1" * 5_000, "not_json"),
        ('{"a":"' + "x" * 70_000 + '"}', "too_long"),
        ("{}", "missing_field"),
        ('{"event":7}', "bad_field"),
        ('{"event":"\\ud800"}', "bad_field"),
        ('{"event":"media","streamSid":"M"}', "missing_field"),
        ('{"event":"media","streamSid":"M","media":[]}', "bad_field"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":"0"}}', "missing_field"),
        ('{"event":"media","media":{"timestamp":"0","payload":""}}', "missing_field"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":"x","payload":"//8="}}', "bad_number"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":"-1","payload":"//8="}}', "bad_number"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":true,"payload":"//8="}}', "bad_number"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":1e9,"payload":"//8="}}', "bad_number"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":"0","payload":"//8"}}', "bad_base64"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":"0","payload":"//-_"}}', "bad_base64"),
        ('{"event":"media","streamSid":"M","media":{"timestamp":"0","payload":"é"}}', "bad_base64"),
        ('{"event":"mark","streamSid":"M"}', "missing_field"),
        ('{"event":"mark","streamSid":"M","mark":{}}', "missing_field"),
        ('{"event":"dtmf","streamSid":"M","dtmf":{"digit":"12"}}', "bad_digit"),
        ('{"event":"start","streamSid":"M","start":{}}', "missing_field"),
    ],
)
def test_each_fault_has_its_code(text: str | bytes, code: str) -> None:
    """An unreadable message raises BadMessage with a specific code, by which faults are counted."""
    with pytest.raises(BadMessage) as caught:
        decode(text)
    assert caught.value.code == code


def test_a_format_that_is_not_mu_law_at_8_khz_is_refused() -> None:
    """Another encoding, rate or channel count would be heard as noise."""
    check_format(start_with())
    for encoding, rate, channels in (("audio/x-l16", 8000, 1), ("audio/x-mulaw", 16000, 1), ("audio/x-mulaw", 8000, 2)):
        bad = start_with(mediaFormat={"encoding": encoding, "sampleRate": rate, "channels": channels})
        with pytest.raises(CarrierError) as caught:
            check_format(bad)
        assert caught.value.code == "media_format"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
_events = st.sampled_from(["connected", "start", "media", "mark", "dtmf", "stop", "clear", ""])
_fields = st.sampled_from(
    ["streamSid", "callSid", "payload", "timestamp", "chunk", "name", "digit", "track", "mediaFormat", "encoding",
     "sampleRate", "customParameters"]
)  # fmt: skip
_bodies = st.dictionaries(_fields, _json | st.sampled_from(["1", "//8=", "*"]), max_size=6)


@given(st.text() | st.binary() | _json.map(json.dumps))
def test_any_input_is_decoded_or_a_bad_message(text: str | bytes) -> None:
    """No input makes the decoder raise anything but BadMessage."""
    try:
        decode(text)
    except BadMessage:
        pass


@given(_events, _bodies, _json)
def test_messages_with_wrong_fields_are_decoded_or_refused(event: str, body: dict[str, object], sid: object) -> None:
    """Messages of the right shape with random fields are decoded to a loggable value, or refused with a code."""
    text = json.dumps({"event": event, "streamSid": sid, event: body})
    code = ""
    try:
        repr(decode(text)).encode()
    except BadMessage as error:
        code = error.code
    assert code != "bad_message"


_KINDS = (
    (
        "payload",
        ["", "AA==", "AB==", "AAB=", "AA", "A", "====", "AA=A", "AAAA====", "A A=", "AA\\n==", "-_-_", "\\u0041AAA"],
    ),
    (
        "timestamp",
        ["1", "01", "+1", "-0", " 1", "1 ", "1\\n", "1_0", "1.0", "1e3", "0x1", "\\u0663", "9" * 15, "9" * 17],
    ),
    ("chunk", ["1", "", "-1", "1.0", "true", "null", "\\u0032"]),
    ("track", ["inbound", "outbound", "x" * 4_097, "\\ud800", "\\ud83d\\ude00"]),
)
_RAW = "1 01 1.0 1e3 -1 null true false [] {} NaN 9007199254740993 [1,] {1:2} tru '1'".split()


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, f'"{text}"') for field, texts in _KINDS for text in texts]
    + [(field, raw) for field, _ in _KINDS for raw in _RAW]
    + [("other", raw) for raw in (*_RAW, "[" * 100_000, '"\\x"', '"\\ud800"')],
)
def test_both_ways_of_decoding_agree(field: str, value: str) -> None:
    """Whatever a field of a media message is: the same message, or a refusal for the same reason."""
    fields = {"payload": '"AA=="', "timestamp": '"5"'} | {field: value}
    media = ",".join(f'"{name}":{given}' for name, given in fields.items())
    for text in (
        f'{{"event":"media","streamSid":"{MZ}","media":{{{media}}}}}',
        f'{{"event":"media","media":{{{media}}},"streamSid":{value}}}',
        f'{{"event":{value},"streamSid":"{MZ}","media":{{{media}}}}}',
    ):
        assert _found(decode, text) == _found(decode_ascii, text.encode("ascii"))


@given(_events, _bodies | _json, _json, st.text(st.characters(max_codepoint=127), max_size=3))
def test_both_ways_of_decoding_agree_on_anything(event: str, body: object, sid: object, more: str) -> None:
    """Also if the text goes on after the message."""
    text = json.dumps({"event": event, "streamSid": sid, event: body}) + more
    assert _found(decode, text) == _found(decode_ascii, text.encode("ascii"))


def _found(way: Callable[[Any], object], message: str | bytes) -> object:
    try:
        return way(message)
    except BadMessage as error:
        return error.code


# --- frames -------------------------------------------------------------------------------------------------------


def media(timestamp_ms: int, pcmu: bytes, chunk: int = 0) -> Media:
    return Media(MZ, timestamp_ms, pcmu, chunk)


def test_frames_pass_through_with_their_time() -> None:
    """Each 20 ms message becomes one frame; the first timestamp may be any value, and timestamps may jitter."""
    cutter = FrameCutter()
    stamps = [37, 57, 79, 96]
    cut = [cutter.cut(media(at, b"\x01" * 160, n + 1)) for n, at in enumerate(stamps)]
    assert cut == [[Frame(b"\x01" * 160, at)] for at in stamps]


def test_odd_payloads_are_regrouped() -> None:
    """Payloads that are not 160 bytes are cut into 160-byte frames with the time of their first byte."""
    cutter = FrameCutter()
    assert cutter.cut(media(0, b"a" * 100)) == []
    assert cutter.cut(media(12, b"b" * 300)) == [
        Frame(b"a" * 100 + b"b" * 60, 0),
        Frame(b"b" * 160, 19),
    ]
    assert cutter.flush() == [Frame(b"b" * 80 + b"\xff" * 80, 39)]
    assert cutter.flush() == []


def test_a_jump_of_the_timestamps_is_missed_audio() -> None:
    """Twilio drops audio when the socket backs up: the gap is reported, not closed."""
    cutter = FrameCutter()
    cutter.cut(media(0, b"a" * 160, 1))
    assert cutter.cut(media(100, b"b" * 160, 2)) == [AudioMissed(80), Frame(b"b" * 160, 100)]
    assert cutter.cut(media(120, b"c" * 160, 3)) == [Frame(b"c" * 160, 120)]


def test_a_frame_begun_before_a_gap_is_padded() -> None:
    """Half a frame before the gap is not joined to the audio after it."""
    cutter = FrameCutter()
    cutter.cut(media(0, b"a" * 80))
    assert cutter.cut(media(110, b"b" * 160)) == [
        Frame(b"a" * 80 + b"\xff" * 80, 0),
        AudioMissed(90),
        Frame(b"b" * 160, 110),
    ]


def test_repeated_and_late_messages_are_dropped() -> None:
    """A chunk that arrives twice, or after its successor, is dropped; time never runs backwards."""
    cutter = FrameCutter()
    for n in (1, 2, 2, 1, 3):
        cutter.cut(media(n * 20, bytes([n]) * 160, n))
    assert cutter.take_repeated() == 2
    assert cutter.cut(media(80, b"\x04" * 160, 4)) == [Frame(b"\x04" * 160, 80)]


def test_constant_timestamps_lose_no_audio() -> None:
    """If the timestamps do not advance, all audio is still returned."""
    cutter = FrameCutter()
    assert sum(len(cutter.cut(media(0, b"a" * 160, n))) for n in range(1, 11)) == 10


@given(st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=700)), max_size=40))
def test_all_audio_comes_out_once_in_order(pieces: list[tuple[int, bytes]]) -> None:
    """For any sizes and gaps, every byte is returned in order in 160-byte frames, and all time is accounted for."""
    cutter, at, out, first, lost = FrameCutter(), 5, [], None, 0
    for n, (gap_ms, pcmu) in enumerate(pieces):
        at += gap_ms
        first = at if first is None else first
        out += cutter.cut(media(at, pcmu, n + 1))
        at += -(-len(pcmu) // 8)  # stamps are whole ms, rounded up
        lost += 10 + 1  # the slack of a gap too small to report, and its rounding
    out += cutter.flush()
    frames = [item for item in out if isinstance(item, Frame)]
    assert all(len(frame.pcmu) == 160 for frame in frames)
    stripped = b"".join(frame.pcmu for frame in frames).replace(b"\xff", b"")
    assert stripped == b"".join(pcmu for _, pcmu in pieces).replace(b"\xff", b"")
    accounted = len(frames) * 20 + sum(item.ms for item in out if isinstance(item, AudioMissed))
    if first is not None:
        assert abs(accounted - (at - first)) <= lost + 20


@given(st.lists(st.tuples(st.integers(0, 2**53), st.integers(0, 20), st.binary(max_size=400)), max_size=30))
def test_random_timestamps_keep_the_invariants(pieces: list[tuple[int, int, bytes]]) -> None:
    """With random timestamps and chunk numbers, frames are whole, times are not negative and gaps are bounded."""
    cutter = FrameCutter()
    for at, chunk, pcmu in pieces:
        for item in cutter.cut(media(at, pcmu, chunk)):
            if isinstance(item, Frame):
                assert len(item.pcmu) == 160
                assert item.media_ms >= 0
            else:
                assert 0 < item.ms <= 60_000


def test_payloads_survive_the_round_trip() -> None:
    """A strict base64 decoder returns the audio that was encoded."""
    pcmu = bytes(range(256))
    assert base64.b64decode(json.loads(encode_media(MZ, pcmu))["media"]["payload"], validate=True) == pcmu
