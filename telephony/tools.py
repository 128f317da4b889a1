"""Tools: Python functions that the model may call.

    @tool
    async def book_table(day: str, people: int) -> str:
        "Book a table. `day` as YYYY-MM-DD."
        ...

The schema comes from the type hints, the description from the docstring. Arguments are checked before the function is
called; what is wrong goes back to the model as text, so that it can repair it.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with its schema (JSON Schema of the arguments object)."""

    name: str
    description: str
    parameters: dict[str, Any]
    function: Callable[..., Any]
