"""Where a number's calls and text messages go: what is set at Twilio, what would change, and changing it, read back.

A plan is made first and can be shown; `point` carries out exactly that plan. Pointing a number twice changes nothing
the second time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.clock import Clock
from telephony.errors import CarrierError, DialRefused
from telephony.settings import Settings
from telephony.twilio import account
from telephony.twilio.account import Number


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a number. `field` is Twilio's name; empty texts mean "nothing"."""

    field: str
    label: str
    before: str
    after: str

    @property
    def words(self) -> str:
        return f"{self.label}: {self.before or 'nothing'} -> {self.after or 'nothing'}"


async def listed(settings: Settings, clock: Clock) -> tuple[Number, ...]:
    """The account's numbers. Raises CarrierError, or DialRefused with code `no_account`."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token):
        raise DialRefused("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set: `telephony up` asks for them",
                          code="no_account")  # fmt: skip
    return await account.numbers(
        settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url, clock
    )


def chosen(numbers: tuple[Number, ...], wanted: str) -> Number:
    """The number that is meant; without `wanted`, the only one. Raises DialRefused with code `no_number`."""
    able = [one for one in numbers if one.voice]
    shown = ", ".join(one.number for one in able[:10])
    if not able:
        raise DialRefused("the account has no number with voice: buy one in Twilio's console", code="no_number")
    if not wanted and len(able) > 1:
        raise DialRefused(f"the account has several numbers: say which one ({shown})", code="no_number")
    digits = re.sub(r"\D", "", wanted)
    found = [one for one in able if not wanted or re.sub(r"\D", "", one.number) == digits]
    if not found:
        raise DialRefused(f"{wanted} is not a number of this account (it has {shown})", code="no_number")
    return found[0]


def plan(number: Number, base_url: str, fallback_url: str | None = None, *, messages: bool = False) -> list[Change]:
    """What must change so that the number's calls come to the service at `base_url`, and its text `messages`, too,
    if that is wanted, or they did so under an earlier address.
    `fallback_url` is asked when the service fails; None leaves it as it is, unless it leads to an address of this
    service that is no more. Raises DialRefused with code `no_number` if it can have no messages."""
    if messages and not number.sms:
        raise DialRefused(f"{number.number} cannot receive text messages: leave --messages out", code="no_number")
    base = base_url.rstrip("/")
    fallback = fallback_url
    if fallback is None:
        stale = number.fallback_url.endswith("/twilio/voice") and number.fallback_url != f"{base}/twilio/voice"
        fallback = "" if stale else number.fallback_url
    wanted = [
        Change("VoiceUrl", "a call comes in", number.voice_url, f"{base}/twilio/voice"),
        Change("VoiceMethod", "  with", number.voice_method, "POST"),
        Change("VoiceFallbackUrl", "if that fails", number.fallback_url, fallback),
        Change("StatusCallback", "call status changes", number.status_url, f"{base}/twilio/status"),
        Change("StatusCallbackMethod", "  with", number.status_method, "POST"),
        Change("VoiceApplicationSid", "application or trunk that takes the calls", number.elsewhere, ""),
    ]
    if messages or number.sms_url.endswith("/twilio/messages"):  # they came here, or to an earlier address of ours
        wanted += [
            Change("SmsUrl", "a message comes in", number.sms_url, f"{base}/twilio/messages"),
            Change("SmsMethod", "  with", number.sms_method, "POST"),
            Change("SmsApplicationSid", "application that takes the messages", number.sms_elsewhere, ""),
        ]
    return [one for one in wanted if one.before != one.after]


async def point(settings: Settings, clock: Clock, number: Number, changes: list[Change]) -> Number:
    """Carries out the changes, and returns the number as Twilio has it then. Raises CarrierError, with code
    `not_changed` if it is not as it was asked for."""
    access = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url, clock)
    fields = {one.field: one.after for one in changes}
    if "VoiceApplicationSid" in fields:
        fields["TrunkSid"] = ""
    if fields:
        await account.update_number(*access, number.sid, fields)
    now = next((one for one in await account.numbers(*access) if one.sid == number.sid), None)
    if now is None:
        raise CarrierError(f"{number.number} is no longer a number of the account", code="not_changed")
    confirm(now, changes)
    return now


def confirm(now: Number, changes: list[Change]) -> None:
    """Raises CarrierError with code `not_changed` if the number is not as it was asked for."""
    told = {
        "VoiceUrl": now.voice_url, "VoiceMethod": now.voice_method, "VoiceFallbackUrl": now.fallback_url,
        "StatusCallback": now.status_url, "StatusCallbackMethod": now.status_method,
        "VoiceApplicationSid": now.elsewhere, "SmsUrl": now.sms_url, "SmsMethod": now.sms_method,
        "SmsApplicationSid": now.sms_elsewhere,
    }  # fmt: skip
    if wrong := [one.label.strip() for one in changes if told[one.field] != one.after]:
        raise CarrierError(f"Twilio has not changed: {', '.join(wrong)}", code="not_changed")
