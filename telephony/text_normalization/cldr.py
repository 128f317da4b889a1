"""What Unicode's CLDR knows of a locale, by Babel: names of months, units and currencies, the decimal mark."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from babel.core import parse_locale
from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_name, get_decimal_symbol
from babel.units import format_unit

UNITS = {
    "km": "length-kilometer", "m": "length-meter", "cm": "length-centimeter", "mm": "length-millimeter",
    "µm": "length-micrometer", "mi": "length-mile", "ft": "length-foot", "yd": "length-yard", "kg": "mass-kilogram",
    "g": "mass-gram", "mg": "mass-milligram", "µg": "mass-microgram", "mcg": "mass-microgram", "t": "mass-tonne",
    "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce", "l": "volume-liter", "L": "volume-liter",
    "ml": "volume-milliliter", "mL": "volume-milliliter", "cl": "volume-centiliter", "dl": "volume-deciliter",
    "km/h": "speed-kilometer-per-hour", "kmh": "speed-kilometer-per-hour", "kph": "speed-kilometer-per-hour",
    "mph": "speed-mile-per-hour", "m/s": "speed-meter-per-second", "°C": "temperature-celsius",
    "ºC": "temperature-celsius", "℃": "temperature-celsius", "°F": "temperature-fahrenheit",
    "° C": "temperature-celsius", "° F": "temperature-fahrenheit", "°": "angle-degree",
    "m²": "area-square-meter", "m2": "area-square-meter", "km²": "area-square-kilometer",
    "km2": "area-square-kilometer", "cm²": "area-square-centimeter", "ha": "area-hectare",
    "m³": "volume-cubic-meter", "m3": "volume-cubic-meter", "cm³": "volume-cubic-centimeter",
    "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte",
    "GB": "digital-gigabyte", "TB": "digital-terabyte", "Mbit": "digital-megabit", "Gbit": "digital-gigabit",
    "kW": "power-kilowatt", "W": "power-watt", "MW": "power-megawatt", "kWh": "energy-kilowatt-hour",
    "V": "electric-volt", "mA": "electric-milliampere", "Hz": "frequency-hertz", "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz", "h": "duration-hour", "hrs": "duration-hour",
    "hr": "duration-hour", "min": "duration-minute", "mins": "duration-minute", "s": "duration-second",
    "sec": "duration-second", "secs": "duration-second", "ms": "duration-millisecond", "bar": "pressure-bar",
    "hPa": "pressure-hectopascal", "kPa": "pressure-kilopascal", "kcal": "energy-kilocalorie", "kJ": "energy-kilojoule",
}  # fmt: skip
"""Symbol -> CLDR's name of the unit."""
CODES = (
    "USD EUR GBP CHF JPY CNY INR BRL MXN CAD AUD NZD SEK NOK DKK PLN CZK HUF RON TRY ILS ZAR SGD HKD KRW THB AED SAR "
    "ARS CLP COP PEN UYU"
).split()
_PLAIN_NAMES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}


def locale_of(tag: str, code: str) -> tuple[Locale, str]:
    """The locale of a tag, and its region ("" if it names none). `code` is the tag's language."""
    try:
        region = parse_locale(tag.strip().partition(".")[0].replace("-", "_"))[1] or ""
    except ValueError:
        region = ""
    try:
        return Locale(code, territory=region or None), region
    except UnknownLocaleError:
        return Locale(code), region


def month_names(locale: Locale) -> dict[int, str]:
    """1-12 -> the month's name inside a date."""
    return {number: name for number, name in get_month_names("wide", "format", locale).items() if number}


def day_names(locale: Locale) -> dict[str, str]:
    """Short name of a day, without its full stop -> name."""
    names, short = get_day_names("wide", "format", locale), get_day_names("abbreviated", "format", locale)
    return {short[day].rstrip("."): names[day] for day in names}


def decimal_mark(locale: Locale) -> str:
    return get_decimal_symbol(locale)


def unit_names(locale: Locale) -> dict[str, tuple[str, str]]:
    """Symbol -> name of one and of many."""
    return {sign: (_unit(locale, unit, 1), _unit(locale, unit, 2)) for sign, unit in UNITS.items()}


def _unit(locale: Locale, unit: str, count: int) -> str:
    return format_unit(count, unit, locale=locale).replace(str(count), "").replace("\u00a0", " ").strip()


def currency_names(locale: Locale) -> dict[str, tuple[str, str]]:
    """Code -> name of one and of many, of those that are not written with a sign."""
    return {
        code: (get_currency_name(code, 1, locale), get_currency_name(code, 2, locale))
        for code in CODES
        if code not in _PLAIN_NAMES
    }


def sign_of(code: str) -> str:
    """The sign that a code stands for, or the code itself."""
    return _PLAIN_NAMES.get(code, code)
