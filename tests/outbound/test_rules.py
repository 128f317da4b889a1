"""Which numbers may be dialled."""

from __future__ import annotations

import pytest

from telephony.errors import DialRefused
from telephony.outbound.rules import allowed, country_of

OWN = "+12025550100"

ALLOWED = [
    ("+12025550123", (), "+12025550123"),
    ("+1 (202) 555-0123", (), "+12025550123"),
    ("+1.202.555.0123", (), "+12025550123"),
    ("+1 800 234 5678", (), "+18002345678"),  # toll-free
    ("tel:+12025550123", (), "+12025550123"),
    ("(+1) 202-555-0123", (), "+12025550123"),
    ("+1\u00a0202\u2011555\u20110123", (), "+12025550123"),
    ("\u200e+12025550123", (), "+12025550123"),  # copied from a page
    ("\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13", (), "+12025550123"),
    ("+1-800-FLOWERS", (), "+18003569377"),
    ("+49 151 12345678", ("DE",), "+4915112345678"),
    ("+442079460018", ("us", "gb"), "+442079460018"),
    ("+18765551234", ("JM",), "+18765551234"),
]
REFUSED = [
    ("911", (), "emergency"),
    ("112", ("DE",), "emergency"),
    ("999", ("GB",), "emergency"),
    ("+1911", (), "emergency"),
    ("+1 9-1-1", (), "emergency"),
    ("+49112", ("DE",), "emergency"),
    ("+44999", ("GB",), "emergency"),
    ("+61000", ("AU",), "emergency"),
    ("933", (), "emergency"),
    ("+19005551234", (), "premium"),
    ("+449098790001", ("GB",), "premium"),
    ("+4990012345678", ("DE",), "number_invalid"),  # 0900 of a length that none has
    ("+499001234567", ("DE",), "premium"),
    ("+448431234567", ("GB",), "premium"),  # shared cost
    ("+15005550006", (), "premium"),  # a personal number
    ("+881612345678", (), "number_kind"),  # a satellite
    ("+80012345678", (), "number_kind"),
    ("+15551230000", (), "number_invalid"),
    ("+1202555", (), "number_invalid"),
    ("2025550123", (), "number_invalid"),
    ("anonymous", (), "number_invalid"),
    ("+12025550123;ext=5", (), "number_invalid"),  # without the extension, somebody else would be called
    ("+12025550123x5", (), "number_invalid"),
    ("+12025550123 ext. 7", (), "number_invalid"),
    ("+12025550123,,123", (), "number_invalid"),
    ("+12025550123#", (), "number_invalid"),
    ("*67+12025550123", (), "number_invalid"),
    ("+1 202 555 O123", (), "number_invalid"),
    ("+12025550123\nTo=+19005551234", (), "number_invalid"),
    ("+12025550123 +12025550124", (), "number_invalid"),
    ("0012025550123", (), "number_invalid"),
    ("+1 1 911", (), "number_invalid"),
    ("+1988", (), "number_invalid"),
    ("\u0669\u0661\u0661", (), "number_invalid"),  # 911 in Arabic digits
    ("+" + "1" * 300, (), "number_invalid"),
    ("sip:anna@example.com", (), "number_invalid"),
    ("", (), "number_invalid"),
    ("+18765551234", (), "country"),  # +1, but Jamaica
    ("+16135550123", (), "country"),  # +1, but Canada
    ("+4915112345678", (), "country"),
    ("+12025550123", ("DE",), "country"),
    (OWN, (), "own_number"),
    ("+1 202 555 0100", (), "own_number"),
]


@pytest.mark.parametrize(("to", "countries", "e164"), ALLOWED)
def test_ordinary_numbers_of_allowed_countries_are_dialled(to: str, countries: tuple[str, ...], e164: str) -> None:
    """However they are written; without a list, in the country of the caller id."""
    assert allowed(to, OWN, {OWN}, countries) == e164


@pytest.mark.parametrize(("to", "countries", "code"), REFUSED)
def test_others_are_refused_with_a_reason(to: str, countries: tuple[str, ...], code: str) -> None:
    with pytest.raises(DialRefused) as refused:
        allowed(to, OWN, {OWN}, countries)
    assert refused.value.code == code
    assert len(str(refused.value).split()) > 4


@pytest.mark.parametrize("countries", [(), ("US", "GB", "DE", "FR", "AU", "IN", "BR", "JP", "JM")])
def test_no_list_allows_an_emergency_number(countries: tuple[str, ...]) -> None:
    """Neither by itself nor behind a country code."""
    for prefix in ("", "+", "+1", "+44", "+49", "+33", "+61", "+91", "+81"):
        for number in ("911", "112", "999", "000", "110", "119", "15", "17"):
            with pytest.raises(DialRefused):
                allowed(prefix + number, OWN, (), countries)


def test_a_country_is_that_of_the_number_and_not_of_its_code() -> None:
    found = {country_of(one) for one in ("+12025550100", "+18765551234", "+16135550123", "nonsense")}
    assert found == {"US", "JM", "CA", ""}
