"""The live transcript and the HTML page of a call."""

from __future__ import annotations

import io
from html.parser import HTMLParser

from telephony.core.policy import Policy
from telephony.observe.console import Console
from telephony.observe.timeline import timeline_html
from telephony.testing.simulator import Simulator
from tests.observe.calls import watched

EVIL = "<script>alert('x')</script> & \"so\" \033[2J"
LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."


def interrupted(said: str) -> Simulator:
    sim = Simulator(Policy(greeting="Hello."), lambda history: [LONG])
    sim.says(1_500, said)
    sim.run(5_000)
    sim.says(sim.now + 500, "wait stop I need something else", ms=1_500)
    return sim.run(20_000)


VOID = {"meta", "br", "line", "rect", "circle", "polygon"}


class Page(HTMLParser):
    """Collects tags, links and text; `open` holds the tags that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:  # <line ... /> counts as both
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_the_call_and_loads_nothing_external() -> None:
    """It shows voice, audio sent and heard, cut and clear, all lines and latencies; no scripts, no external assets."""
    steps = watched(interrupted("what are your hours"))
    text = timeline_html(steps, title="Call", wav="call.wav")
    page = Page(text)
    assert page.open == []
    assert page.links == ["call.wav"]
    assert "script" not in page.tags
    for kind in ("voiced", "sent", "heard", "cut", "clear", "level"):
        assert f'class="{kind}"' in text
    for said in ("Hello.", "what are your hours", "wait stop I need something else", LONG):
        assert said in page.text
    assert "endpointing" in page.text
    assert "silent after" in page.text


def test_texts_of_a_call_cannot_become_markup() -> None:
    """Text of the caller, the model and tools, and file names, are untrusted."""
    page = timeline_html(watched(interrupted(EVIL)), title=EVIL, wav='x" onerror="alert(1)')
    assert "<script" not in page
    assert Page(page).links == ['x" onerror="alert(1)']


def test_an_empty_call_has_a_page() -> None:
    """The call ended before anything happened."""
    assert Page(timeline_html([])).open == []


def test_the_live_transcript_reads_without_colours() -> None:
    """It shows who said what and when, the interruption and the waterfall. Control characters are removed."""
    stream = io.StringIO()
    watched(interrupted("what are your hours"), Console(EVIL, stream))
    shown = stream.getvalue()
    assert "\033" not in shown
    assert {line.split()[1] for line in shown.splitlines()} >= {"caller", "agent"}
    assert "(interrupted)" in shown
    assert "endpointing" in shown
    assert "silent" in shown
