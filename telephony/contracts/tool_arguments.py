"""The arguments of a tool as models write them: JSON text, in a fence, twice, empty in many ways. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from telephony.valid_text import valid


def arguments_of(text: str, what: str = "The arguments") -> dict[str, Any]:
    """The arguments in the JSON text that the model wrote, with valid texts; the JSON may be in a code fence, or be a
    JSON text once more. Whatever says nothing at all (see `says_nothing`) is no arguments.

    Raises ValueError with a message that the model can act on, beginning with `what`."""
    if says_nothing(text):
        return {}
    given: Any = text
    try:
        for _ in range(2):
            given = json.loads(_FENCE.sub(r"\1", valid(given).strip())) if isinstance(given, str) else given
        given = with_valid_texts(given)
    except ValueError as error:
        raise ValueError(f"{what} are not valid JSON: {error}. Try again.") from None
    except RecursionError:
        raise ValueError(f"{what} are nested too deeply. Try again.") from None
    if not isinstance(given, dict):
        raise ValueError(f"{what} must be a JSON object. Try again.")
    return given


_FENCE = re.compile(r"^```(?:\w*\n)?(.*?)```$", re.DOTALL)
_SEPARATORS = re.compile(r"```(?:json)?|[\s,:;\\]|(?<!\w)(?:null|none|undefined|nil)(?!\w)", re.IGNORECASE)
_EMPTY = re.compile(r"\{\}|\[\]|\(\)|\"\"|''|``")
LONGEST_NOTHING = 100


def says_nothing(text: str) -> bool:
    """Whether the text is nothing but empty brackets, empty quotes and words for nothing, in each other and one after
    the other: models write no arguments in many ways. What is not closed was cut off, and could have gone on."""
    if len(text) > LONGEST_NOTHING:
        return False
    left = _SEPARATORS.sub("", valid(text).replace("\u200b", ""))
    while left != (left := _EMPTY.sub("", left)):
        pass
    return not left


def mended(parameters: Mapping[str, Any], values: dict[str, Any], wrong: set[int | str]) -> dict[str, Any]:
    """The values without those that say nothing and need not be given; those that are JSON in a text, without the text.
    Only the wrong ones: all others mean what they say."""
    names, required = parameters["properties"], parameters.get("required", ())
    found = dict[str, Any]()
    for name, one in values.items():
        nothing = one is None or (name in names and says_nothing(one if isinstance(one, str) else json.dumps(one)))
        if name in wrong and name not in required and nothing:
            continue
        inner = one
        if name in wrong and isinstance(one, str) and one.lstrip()[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                inner = with_valid_texts(json.loads(one))
        found[name] = inner
    return found


def with_valid_texts(value: Any) -> Any:
    """A JSON value with all its texts made valid."""
    match value:
        case str():
            return valid(value)
        case dict():
            return {valid(name): with_valid_texts(one) for name, one in value.items()}
        case list():
            return [with_valid_texts(one) for one in value]
    return value
