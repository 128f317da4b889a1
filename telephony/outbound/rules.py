"""Which numbers may be dialled. Pure.

Refused whatever the settings say: emergency numbers, premium-rate and shared-cost numbers, those that belong to no
country (satellite, international networks), pagers and the like, numbers that cannot exist, and numbers of one's own.
Of the rest, those in `countries` are allowed; without a list, those in the country of the caller id. The countries of
+1 are told apart: a call to +1 876 goes to Jamaica, and costs accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from telephony.errors import DialRefused

EMERGENCY = frozenset({"000", "108", "110", "111", "112", "118", "119", "911", "933", "999"})
"""Emergency numbers, and the test number of 911: refused wherever they would be dialled."""
_ORDINARY = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.VOIP,
    }
)
_EXPENSIVE = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.PERSONAL_NUMBER})


def allowed(to: str, caller_id: str, own: Collection[str], countries: Collection[str] = ()) -> str:
    """`to` in E.164. Raises DialRefused with code `number_invalid`, `emergency`, `premium`, `number_kind`,
    `own_number` or `country`; the message says what to do."""
    digits = re.sub(r"[\s().\-/\u2010-\u2015]", "", to.strip())
    if digits.lstrip("+") in EMERGENCY:
        raise DialRefused("emergency numbers are never dialled", code="emergency")
    number = parsed(digits)
    if _emergency(number):
        raise DialRefused("emergency numbers are never dialled", code="emergency")
    kind = phonenumbers.number_type(number)
    if kind in _EXPENSIVE:
        raise DialRefused("premium-rate, shared-cost and personal numbers are never dialled", code="premium")
    if not phonenumbers.is_valid_number(number):
        raise DialRefused("no such number can exist: check its digits and its country code", code="number_invalid")
    country = phonenumbers.region_code_for_number(number)
    if kind not in _ORDINARY or country is None or len(country) != 2 or not country.isalpha():
        raise DialRefused(
            "only ordinary numbers of a country are dialled: no satellite, pager or network numbers", code="number_kind"
        )
    e164 = in_e164(number)
    if e164 in own:
        raise DialRefused("this is a number of your own: the agent would talk to itself", code="own_number")
    permitted = {one.upper() for one in countries} or {country_of(caller_id)}
    if country not in permitted:
        raise DialRefused(
            f"numbers in {country} are not allowed (allowed: {', '.join(sorted(filter(None, permitted))) or 'none'}): "
            f"add {country} to TELEPHONY_DIAL_COUNTRIES if you mean it",
            code="country",
        )
    return e164


def may_be_mobile(number: str) -> bool:
    """Whether a number that is `allowed` may receive text messages, as far as it shows."""
    kind = phonenumbers.number_type(phonenumbers.parse(number, None))
    return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP)


def is_expensive(number: str, regions: Collection[str]) -> bool:
    """Whether it is a premium-rate or shared-cost number, or the like: with its country code (after + or 00), or as it
    is dialled in one of the `regions`."""
    digits = number.removeprefix("+")
    written: set[tuple[str, str | None]] = set()
    if digits != number or digits.startswith("00"):
        written.add(("+" + digits.removeprefix("00"), None))
    for region in regions:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        if digits == number and metadata is not None and number.startswith(_trunk(metadata.national_prefix)):
            written.add((number, region))
    for text, country in written:
        try:
            parsed = phonenumbers.parse(text, country)
        except NumberParseException:
            continue
        if phonenumbers.number_type(parsed) in _EXPENSIVE:
            return True
    return False


def _trunk(prefix: str | None) -> str:
    """What a number must begin with to be dialled in its country: 0 where that is the way; elsewhere nothing."""
    return "0" if prefix == "0" else ""


def parsed(text: str) -> phonenumbers.PhoneNumber:
    """The number that a text stands for, however it is written. Raises DialRefused with code `number_invalid`."""
    try:
        number = phonenumbers.parse(text, None)
    except NumberParseException:
        raise DialRefused(
            "this is not a phone number with its country code, such as +12025550123", code="number_invalid"
        ) from None
    if number.extension:  # without it, somebody else would be called
        raise DialRefused(
            "extensions and further digits cannot be dialled: give the number alone", code="number_invalid"
        )
    return number


def in_e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_of(number: str) -> str:
    """The ISO 3166 code of a number's country, or "". Of +1, the United States if the number cannot be told."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )


def _emergency(number: phonenumbers.PhoneNumber) -> bool:
    """Whether a number with a country code stands for an emergency number: +1911, +49112."""
    national = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    return national in EMERGENCY or any(phonenumbers.is_emergency_number(national, region) for region in regions)
