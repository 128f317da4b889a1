"""An office whose agent puts callers through to a person, who is asked first.

Run it with TELEPHONY_AGENT=telephony.examples.warm_transfer:agent; put your own numbers in place of these, which belong
to nobody. The person is called while the caller stays with the agent, hears who is calling and why, and says yes or no;
the desk is dialled at once. The guide is telephony/call_control/README.md.
"""

from __future__ import annotations

from telephony import Agent, Destination, tool, transfer_to

ANNA = Destination(
    "Anna",
    ("+12025550188", "+12025550177"),  # her desk, then her mobile
    about="bills and payments",
    warm=True,
    open="Mon-Sun 8:00-20:00",
    time_zone="America/New_York",
)
DESK = Destination("the front desk", "+12025550166", about="everything else")


@tool(read_only=True)
def opening_hours() -> str:
    """When the office is open."""
    return "The office is open every day from eight in the morning until eight in the evening."


agent = Agent(
    name="office",
    greeting="Hello, this is the Blue Door office. How can I help you?",
    prompt=(
        "You answer calls to the Blue Door office. You tell callers the opening hours. For bills and payments, offer "
        "to ask Anna; for anything else that you cannot answer, offer the front desk. Ask for the caller's name and "
        "what it is about before you put them through. While Anna is being asked, go on talking with the caller."
    ),
    tools=(opening_hours, transfer_to(ANNA, DESK)),
)
