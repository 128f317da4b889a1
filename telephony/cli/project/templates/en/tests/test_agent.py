"""Callers of the receptionist, in virtual time. The model's replies are written here; the tools are those of agent.py.

No key and no network are needed. Whether the model follows its prompt is for `telephony say` and `telephony chat`.
"""

from telephony.testing.script import CallTool

from agent import agent, bookings, opening_hours


def test_it_books_a_table(caller):
    bookings.clear()
    caller = caller.waits_for_agent().says("a table for two tomorrow at half past seven please")
    caller = caller.waits_for_agent().says("yes that is right")
    caller = caller.waits_for_agent().says("no thank you goodbye").waits_for_agent()
    call = caller.call(
        agent,
        replies=[
            "A table for two tomorrow at half past seven. Is that right?",
            [
                CallTool("book_table", {"day": "tomorrow", "time": "19:30", "people": 2}),
                "Your table is booked. Is there anything else?",
            ],
            ["Thank you for calling, and goodbye!", CallTool("end_call")],
        ],
    )
    assert call.called("book_table", day="tomorrow", people=2)
    assert len(bookings) == 1
    assert call.ended == "agent"
    assert call.slowest_answer_ms <= 1_200


def test_it_yields_to_an_interruption(caller):
    caller = caller.waits_for_agent().says("what are your opening hours").interrupts("and on Sundays", after_s=1.8)
    caller = caller.waits_for_agent().hangs_up()
    call = caller.call(agent, replies=["From Tuesday to Saturday from five until eleven.", "On Sundays from noon."])
    assert call.lines[-1] == ("agent", "On Sundays from noon.")
    assert call.longest_overlap_ms <= 300
    assert call.remembered_unheard == []


def test_the_opening_hours():
    assert opening_hours(day="Monday") == "We are closed on Mondays."
    assert "noon" in opening_hours(day="sunday")
