"""The receptionist of a small restaurant: who answers, what it knows and what it can do. Make it yours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from telephony import Agent, ToolContext, Voice, tool

Day = Annotated[str, Field(description="a weekday, `today` or `tomorrow`")]
bookings: list[str] = []  # your calendar; its key would be os.environ["CALENDAR_KEY"], from .env


# The model is told of a tool by its name, its types and its docstring. What it returns is for the model to say.
@tool(read_only=True)
def opening_hours(day: Day) -> str:
    """When the restaurant is open on a day."""
    name = day.lower()
    if name == "monday":
        return "We are closed on Mondays."
    return "We are open from noon until three." if name == "sunday" else "We are open from five until eleven."


@tool
async def book_table(
    day: Day,
    time: Annotated[str, Field(description="24-hour clock, such as 19:30", pattern=r"^\d{1,2}:\d{2}$")],
    people: Annotated[int, Field(ge=1, le=8)],
    call: ToolContext,
) -> str:
    """Book a table. Only after the caller has confirmed day, time and number of people."""
    bookings.append(f"{day} {time} for {people}, booked by {call.caller}")
    return f"Your table for {people} on {day} is booked."


agent = Agent(
    name="receptionist",
    greeting="Hello, this is the Blue Door restaurant. How can I help you?",
    prompt=(
        "You are the receptionist of the Blue Door, a small restaurant. You tell callers the opening hours and book "
        "tables. To book you need the day, the time and the number of people; say them back and ask whether that is "
        "right before you book. Open from Tuesday to Saturday from 5 to 11 in the evening, on Sundays from noon to 3, "
        "closed on Mondays. For anything else, offer to take a message."
    ),
    voice=Voice(language="en"),
    tools=(opening_hours, book_table),
    keyterms=("Blue Door",),
    time_zone="Europe/Dublin",
)
