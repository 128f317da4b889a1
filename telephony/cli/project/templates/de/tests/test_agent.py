"""Anrufer am Empfang, in virtueller Zeit. Die Antworten des Modells stehen hier; die Werkzeuge sind die aus agent.py.

Es braucht weder Schlüssel noch Netz. Ob sich das Modell an seinen Prompt hält, zeigen `telephony say` und
`telephony chat`.
"""

from telephony.testing.script import CallTool

from agent import agent, bookings, opening_hours


def test_es_reserviert_einen_tisch(caller):
    bookings.clear()
    caller = caller.waits_for_agent().says("ich hätte gern morgen um halb acht einen Tisch für zwei")
    caller = caller.waits_for_agent().says("ja das stimmt")
    caller = caller.waits_for_agent().says("nein danke auf Wiederhören").waits_for_agent()
    call = caller.call(
        agent,
        replies=[
            "Ein Tisch für zwei morgen um halb acht. Stimmt das?",
            [
                CallTool("book_table", {"day": "morgen", "time": "19:30", "people": 2}),
                "Der Tisch ist reserviert. Kann ich noch etwas für Sie tun?",
            ],
            ["Vielen Dank für Ihren Anruf, auf Wiederhören!", CallTool("end_call")],
        ],
    )
    assert call.called("book_table", day="morgen", people=2)
    assert len(bookings) == 1
    assert call.ended == "agent"
    assert call.slowest_answer_ms <= 1_500


def test_es_laesst_sich_unterbrechen(caller):
    caller = caller.waits_for_agent().says("wann haben Sie geöffnet").interrupts("und am Sonntag bitte", after_s=1.8)
    caller = caller.waits_for_agent().hangs_up()
    call = caller.call(agent, replies=["Von Dienstag bis Samstag ab siebzehn Uhr.", "Sonntags ab zwölf Uhr."])
    assert call.lines[-1] == ("agent", "Sonntags ab zwölf Uhr.")
    assert call.longest_overlap_ms <= 300
    assert call.remembered_unheard == []


def test_die_oeffnungszeiten():
    assert opening_hours(day="Montag") == "Montags ist Ruhetag."
    assert "zwölf" in opening_hours(day="sonntag")
