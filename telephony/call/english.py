"""English, as data for turn-taking."""

from __future__ import annotations

from telephony.call.language import Language, phrases


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DIGITS = "zero oh nought one two three four five six seven eight nine"
_BACKCHANNELS = _set(
    "mhm mm mmm hm hmm mm-hm mm-hmm mmhm mmhmm uh-huh uhhuh uh huh um ah oh aha yeah yep yes yup ya ok okay right "
    "sure good great fine alright nice cool wow really exactly true see totally absolutely perfect lovely"
)
_BACKCHANNEL_PHRASES = phrases(
    "uh huh/mm hm/mm hmm/i see/i see okay/got it/i got it/all right/of course/that's right/that's true/"
    "go on/makes sense/"
    "i understand/understood/i know/for sure/oh i see/okay i see/that's fine/that's good/that's great"
)

ENGLISH = Language(
    known=True,
    backchannels=_BACKCHANNELS,
    backchannel_phrases=_BACKCHANNEL_PHRASES,
    farewells=_BACKCHANNELS | _set("bye goodbye thanks thank you very much cheers have a nice day too ciao"),
    fillers=_set("um uh er erm uhm umm uhh eh"),
    trailing=_set(
        "and or but because cause so if when while although though since until unless that which whose whether than as "
        "the a an my your our their his its these those some any every each another "
        "of to in on at for from with without about into onto between by per through during regarding concerning "
        "is are was were am be been being has have had do does did will would can could should may might must cannot "
        "isn't aren't wasn't don't doesn't didn't won't can't couldn't wouldn't "
        "i i'd i'm i'll i've we we'd we'll we've we're he he's she she's they they're they've it's that's "
        "there's you're "
        "you've what's where's who's how's here's "
        "want wants wanted wanna need needs wondering gonna gotta trying hoping thinking looking going calling "
        "really very just not also even quite pretty around approximately roughly basically actually maybe probably "
        "like well mr mrs ms dr dot double triple called named spelled says said number's name's"
    ),
    trailing_phrases=phrases(
        "do you/can you/could you/would you/will you/did you/have you/do i/can i/could i/should i/may i/"
        "did i/do we/can we/"
        "could we/are there/is there/you know/i mean/i think/i guess/kind of/sort of/a bit/a little/"
        "let's see/let me see/"
        "let me think/hold on/one moment/one second/just a second/i believe/i suppose/as well as/such as/at least/"
        "in order/instead/i would/we would/my name/my number/the number/my address/my email"
    ),
    openers=_set(
        "so and but well um uh er erm okay ok yes yeah yep no hi hello hey good morning afternoon evening "
        "please sorry oh "
        "right great thanks also then actually now"
    ),
    questions=_set(
        "what when where who whom whose why which how is are am was were do does did can could will would "
        "should shall may "
        "have has had isn't aren't don't doesn't didn't can't couldn't won't wouldn't what's where's who's "
        "when's how's "
        "shouldn't haven't hasn't"
    ),
    question_phrases=phrases(
        "can i/can you/can we/could i/could you/could we/would you/would it/do you/did you/are you/is there/are there/"
        "is it/is that/what time/how much/how many/how long/how do/what's the/what is/where is/when is/when do/"
        "if you could/if i could/whether you could/if you can/whether you can/if there/whether there/may i/would that"
    ),
    requests=phrases(
        "i want/i'd like/i would like/i need/we need/we'd like/we want/i'm calling about/i'm calling to/"
        "i am calling about/"
        "i'm looking for/i am looking for/i have to/please/i wish to/i wanted to/let me/give me/tell me/put me/send me/"
        "connect me/transfer me/i'll take/i'll have"
    ),
    commands=_set(
        "book cancel change reschedule check order tell give send transfer connect put make move add remove update "
        "call find get show repeat open close confirm schedule reserve"
    ),
    closers=_set("please thanks thank-you bye goodbye cheers correct"),
    closing_phrases=phrases(
        "thank you/thank you very much/thank you so much/thanks a lot/that's all/that's it/that is all/that's right/"
        "that's correct/that's fine/that's everything/that's okay/if possible/if that's possible/if that's okay/"
        "if that's all right/if that's alright/if you can/never mind/no thanks/no thank you/nothing else/not really/"
        "i don't know/i'm not sure/of course/all right/sounds good/works for me/good idea/me too/how are you/you too/"
        "yes i do/yes i am/yes it is/yes i can/yes i did/yes i have/yes i would/yes we do/yes you can/yes there is/"
        "no i don't/no i'm not/no it isn't/no i can't/no i didn't/no i haven't/no it's not/no there isn't/no we don't"
    ),
    answers=_set(
        "yes yeah yep yup yea no nope nah sure ok okay right correct exactly absolutely definitely certainly "
        "fine alright "
        "good great perfect none nothing never always both neither either maybe mm-hm mhm uh-huh hello"
    ),
    times=_set(
        "today tomorrow tonight yesterday monday tuesday wednesday thursday friday saturday sunday morning afternoon "
        "evening noon midnight o'clock am pm now asap soon week weekend month year again anymore instead already yet "
        "too anyway either"
    ),
    digits=_set(_DIGITS),
    repeats=(("double", 2), ("triple", 3)),
    numerals=(
        *zip(_DIGITS.split(), "000123456789", strict=True),
        *(("ten", "10"), ("eleven", "11"), ("twelve", "12"), ("fifteen", "15"), ("twenty", "20"), ("thirty", "30")),
    ),
    at_sign=_set("at"),
    dot=_set("dot point"),
    domains=_set("com org net edu gov io co uk de fr es it eu info biz app dev us ca au ch nl"),
    expects=(
        ("email", "email"),
        ("e-mail", "email"),
        ("spell", "spelling"),
        ("phone number", "digits"),
        ("telephone number", "digits"),
        ("mobile number", "digits"),
        ("number to reach", "digits"),
        ("account number", "code"),
        ("order number", "code"),
        ("reference number", "code"),
        ("booking number", "code"),
        ("customer number", "code"),
        ("policy number", "code"),
        ("card number", "code"),
        ("tracking number", "code"),
        ("confirmation number", "code"),
        ("serial number", "code"),
        ("license plate", "code"),
        ("postcode", "code"),
        ("zip code", "digits"),
        ("pin", "digits"),
        ("my number is", "digits"),
        ("number is", "code"),
        ("number's", "code"),
        ("address", "address"),
    ),
)
