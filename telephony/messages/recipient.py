"""To whom a text message may go. Pure.

Never to a number that somebody names: to the number of the person on the line, or to one that they have proven. The
rules for numbers are those for calls; besides, the number must be able to receive messages.
"""

from __future__ import annotations

from collections.abc import Collection

from telephony.caller_number import caller_number
from telephony.errors import DialRefused, MessageRefused
from telephony.outbound.rules import allowed, may_be_mobile

_WORDS = {
    "emergency": "it is an emergency number",
    "premium": "it is a premium-rate or shared-cost number",
    "own_number": "it is the number of this service",
    "country": "numbers in that country are not written to",
    "number_kind": "it is no ordinary telephone number",
    "number_invalid": "no such number exists",
    "landline": "it is a landline, or cannot receive text messages",
    "withheld": "the caller's number is withheld",
}


def recipient(number: str, *, sender: str, own: str, countries: Collection[str]) -> str:
    """The number in E.164. `own`: the number of the service in this call; without `countries`, messages go to its
    country only. Raises MessageRefused with code `withheld`, `landline` or one of `rules.allowed`."""
    if not caller_number(number):
        raise refusal("withheld")
    try:
        to = allowed(number, own, {own, sender}, countries)
    except DialRefused as error:
        raise refusal(error.code) from None
    if not may_be_mobile(to):
        raise refusal("landline")
    return to


def refusal(code: str) -> MessageRefused:
    """The error in words for the model."""
    return MessageRefused(
        f"No text message can be sent to this number: {_WORDS[code]}. Offer to say what would be in it.", code=code
    )
