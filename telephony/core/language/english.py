"""The data that turn-taking uses for English (see `language.py`)."""

from __future__ import annotations

from telephony.core.language.language import Language, phrases
from telephony.core.language.language import word_set as _set
from telephony.core.language.wording import ENGLISH_WORDING

_DIGITS = "zero oh nought one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_BACKCHANNELS = _set(
    "mhm mm mmm hm hmm mm-hm mm-hmm mmhm mmhmm uh-huh uhhuh uh huh um ah oh aha yeah yep yes yup ya ok okay right "
    "sure good great fine alright nice cool wow really exactly true see totally absolutely perfect lovely thanks "
    "understood gotcha interesting"
)
_BACKCHANNEL_PHRASES = phrases(
    "uh huh/mm hm/mm hmm/i see/i see okay/got it/i got it/all right/of course/that's right/that's true/"
    "go on/makes sense/"
    "not bad/fair enough/sounds good/thank you/i understand/i know/"
    "for sure/sure thing/oh i see/okay i see/that's fine/that's good/that's great"
)

_WEEKDAYS = _set("monday tuesday wednesday thursday friday saturday sunday")

_PRONOUNS = "i you we he she it they that this there"
_AUXILIARIES = (
    "is are am was were do does did can could will would should shall may have has had isn't aren't don't doesn't "
    "didn't can't couldn't won't wouldn't shouldn't wasn't weren't haven't hasn't hadn't"
)
_DETERMINERS = "the a an my your our their his her its this that these those any some"
_REGULAR_VERBS = (
    "want need call ask help work cancel change order book pay charge open close cost like look live move use try turn "
    "start stop arrive deliver return talk wait walk happen pick drop check confirm add update collect receive explain "
    "answer play stay park reserve rent repair clean fix email text mention offer remember expect promise last "
    "fail break leak crash show listen sign switch visit finish manage replace refund land ring decide"
)
_IRREGULAR_VERBS = (
    "go goes went gone come comes came get gets got gotten getting make makes made take takes took taken give gives "
    "gave given send sends sent say says said tell tells told know knows knew known think thinks thought see sees saw "
    "seen find finds found buy buys bought bring brings brought speak speaks spoke spoken leave leaves left lose "
    "loses lost hear hears heard put puts keep keeps kept meet meets met run runs ran set sit sits sat sell sells "
    "sold sleep slept stand stands stood understand understands understood feel feels felt write writes wrote written "
    "read reads eat eats ate let lets mean means meant became begin began fell fall falls hurt hurts cut drive drives "
    "drove rang broke broken fit fits hold holds held paid spend spent win won wear wore build built catch caught "
    "choose chose forget forgot forgotten grow grew ride rode rise rose shut stole stolen steal taught thrown threw "
    "woke does did has had have"
)
_GOOD_TIMES = tuple(
    f"{article} {good} {time}"
    for article, kind in (("a", "nice good great lovely wonderful fantastic beautiful pleasant"), ("an", "excellent"))
    for good in kind.split()
    for time in "day evening night weekend afternoon morning week one time trip".split()
)
_SUBJECTS = "i you we they he she it that this there who what where when how here"
_CONTRACTIONS = {
    **{f"{who}'{short}": (who, long) for who in _SUBJECTS.split() for short, long in
       {"m": "am", "re": "are", "s": "is", "ve": "have", "ll": "will", "d": "would"}.items()},
    **{f"{verb}n't": (verb, "not") for verb in "is are was were do does did could would should has have had".split()},
    "can't": ("can", "not"), "cannot": ("can", "not"), "won't": ("will", "not"), "let's": ("let", "us"),
    "gonna": ("going", "to"), "wanna": ("want", "to"), "gotta": ("got", "to"), "ok": ("okay",),
}  # fmt: skip

