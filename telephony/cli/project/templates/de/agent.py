"""Der Empfang eines kleinen Restaurants: wer abhebt, was er weiß und was er kann. Machen Sie ihn zu Ihrem."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from telephony import Agent, ToolContext, Voice, tool

Day = Annotated[str, Field(description="ein Wochentag, `heute` oder `morgen`")]
bookings: list[str] = []  # Ihr Kalender; sein Schlüssel stünde in os.environ["CALENDAR_KEY"], aus .env


# Vom Werkzeug erfährt das Modell Namen, Typen und Docstring. Was es zurückgibt, sagt das Modell mit seinen Worten.
@tool(read_only=True)
def opening_hours(day: Day) -> str:
    """Wann das Restaurant an einem Tag geöffnet ist."""
    name = day.lower()
    if name == "montag":
        return "Montags ist Ruhetag."
    return (
        "Wir haben von zwölf bis fünfzehn Uhr geöffnet." if name == "sonntag" else "Wir haben ab siebzehn Uhr geöffnet."
    )


@tool
async def book_table(
    day: Day,
    time: Annotated[str, Field(description="Uhrzeit, etwa 19:30", pattern=r"^\d{1,2}:\d{2}$")],
    people: Annotated[int, Field(ge=1, le=8)],
    call: ToolContext,
) -> str:
    """Einen Tisch reservieren. Erst, wenn der Anrufer Tag, Uhrzeit und Zahl der Gäste bestätigt hat."""
    bookings.append(f"{day} {time} für {people}, von {call.caller}")
    return f"Der Tisch für {people} am {day} ist reserviert."


agent = Agent(
    name="empfang",
    greeting="Guten Tag, hier ist das Restaurant Blaue Tür. Was kann ich für Sie tun?",
    prompt=(
        "Sie sind am Empfang der Blauen Tür, eines kleinen Restaurants. Sie nennen Anrufern die Öffnungszeiten und "
        "reservieren Tische. Dazu brauchen Sie den Tag, die Uhrzeit und die Zahl der Gäste; wiederholen Sie alles und "
        "fragen Sie, ob es stimmt, bevor Sie reservieren. Geöffnet von Dienstag bis Samstag von 17 bis 23 Uhr, "
        "sonntags von 12 bis 15 Uhr, montags Ruhetag. Für alles andere bieten Sie an, etwas auszurichten."
    ),
    voice=Voice(language="de"),
    tools=(opening_hours, book_table),
    keyterms=("Blaue Tür",),
    time_zone="Europe/Berlin",
)
