"""Pointing a number at the service: what would change, that it has changed, and that the second time nothing does."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from telephony.errors import CarrierError, DialRefused
from telephony.own_number.pointing import chosen, confirm, listed, plan, point
from telephony.settings import Settings
from telephony.testing.fakes.twilio.carrier import Carrier
from telephony.testing.steady import SteadyClock
from telephony.twilio.account import Number
from tests.outbound.ringing import own_number

URL = "https://calls.example.com"
BEFORE = Number("+12025550100", "https://old.example.com/", "GET", "", "", sid="PN1")
OTHER = replace(BEFORE, number="+12025550101", sid="PN2")


def test_a_plan_names_what_is_there_and_what_will_be() -> None:
    assert [one.words.strip() for one in plan(BEFORE, f"{URL}/")] == [
        f"a call comes in: https://old.example.com/ -> {URL}/twilio/voice",
        "with: GET -> POST",
        f"call status changes: nothing -> {URL}/twilio/status",
    ]


def test_a_fallback_of_one_s_own_is_kept_unless_another_is_given() -> None:
    """But one that leads to an earlier address of this service goes."""
    own = replace(BEFORE, fallback_url="https://static.example.com/sorry.xml")
    stale = replace(BEFORE, fallback_url="https://gone.trycloudflare.com/twilio/voice")
    assert "VoiceFallbackUrl" not in {one.field for one in plan(own, URL)}
    assert {one.after for one in plan(own, URL, "") if one.field == "VoiceFallbackUrl"} == {""}
    assert {one.after for one in plan(own, URL, "https://x.org/a") if one.field == "VoiceFallbackUrl"} == {
        "https://x.org/a"
    }
    assert {one.after for one in plan(stale, URL) if one.field == "VoiceFallbackUrl"} == {""}


@pytest.mark.parametrize(
    ("numbers", "wanted", "found"),
    [
        ((BEFORE,), "", BEFORE),
        ((BEFORE, OTHER), "+1 202-555-0101", OTHER),
        ((BEFORE, OTHER), "", "several"),
        ((BEFORE,), "+12025550199", "not a number of this account"),
        ((), "", "buy one"),
        ((replace(BEFORE, voice=False),), "", "buy one"),
    ],
)
def test_which_number_is_meant(numbers: tuple[Number, ...], wanted: str, found: Number | str) -> None:
    if isinstance(found, Number):
        assert chosen(numbers, wanted) == found
    else:
        with pytest.raises(DialRefused, match=found):
            chosen(numbers, wanted)


async def test_it_is_changed_and_read_back_and_the_second_time_nothing_changes() -> None:
    """Over the carrier's API, an application that would take the calls included."""
    clock = SteadyClock(20)
    async with asyncio.timeout(60), Carrier(auth_token="t", clock=clock) as carrier:
        settings = replace(
            Settings(), twilio_auth_token="t", twilio_account_sid=carrier.account_sid,
            twilio_api_base_url=carrier.api_base_url,
        )  # fmt: skip
        carrier.account.numbers = [
            own_number(voice_url="https://old.example.com", voice_application_sid="AP1", trunk_sid="")
        ]
        number = chosen(await listed(settings, clock), "")
        changes = plan(number, URL)
        now = await point(settings, clock, number, changes)
        assert (now.voice_url, now.status_url, now.elsewhere) == (f"{URL}/twilio/voice", f"{URL}/twilio/status", "")
        assert plan(now, URL) == []
        assert await point(settings, clock, now, []) == now
        with pytest.raises(CarrierError) as gone:
            await point(settings, clock, replace(now, sid="PNgone"), changes)
        assert gone.value.code == "rest_failed"


def test_text_messages_come_here_only_if_they_are_asked_for() -> None:
    """Somebody else's program may be reading them."""
    elsewhere = replace(BEFORE, sms_url="https://inbox.example.com/", sms_elsewhere="AP2")
    assert not any("Sms" in one.field for one in plan(elsewhere, URL))
    assert [one.words.strip() for one in plan(elsewhere, URL, messages=True)][-2:] == [
        f"a message comes in: https://inbox.example.com/ -> {URL}/twilio/messages",
        "application that takes the messages: AP2 -> nothing",
    ]
    with pytest.raises(DialRefused, match="text messages"):
        plan(replace(BEFORE, sms=False), URL, messages=True)


def test_text_messages_follow_the_service_to_another_address() -> None:
    followed = replace(BEFORE, sms_url="https://gone.trycloudflare.com/twilio/messages")
    assert [one.after for one in plan(followed, URL) if one.field == "SmsUrl"] == [f"{URL}/twilio/messages"]


def test_what_twilio_has_not_changed_is_named() -> None:
    changes = plan(BEFORE, URL, messages=True)
    with pytest.raises(CarrierError, match="a call comes in, with, call status changes, a message comes in"):
        confirm(BEFORE, changes)


async def test_where_text_messages_go_is_changed_and_read_back() -> None:
    clock = SteadyClock(20)
    async with asyncio.timeout(60), Carrier(auth_token="t", clock=clock) as carrier:
        settings = replace(
            Settings(), twilio_auth_token="t", twilio_account_sid=carrier.account_sid,
            twilio_api_base_url=carrier.api_base_url,
        )  # fmt: skip
        carrier.account.numbers = [own_number(sms_url="https://old.example.com", sms_method="GET")]
        number = chosen(await listed(settings, clock), "")
        now = await point(settings, clock, number, plan(number, URL, messages=True))
        assert (now.sms_url, now.sms_method, now.voice_url) == (
            f"{URL}/twilio/messages", "POST", f"{URL}/twilio/voice",
        )  # fmt: skip
        assert plan(now, URL, messages=True) == []


async def test_without_keys_the_remedy_is_named() -> None:
    with pytest.raises(DialRefused, match="telephony up"):
        await listed(Settings(), SteadyClock())
