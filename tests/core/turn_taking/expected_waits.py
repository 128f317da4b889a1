"""How long people would have the agent wait: what was asked, what was said, and bounds of the wait. Data only.

The bounds are for the default waits, in ms. They were written down before any weight was fitted: the fit is bound to
`BOUNDS` and `ROBUST` (tests/bench/turns/fit.py), and has never seen `UNSEEN`.
"""

from __future__ import annotations

HELLO = "Hello, how can I help you?"
DAY = "Which day is best?"
OFFER = "Would you like me to book that?"
ELSE = "Is there anything else?"
NAME = "Please tell me your name."
PEOPLE = "I've noted your phone number. For how many people?"
TIME = "What time would suit you?"
SIZE = "Small or large?"
STATEMENT = "We open at nine."

QUICK_MS = 480
"""At most, after a short answer to a question."""
SOON_MS = 620
"""At most, after what needs nothing more."""
HELD_MS = 1_050
"""At least, after words that cannot be the end."""

ANSWERS = {
    DAY: "tomorrow at nine/tuesday/on friday/next monday/any day/wednesday morning/because it rained/friday I think",
    OFFER: "yes/no/yes please/no thanks/I would/maybe/please do/I don't think so/yes I would/sure/no thank you/"
    "not really/yes of course",
    ELSE: "no/no that's all/no thank you/that's everything/nothing else thanks",
    NAME: "john smith/my name is john/mary/it's mary jones",
    PEOPLE: "four/four people/two adults/just me",
    TIME: "half past nine/three o'clock/in the afternoon/around noon/eight thirty",
    SIZE: "large/large I think/the small one/the second one",
    "Is that a mobile or a landline?": "yes/a mobile/mobile",
    "What's your phone number?": "I don't have one/why do you need that",
    "What is your date of birth?": "I would rather not say",
    "What is your address?": "I don't know",
}
"""At most `QUICK_MS`."""

WHOLE = {
    "": "yes/I see/that's all/cancel it please/how much are the rooms/do you open today/are rooms for dogs/"
    "what are your opening hours/when do you close/do you have parking/where are you located/how much does it cost/"
    "are you open on sundays/what time do you close/is there a lift/can I bring my dog/do you take cards/"
    "could you tell me what time you open on sunday/can you tell me what time you open tomorrow/"
    "that's all thank you/when is my next appointment/that is all I need thank you",
    HELLO: "yes no/what are your opening hours/do you have parking/when do you close/a table for two please/"
    "I'd like a refund please/can I speak to a manager please/cancel my appointment please/how much is a haircut/"
    "are you open today/what's your address",
    STATEMENT: "Really?/Can you repeat that?/When is my next appointment?/Which one is that?/okay thank you/great/"
    "can you repeat that/thank you very much",
    DAY: "good morning/tomorrow at nine or later",
}
"""At most `SOON_MS`."""

HELD = {
    "": "I want to book a table and/my number is/we arrived and um/can you tell me how/to see.../"
    "let me check my calendar/is the doctor/why does it/somewhere between monday/did it include/if I cancel/"
    "hello this is john/um/because/I'd like to/I want to pay for/book it, can you/my name is john/would you mind/"
    "hi this is john smith/I want to/the/I'd like to speak to/is there anyone who/it was the",
    HELLO: "I have a question/good morning/yes/yes hello/hi good morning/okay/hello/what you need to do is/"
    "I'd like to speak to doctor/can you put me through to the/my name is katherine/hi I have a question about/"
    "I'm calling because/I have a problem with my/I'd like to order a",
    "What is your order number?": "let me check/A as in/just a minute",
    OFFER: "let me ask my wife/yes but/yes if",
    DAY: "any day except/I think/I would/either monday/on",
    "Do you have the order number?": "yes it's",
}
"""At least `HELD_MS`."""