ENGLISH = Language(
    name="English",
    wording=ENGLISH_WORDING,
    known=True,
    backchannels=_BACKCHANNELS,
    backchannel_phrases=_BACKCHANNEL_PHRASES,
    remarks=phrases(
        "no problem/no worries/no bother/no kidding/no doubt/no wonder/not a problem/not bad/"
        "not too bad/you don't say/you bet/is that so/is it really/"
        "got you/got that/got ya/i get it/i get that/i get you/i got you/i got that/i hear you/i hear that/i bet/"
        "i remember/i can imagine/i can see that/i see that/i thought so/i hope so/i guess so/i'm sure/"
        "i'm with you/i love that/i love it/i like that/i like it/i agree/i'm glad/love that/love it/so am i/so do i/"
        "me too/same here/oh my/my goodness/goodness me/thank goodness/thank god/thank heavens/"
        "good heavens/good grief/oh dear/dear me/oh boy/oh man/well well/poor thing/poor you/bless "
        "you/"
        "right you are/there you go/there we go/fancy that/imagine that/say no more/spot on/point taken/duly noted/"
        "copy that/works for me/that works/fine by me/fine with me/okay by me/by all means/as expected/"
        "true enough/sure enough/easy enough/clear enough/good enough/makes total sense/makes perfect sense/"
        "as i thought/that explains it/that explains a lot/what i thought/i see what you mean/i know what you mean/"
        "no rush/no hurry/fair play/lucky me/lucky you/will do/i'm following/thank you so much/thank you very much/"
        "thanks a lot/many thanks/makes a lot of sense/makes sense to me/sounds about right/all good/"
        "for real/no complaints"
    ),
    assessments=_set(
        "good great fine nice lovely brilliant wonderful fantastic amazing awesome excellent superb perfect fabulous "
        "marvellous marvelous terrific delightful splendid super ideal cool neat grand handy useful helpful impressive "
        "incredible unbelievable remarkable beautiful gorgeous interesting fascinating intriguing funny hilarious odd "
        "weird strange surprising wild kind generous thoughtful sweet reasonable fair sensible logical clear "
        "understandable plausible sad unfortunate shame pity relief pleasure "
        "bummer treat surprise joy fun bonus easy simple handy convenient magic exciting thrilling smart clever okay "
        "ok alright wow ooh oooh aw aww phew yay hooray hurray gosh goodness heavens blimey crikey jeez yikes "
        "oops bless okey doke dokey okey-doke okey-dokey righto righty alrighty roger noted ta cheers naturally "
        "definitely certainly indeed precisely obviously clearly agreed seriously huh yea ha haha"
    ),
    before_assessments=phrases(
        "that's/that is/that was/that sounds/that looks/that seems/that would be/that'd be/that'll be/that will be/"
        "that must be/that/this is/it's/it is/it sounds/it was/it'll be/it would be/sounds/looks/oh/ah/well/how/what a/"
        "what an/so/very/really/pretty/quite/rather/just/too/all/just so/absolutely/totally/truly/simply/most/such a/"
        "such an/a/an/a bit/a real/a huge/a big/a great/of course"
    ),
    after_assessments=phrases(
        "then/indeed/stuff/news/idea/job/one/thing/point/thinking/to hear/to know/to hear that/to hear it/of you/of "
        "them/"
        "of him/of her/for you/for me/with me/by me/that/thanks/thank you"
    ),
    tag_verbs=_set(_AUXILIARIES) - _set("am may might should shall"),
    tag_pronouns=_set("it he she they"),
    urgent=_set(
        "help fire police ambulance emergency nope nah nay gun guns cop cops sos ouch ow god pain hurt dead die dying "
        "ill sick"
    ),
    before_nouns=_set("the a an to of on in at for by from with"),
    verb_first=phrases(
        *(f"{verb} {who}" for verb in _AUXILIARIES.split() for who in "it that this he she they there you we i".split())
    ),
    stops=_set("no stop wait hold hang sorry excuse hello hey actually listen please shut quiet pause enough"),
    weak=_set("the a an and then there it is that in for to of one two so but well as at on or be by he she they"),
    farewells=_set("bye goodbye bye-bye byebye thanks thank thankyou cheers ciao goodnight farewell ta toodles cya"),
    farewell_phrases=phrases(
        "take care/so long/same to you/the same to you/see you/see ya/catch you later/talk soon/speak soon/"
        "later then/bye now/good night/good day/good one/great one/all the best/best wishes/god bless/so much/a lot/"
        "for your help/for your time/for everything/for calling/my pleasure/until then/you as well/you too/"
        "will do/i'll do that/we'll do that/that's all/that's it/that is all/that is it/that was all/that was it/"
        "that's everything/that's everything i needed/that's everything i need/that's everything i wanted/a million/"
        "answered all my questions/answered my questions/answered my question/nice one/"
        "stay safe/stay well/that'll be all/that will be all/that'll do/that does it/that would be all/nothing else/"
        "nothing more/no more questions/no other questions/no further questions/no questions/i'm good/we're good/"
        "i'm all good/i'm all set/we're all set/all set/all good/i'm done/we're done/all done/all sorted/"
        "that's what i needed/that's all i needed/that's all i need/all i needed/all i need/what i needed/"
        "what i wanted/that's what i wanted/that's all i wanted/don't need anything else/don't need anything more/"
        "no need/no problem/no worries/not a problem/not at all/don't worry/don't mention it/no that's fine/"
        "can't wait/can't thank you enough/couldn't ask for more/couldn't be better/couldn't be happier/"
        "everything i needed/everything i need/everything i wanted/couldn't have done it without you/much obliged/"
        "merry christmas/happy christmas/happy holidays/happy new year/happy easter/happy birthday/"
        "what a relief/what a help/what a great help/what a star/what a pleasure/how kind/how lovely/how nice/"
        "sorry to bother you/sorry for the trouble/sorry for bothering you/hang up/hanging up/let you go/"
        "have to go/got to go/gotta go/have to run/gotta run/need to go/better go/before you know it",
    ),
    farewell_openings=phrases(
        "thanks for/thank you for/thank you so much for/thank you very much for/thanks so much for/thanks a lot for/"
        "thanks again for/thank you again for/thanks to/see you/see ya/talk to you/speak to you/talk with you/"
        "speak with you/catch you/have a/have an/have yourself/enjoy your/enjoy the/hope you/wish you/appreciate/"
        "i'll wait/i'll call/i'll let you know/i'll be in touch/i'll be there/we'll be there/i'll be waiting/i'll come/"
        "we'll come/i'll pick/i'll think/i'll talk/i'll tell/looking forward/look forward/say hi/say hello to/regards/"
        "until/nice talking/nice speaking/good talking/great talking/lovely talking/pleasure/glad to/happy to/"
        "you've been/you have been/you were"
    ),
    partings=phrases(
        "bye/goodbye/bye-bye/goodnight/farewell/take care/good night/see you/talk to you soon/speak to you soon/"
        "talk soon/until next time",
        *(f"have {time}" for time in _GOOD_TIMES),
        *(f"enjoy your {time}" for time in "day evening night weekend afternoon morning week meal stay trip".split()),
    ),
    light=_set(
        _PRONOUNS,
        _AUXILIARIES,
        _DETERMINERS,
        "me him them us mine yours i'm i've i'll i'd you're you've you'll it's that's that'll he's she's we're we've "
        "we'll they're they'll there's be been being to of in on at for from with by as and or so very much really "
        "just all too then now here again both everyone everything anyway though indeed truly honestly quite such lot "
        "bunch um uh er erm oh ah hey-ho well up go going gonna got get be done "
        "helpful helps welcome think guess suppose believe kind nice great good best lovely "
        "brilliant fantastic amazing wonderful awesome excellent super "
        "superb perfect fabulous marvellous marvelous terrific delightful sweet generous patient thorough quick fast "
        "easy efficient friendly polite professional pleasant cool fine glad happy grateful thankful pleased "
        "appreciated appreciate help helped assistance pleasure star legend angel lifesaver gem hero delight "
        "absolutely totally definitely certainly surely sure soon later today tomorrow tonight tonight's weekend week "
        "next morning afternoon evening night day "
        "alrighty okey dokey mate love dear darling sweetheart honey buddy pal man sir madam ma'am "
        "miss friend folks guys dude cheerio",
    ),
    reopeners=phrases(
        "what/what's/when/when's/where/where's/who/who's/whom/whose/why/which/how/how's/what if/how about/but/also/"
        "still/more/one more/another/instead/except/however/although/unless/forgot/forgotten/forgetting/forget/wrong/"
        "mistake/question/questions/problem/issue/trouble/meant/mean/not/never/don't/doesn't/didn't/isn't/aren't/"
        "wasn't/won't/can't/couldn't/wouldn't/haven't/hasn't/before i/before you/need/needs/needed/want/wants/wanted/"
        "would like/i'd like/could use/wondering/help me/can you/change my/changed my/it's for/"
        "there's one/there is one/something/anything/if/whether/or/allergic/by the way/"
        "while i/pardon/repeat/say that/tell me/give me/let me/put me/speak to a/speak with a/talk to a/human/manager/"
        "make it/make that/spelled/thing/things/and the/and a/and my/and your/and for"
    ),
    noes=_set("no nope nah"),
    fillers=_set("um uh er erm uhm umm uhh eh hmm hm"),
    trailing=_set(
        "except besides after before prefer and or but because cause so if when while although though since "
        "until unless that which who whose "
        "whether than as "
        "the a an my your our their his its these those some any every each another "
        "of to in on at for from with without about into onto between by per through during regarding concerning "
        "is are was were am be been being has have had do does did will would can could should may might must cannot "
        "isn't aren't wasn't don't doesn't didn't won't can't couldn't wouldn't "
        "i i'd i'm i'll i've we we'd we'll we've we're he he's she she's they they're they've it's that's "
        "there's you're "
        "you've what's where's who's how's here's "
        "want wants wanted wanna need needs wondering gonna gotta trying hoping thinking looking going calling "
        "really very just not also even quite pretty around approximately roughly basically actually maybe probably "
        "wait like well mr mrs ms dr dot double triple named spelled number's name's"
    ),
    trailing_phrases=phrases(
        "told me/asked me/gave me/sent me/showed me/promised me/"
        "do you/can you/could you/would you/will you/did you/have you/do i/can i/could i/should i/may i/did i/"
        "do we/can we/could we/are there/is there/you know/i mean/i think/i guess/kind of/sort of/let's see/"
        "let me see/let me think/hold on/one moment/one second/just a second/i believe/i suppose/as well as/"
        "such as/at least/in order/instead of/i would/we would/my name/my number/the number/my address/my email/"
        "would you mind/do you mind/do you happen/i please/you please/we please/to know/to ask/to say/to speak/"
        "to talk/to tell/to find/to find out/to get/to buy/to give/to bring/to put/to take/to make/to have/"
        "to see if/tell me/can you tell/you give me/you send me/you show me/you get me/you put me/you check/"
        "you find/let me know/ask you/ask if/see if/check if/know if/wonder if/about order/for order/on flight/"
        "about invoice/about flight/about case/order number/account number/phone number/flight number/"
        "invoice number/reference number/customer number/case number/my code/a question/one question/"
        "quick question/another question/one more question/more questions/some questions/have a problem/"
        "there's a problem/one more thing/another thing/two things/the following/having trouble/having problems/"
        "having issues/received an email/got an email/received a letter/got a letter/received a message/"
        "got a message/what happened was/here is what happened/i have an issue/there is an issue/a request/a favor/"
        "a favour",
        *(
            f"{before} {after}"
            for before in "me know you see out sure remember ask wonder wondering explain understand "
            "check him her them us".split()
            for after in "how when where why which what who whether if".split()
        ),
    ),
    openers=_set(
        "so and but well um uh er erm okay ok yes yeah yep no hi hello hey good morning afternoon evening "
        "please sorry oh "
        "right great thanks also then actually now"
    ),
    greetings=_set(
        "yes yeah yep yup okay ok right sure great good well so hi hello hey there morning afternoon evening day oh "
        "um uh alright i'm calling thanks thank you"
    ),
    questions=_set(
        "what when where who whom whose why which how is are am was were do does did can could will would "
        "should shall may "
        "have has had isn't aren't don't doesn't didn't can't couldn't won't wouldn't what's where's who's "
        "when's how's "
        "shouldn't haven't hasn't"
    ),
    question_phrases=phrases(
        "can i/can you/can we/could i/could you/could we/would you/would it/do you/did you/are you/is there/"
        "are there/is it/is that/what time/how much/how many/how long/how do/what's the/what is/where is/when is/"
        "when do/if you could/if i could/whether you could/if you can/whether you can/if there/whether there/may i/"
        "would that/do i/should i/did i/am i/will i/will it/will you/does it/did it/was it/do we/does that/does he/"
        "does she/was there/were there/have you/has he/has she/was i/were you/will there/are they/do they/did they/"
        "why don't"
    ),
    requests=phrases(
        "i want/i'd like/i would like/i need/we need/we'd like/we want/i'm calling about/i'm calling to/"
        "i am calling about/i'm looking for/i am looking for/please/i wish to/i wanted to/let me/give me/tell me/"
        "put me/send me/connect me/transfer me/i'll take/i'll have"
    ),
    wants_details=_set(
        "book booking reserve reservation schedule reschedule order change move make come appointment table room taxi "
        "cab ticket tickets flight meeting delivery"
    ),
    settles=_set("cancel confirm check"),
    commands=_set(
        "book cancel change reschedule check order tell give send transfer connect put make move add remove update "
        "call find get show repeat open close confirm schedule reserve"
    ),
    closers=_set("please thanks thank-you bye goodbye cheers correct"),
    closing_phrases=phrases(
        "please do/think so/do it/if you could/whenever you can/get that/hear that/understand that/repeat that/"
        "change that/cancel that/check that/catch that/need that/want that/forget that/remember that/"
        "the day before/the day after/as before/like before/all of it/none of it/"
        "much is that/what is that/what was that/who is that/where is that/why is that/what's that/"
        "how is that/"
        "thank you/thank you very much/thank you so much/thanks a lot/that's all/that's it/that is all/"
        "that's right/that's correct/i think so/i guess so/i hope so/before that/after that/about that/like that/"
        "do that/with that/went through/go through/come through/get through/please let me know/know of/think of/"
        "heard of/come in/log in/sign in/check in/get in/turn on/going on/why not/of may/in may/it on/them on/"
        "talking about/asked about/told me about/heard about/spoke about/worried about/as well/very well/"
        "doing well/feel well/feeling well/you like/looks like/look like/sounds like/as you can/if i can/"
        "if we can/when you can/it going/for that/of that/than that/to that/on that/that's fine/"
        "that's everything/that's okay/if possible/if that's possible/if that's okay/if that's all right/"
        "if that's alright/if you can/never mind/no thanks/no need/no idea/no thank you/nothing else/not really/"
        "i don't know/i'm not sure/of course/all right/sounds good/works for me/good idea/me too/how are you/"
        "you too/yes i do/yes i am/yes it is/yes i can/yes i did/yes i have/yes i would/yes we do/yes you can/"
        "yes there is/no i don't/no i'm not/no it isn't/no i can't/no i didn't/no i haven't/no it's not/no there isn't/"
        "no we don't"
    ),
    afterthoughts=phrases(
        "possibly/perhaps/i think/i guess/i believe/i suppose/you know/at least/actually/maybe/probably"
    ),
    objections=phrases(
        "that's not right/that's wrong/that isn't right/that's not correct/that's not it/not quite/not exactly/"
        "that depends/it depends"
    ),
    answers=_set(
        "yes yeah yep yup yea no nope nah sure ok okay right correct exactly absolutely definitely certainly "
        "fine alright "
        "good great perfect none nothing never always both neither either mm-hm mhm uh-huh hello"
    ),
    prepositions=_set("for on at about under in with from until till before after during by near"),
    auxiliaries=_set(_AUXILIARIES),
    being=_set("is are was were am"),
    helping=_set("do does did can could will would should shall may"),
    pronouns=_set(_PRONOUNS),
    determiners=_set(_DETERMINERS),
    transitive=_set(
        "receive include contain find bring provide offer accept allow require tell ask give send "
        "show put keep buy mention discuss confirm recommend suggest explain describe either both"
    ),
    fronting=_set("what which who whom whose how where anything everything"),
    stranded=_set("do have need want like be for from about with"),
    question_ends=_WEEKDAYS
    | _set(
        "me it that this you there here now today tomorrow tonight "
        "morning afternoon evening soon yet again open closed free available included ready "
        "possible mean hurt work deliver ship cater travel drive cook swim"
    ),
    correlatives=(
        ("between", "and", False),
        ("either", "or", False),
        ("neither", "nor", False),
        ("from", "to", True),
    ),
    verbs=_set(
        _REGULAR_VERBS,
        _IRREGULAR_VERBS,
        *(f"{verb}s {verb.removesuffix('e')}ed {verb.removesuffix('e')}ing" for verb in _REGULAR_VERBS.split()),
        "cancelled cancelling stopped stopping dropped dropping tried tries crashes fixes",
    ),
    titles=_set("mr mrs ms dr mister missus miss doctor professor captain sir madam sergeant father sister nurse"),
    indefinites=_set(
        "anyone anybody anything someone somebody something somewhere anywhere everyone everybody everything nobody "
        "people person thing things one ones place way reason"
    ),
    subordinators=_set("if when before after because since although while unless once until whenever as given"),
    introductions=phrases("my name is/my name's/the name is/you're speaking with/you are speaking with"),
    greeted_introductions=phrases("this is/it's/it is/i'm/i am/my name is/my name's/here is"),
    holding=phrases(
        "let me check/let me look/let me see/let me think/let me find/let me ask/let me get my/let me grab/let me open/"
        "just a minute/just a moment/just a second/just a sec/one moment/one second/one sec/one minute/"
        "hold on/hang on/wait a second/wait a minute/wait a moment/wait a sec/bear with me/give me a second/"
        "give me a minute/give me a moment/give me a sec"
    ),
    asking=_set(
        "tell give say spell enter read repeat provide share have get ask take leave confirm verify state describe"
    ),
    requesting=_set("can could may might would will"),
    bidding=_set("please"),
    knowing=_set("have know remember got"),
    open_questions=phrases(
        "can i help/may i help/can we help/could i help/i help you/can i do for you/can we do for you/i do for you/"
        "can i assist/i assist you/tell me about/tell me more/tell me what/what happened/what's going on/"
        "what is going on/what brings you/"
        "what's the problem/what is the problem/what seems to be/could you describe/can you describe/the reason for"
    ),
    affirmatives=_set("yes yeah yep yup sure ok okay certainly absolutely alright right hello of course"),
    weekdays=_WEEKDAYS,
    months=_set("january february march april may june july august september october november december"),
    magnitudes=_set("hundred thousand million billion grand"),
    coins=_set("cent cents pence penny"),
    currencies=_set(
        "dollar dollars buck bucks euro euros pound pounds quid cent cents pence franc francs yen percent kroner"
    ),
    digits=_set(_DIGITS),
    repeats={"double": 2, "triple": 3},
    numerals={
        **dict(zip(_DIGITS.split(), "000123456789", strict=True)),
        **dict(zip(_TEENS.split(), map(str, range(10, 20)), strict=True)),
        **dict(zip(_TENS.split(), map(str, range(20, 100, 10)), strict=True)),
        "hundred": "100",
        "thousand": "1000",
    },
    number_links=_set("and"),
    articles=_set("a an the"),
    contractions=_CONTRACTIONS,
    at_sign=_set("at"),
    dot=_set("dot point"),
    domains=_set("com org net edu gov io uk de fr es it eu info biz app dev us ca au ch nl nz ai tv me"),
    half_domains=_set("co"),
    joints=_set("dash hyphen slash plus underscore minus"),
    examples=phrases("as in/for/like"),
    figurative=_set("one"),
    before_figures=_set("is it's number and at"),
    number_sounds=_set("for fore to too won ate"),
    ordinals=_set(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
    ),
    expects=(
        ("email", "email"),
        ("e-mail", "email"),
        ("spell", "spelling"),
        ("zip code", "digits", 5),
        ("card number", "code", 16),
        ("last four", "digits", 4),
        ("last digits", "digits", 4),
        ("security code", "digits", 3),
        ("extension", "digits"),
        ("phone number", "digits"),
        ("mobile number", "digits"),
        ("cell number", "digits"),
        ("mobile", "digits"),
        ("number to reach", "digits"),
        ("reach you on", "digits"),
        ("call me back on", "digits"),
        ("call me on", "digits"),
        ("flight", "code"),
        ("account number", "code"),
        ("order number", "code"),
        ("invoice number", "code"),
        ("reference", "code"),
        ("booking number", "code"),
        ("customer number", "code"),
        ("member number", "code"),
        ("policy number", "code"),
        ("tracking number", "code"),
        ("confirmation number", "code"),
        ("confirmation code", "code"),
        ("serial number", "code"),
        ("model number", "code"),
        ("case number", "code"),
        ("license plate", "code"),
        ("number plate", "code"),
        ("registration", "code"),
        ("postcode", "code"),
        ("postal code", "code"),
        ("the code", "code"),
        ("pin number", "digits", 4),
        ("repeat the number", "digits"),
        ("date of birth", "date"),
        ("birthday", "date"),
        ("were you born", "date"),
        ("was born", "date"),
        ("how much would", "amount"),
        ("how much was", "amount"),
        ("how much do you", "amount"),
        ("what amount", "amount"),
        ("my number is", "digits"),
        ("number is", "code"),
        ("number's", "code"),
        ("social security", "digits", 9),
        ("sort code", "digits", 6),
        ("pin", "digits"),
        ("member id", "code"),
        ("customer id", "code"),
        ("iban", "code"),
        ("address", "address"),
        ("i live at", "address"),
        ("deliver it", "address"),
        ("deliver to", "address"),
        ("parcel go", "address"),
        ("number", "code"),
    ),
)