OPEN = {
    "": "I called yesterday/that depends/we liked the old window seat/tomorrow/I was at the/good morning everyone",
    HELLO: "I called yesterday/I'd like to book a table/is there anyone/can you put me through/"
    "I ordered a washing machine/my card was stolen",
}
"""At least 700 ms: a statement that may go on, a request whose purpose or detail usually follows."""

BOUNDS: tuple[tuple[str, str, int, int], ...] = tuple(
    (asked, said, least, most)
    for table, least, most in (
        (ANSWERS, 0, QUICK_MS), (WHOLE, 0, SOON_MS), (HELD, HELD_MS, 9_999), (OPEN, 700, 1_250),
    )
    for asked, texts in table.items()
    for said in texts.split("/")
)  # fmt: skip
"""(asked, said, the wait's least and most)"""

MOVES_MS = 300
"""At most, by what a recogniser gets wrong."""
ROBUST: tuple[tuple[str, str, str], ...] = (
    (HELLO, "what are your opening hours", "what are you opening hours/what are opening hours/"
     "what our your opening hours"),
    (HELLO, "do you have parking", "do you have a parking/did you have parking"),
    (HELLO, "I'd like to cancel my subscription", "I like to cancel my subscription/I'd like cancel my subscription"),
    (HELLO, "can you put me through to the billing desk", "can you put me through to billing desk/"
     "can't you put me through to the billing desk/can you put me threw to the billing desk"),
    (HELLO, "I called yesterday about the leak in my kitchen", "I called yesterday about leak in my kitchen/"
     "I called yesterday and the leak in my kitchen"),
    (DAY, "tuesday at nine", "thursday at nine/tuesday it nine/tuesday nine"),
    (PEOPLE, "four", "for/fore"),
    (PEOPLE, "one", "won"),
    (OFFER, "yes please", "yes peace/yes"),
    (ELSE, "no that's all", "know that's all/no that all"),
    (NAME, "john smith", "jon smith/john"),
)  # fmt: skip
"""(asked, said, as it may be misheard)"""

UNSEEN: tuple[tuple[str, str, int, int], ...] = (
    (HELLO, "do you do gift vouchers", 0, SOON_MS),
    (HELLO, "how do I get there", 0, SOON_MS),
    (HELLO, "what's the phone number for the office", 0, SOON_MS),
    (HELLO, "is the pool open today", 0, SOON_MS),
    (HELLO, "can I pay by card", 0, SOON_MS),
    ("", "who should I ask for", 0, SOON_MS),
    ("", "do you deliver", 0, SOON_MS),
    ("Which branch would you like?", "the one in town", 0, QUICK_MS),
    ("What colour was it?", "dark blue", 0, QUICK_MS),
    ("How would you like to pay?", "by credit card", 0, QUICK_MS),
    ("Shall I send you a text?", "yes that would be great", 0, QUICK_MS),
    ("Shall I send you a text?", "no need", 0, QUICK_MS),
    ("Have you been here before?", "never", 0, QUICK_MS),
    ("When did it happen?", "last week", 0, QUICK_MS),
    ("How old is your son?", "he's seven", 0, QUICK_MS),
    (HELLO, "I wanted to ask whether", HELD_MS, 9_999),
    (HELLO, "we've been trying to", HELD_MS, 9_999),
    (HELLO, "could I please speak with the", HELD_MS, 9_999),
    (HELLO, "the reason I'm calling is", HELD_MS, 9_999),
    (HELLO, "hello there", HELD_MS, 9_999),
    ("", "it broke when", HELD_MS, 9_999),
    ("Which branch would you like?", "well it's either", HELD_MS, 9_999),
    ("When did it happen?", "it was um", HELD_MS, 9_999),
    (HELLO, "my washing machine broke down", 700, 1_250),
    (HELLO, "I bought a lamp last week", 700, 1_250),
    (HELLO, "I need somebody", 700, 9_999),
    (HELLO, "I'd like to make an appointment", 700, 1_250),
)
"""The same as `BOUNDS`."""
UNSEEN_MISSED = ("who should I ask for", "do you deliver", "yes that would be great")
"""Those of them after which the agent waits too long."""
