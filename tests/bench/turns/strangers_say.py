"""Sentences of strangers, to report how the rules do with callers that nobody tuned for. Language data only.

Nobody tunes with them: no rule, list of words or parameter is chosen, changed or kept because of a sentence here. They
were written without knowing the rules, and none is also in `sentences.py`. The callers ring businesses of all kinds;
they are British, American and others, plain and messy.

Marks as in `sentences.py`: a bar is a pause inside a phrase, when the words so far are not a sentence; a slash is a
pause between phrases.
"""

from __future__ import annotations

REQUESTS = """\
Hi, um, I'm ringing about the flat / on Gordon Road.
Do you do gluten-free pizza bases?
I was wondering | if I could move my driving lesson / to the Thursday.
My boiler's making this | sort of banging noise.
I ordered a sofa from you in March / and it still hasn't turned up.
How late does the pharmacy stay open tonight?
Could I speak to | Mister Okafor, please?
Yeah, hi, I got a voicemail from somebody there / but she didn't leave a name.
I need a tow truck.
So what happened was | I paid at the machine / and the barrier didn't go up.
Can you put me through to lettings?
I'm looking for | a, like, a birthday cake for about thirty people.
Is there someone there / who can explain this invoice to me?
I'd like to know the | opening hours of your museum.
Good morning, I am calling because of | my residence card.
What's the difference between the silver plan and the gold plan?
If it's going to rain on Saturday, | can we have our money back?
I've been on hold for forty minutes.
Can I get a refund / or is it only store credit?
My daughter's got a temperature / and she's not keeping anything down, / so I don't know if I should bring her in.
Hello, I'd like to reserve a table for four on Friday evening.
The thing is, | I never signed anything.
I want to, I need to | change the name on the ticket.
Do I have to pay for the parking while I'm visiting?
You said somebody would call me back / and that was Monday.
It's about the | hearing aid for my mother.
Could you check whether | the blue one's in stock?
Hi there, just checking you're still open for walk-ins.
I'd like two tickets for the matinee, / the one with the captions, I mean.
What I don't understand is | why you charged me twice.
The lift's broken again.
I'm trying to get hold of | Doctor Hennessy.
I'd like to make a complaint about one of your drivers.
He came round, had a look at the roof, / said it'd be two hundred, / and now I've got a bill for nine.
Which terminal do you pick up from?
Do you know when | the next course starts?
I've lost my card, / or it's been stolen, I'm not sure.
Can you tell me how much it'd cost to ship a piano to Lisbon?
We were supposed to check in at three / but our flight's been cancelled.
Um, | is the vet in today?
I'd like to speak to a manager.
My name is Agnieszka / and I am calling for my husband.
Can I bring the dog / if he stays on the lead?
I'm locked out of my account because I, | I changed my phone.
How do I get there from the train station?
Would it be possible to | have the windows done on the same day?
I bought these boots online / and, you know, | the left one's bigger than the right.
Is this the right number for the recycling center?
When I try to log in, | it just says something went wrong.
Please, I want to ask about | the price for one month.
There's water coming through my ceiling.
I'm calling on behalf of | the residents' committee.
Could you send somebody out / this afternoon if you can?
I'd like to cancel my gym membership as of the end of the month.
Do you have anything cheaper / that still has a balcony?
The engineer was meant to come between eight and twelve / and it's nearly two.
Are you the people that did my neighbour's driveway?
I want to talk to someone about | about a loan.
Can I just check | did you get my email?
It says on your website that | kids under five go free.
I think I left my umbrella in one of your taxis last night.
Okay so I'm standing in front of the building / and, um, | the code doesn't work.
Who do I talk to about a wedding?
I need to renew my passport / before the twentieth.
What I'd need is | a plumber who works weekends.
Do you take American Express?
My order number's wrong, / or at least the guy in the shop said so.
Can you tell my wife's nurse that | I'm going to be late?
I'm not happy with the haircut, to be honest.
I have a question / about my pension.
Is it too late to | sign my son up for swimming?
You sent me the bill of another person.
I've got an appointment with Doctor | Abernathy at quarter past.
I drove all the way over there / and it was closed.
Could you tell me which forms I've got to bring with me?
I'd like to add | a, a second driver to the policy.
Hi, it's Margaret from number twelve, / I'm just phoning about the bins.
How long does it take for the money to arrive?
Last week I spoke to someone called | Priya, I think it was, / and she promised me a discount.
I just want to know what it is that I'm paying for.
Is the swimming pool heated / and do we need to bring towels?
My landlord told me | you could do an inspection.
I'd like the large one, / the one with the lid.
I've been waiting since the beginning of the year for this operation.
Do I need to be there / when they deliver it?
We're a group of | maybe fourteen, fifteen people.
Could I get an earlier slot?
The app keeps crashing / every time I open the map.
I was told to ask for | whoever deals with returns.
I'd like to pay my bill over the phone.
It's not working / and I've tried turning it off and on.
Am I covered / if the other driver didn't have insurance?
Hey, quick question, do you guys rent out snowboards?
Because I'm over seventy, | I was hoping for the reduced fare.
There was a man here yesterday to read the meter / and he didn't have any ID, / which I thought was a bit odd.
Can you make that out to my company instead?
Somebody's parked across | my drive.
I would like to know if is possible | to come without appointment.
I've got a leak under the sink.
I'd like to book the hall for | the last weekend in October.
Does the bus still stop outside the hospital?
I got a letter from you saying | I owe three months' rent.
Do you have a minute / or should I call back?
I'm after a part for a | nineteen seventy-two tractor.
My son was in a fight at school today and I'd like to talk to his teacher.
What time | does Saturday's performance finish?
I'm phoning to say | thank you, actually.
I don't suppose you've got a room for tonight?
Could you ask him to ring me / as soon as he gets in?
I need to get from the airport to | um, to Saint Albans.
You've overcharged me by sixty dollars.
The nurse said my results would be back by now, / so I'm just following up.
I wanna return a | a pair of headphones.
What's the name of the lady I spoke to this morning?
First it was the wrong colour, / then it was the wrong size, / and now you tell me there's none left.
Do you deliver to the islands / and if so how much?
Can I have the phone number of the branch in Leeds?
I'm supposed to fast before the blood test, / is that right?
Let me tell you what I | what I actually ordered.
I want to sell my car.
My dad passed away in April, / and I need to | close his account.
Could somebody come and have a look at it?
I've moved house, / so you'll need my new address.
Is it possible to pay / in instalments?
I don't know who I'm supposed to ask about this.
I'm calling from | a hotel in the Gaslamp Quarter.
How about Wednesday / or is that too soon?
My phone's dead, / so I'm using my neighbor's, / but you can call me back on this one.
There's a hair in my soup and I'd like my money back.
The lady at the desk said, | "just give them a call."
I'd like to take out a subscription for my granddaughter.
Are there any seats left / near the front, preferably?
I'd like to know what | the deposit's for.
The tenants upstairs are having another party.
It's my first time / calling you.
Excuse me, do you speak Portuguese?
I didn't get the confirmation, / I mean, I got one, / but it's got the wrong date on it.
I was hit from behind at a | at a red light.
What do I do with the old fridge?
I'd prefer a woman doctor, / if that's okay.
Your colleague has said to me that | the repair is for free.
We've got a power cut here.
Can I change it from a single | to a double room?
I'd like a quote for | three bathrooms and a kitchen.
I've tried the website twice and it won't take my postcode.
Hi, is that the dry cleaner's? / I've got a ticket but no coat.
Do you remember the | the jacket I brought in last week?
I just wanted to hear what my options are.
My neighbor's tree fell | on our fence last night, / and we'd like someone to take it away.
Is Doctor Lindqvist the one who does knees?
Either Tuesday | or Friday would suit me.
I want the same as last time, / but without the onions.
That's not the room we booked.
I'm a bit worried about | the side effects.
My cat hasn't eaten since Sunday / and, um, she's hiding under the bed.
Could you explain to me how the deductible works?
Right, so I've filled in the form / and I've paid the fee. / What happens now?
I'd like to know who it was that signed for it.
I haven't got a reference number, / only the date.
So I opened the box / and there's no | there's no instructions or anything.
"""

GROUPS = (
    ("What's the best number to reach you on?", "oh seven nine double one | four six two | eight oh five."),
    ("", "My number's two one two | five five five | nine oh one seven."),
    ("", "The reference is | H as in hotel, nine, nine | B as in bravo, two."),
    ("Could you read me the booking code?", "Q seven | double T | four nine."),
    ("How do you spell your surname?", "W O J | C I E | C H O W S K I."),
    ("", "It's under Featherstonehaugh, / F E A T H E R | S T O N E | H A U G H."),
    ("", "I was born on the twenty-first of June, / nineteen ninety-four."),
    ("What's your date of birth?", "The third of | November | nineteen sixty-eight."),
    ("What's the delivery address?", "Forty-two B | Canal Street, / third floor."),
    ("", "I live at one hundred and seven | Upper Brook Lane."),
    ("", "The postcode's | M twenty | three B N."),
    ("And your postcode?", "S W four | seven L T."),
    ("What is your account number?", "It's six oh, six oh | one one nine | seven three."),
    ("", "The account ends in | four four | two eight."),
    ("", "You've charged me four hundred | and eighty-nine | dollars."),
    ("How much was on the receipt?", "A hundred and | thirty-six pounds | fifty."),
    ("What's your email address?", "marcus | dot webb | at outlook | dot com."),
    ("", "You can email me at info | at rosehill garage | dot co dot U K."),
    ("", "I'd like to come on Thursday the sixteenth / at twenty to four."),
    ("When would you like to come in?", "On the ninth of May / at, um, | ten fifteen."),
    ("What's the registration of the vehicle?", "K V six two | uh, X R P."),
    ("", "My license plate is eight | D K N | three one seven."),
    ("", "The card number is four oh oh seven | one nine two two | three six eight oh | nine nine five one."),
    (
        "Can you give me the long number on the card?",
        "five three two one | eight eight oh oh | one two nine six | four four one oh.",
    ),
    ("What's the serial number on the back?", "It says S N | one four C | zero zero eight three."),
    ("", "The model is a | T R five hundred | dash E."),
    ("", "I'm on flight B A | one six nine / to Boston."),
    ("Which flight are you on?", "L H | two four | seven one."),
    ("What's your zip code?", "nine seven | two oh five."),
    ("", "I'm in zip code six oh six | one four."),
    ("", "The name's Nguyen, / N G U | Y E N."),
    ("Could you spell your first name for me?", "Yes, it's S I | O B | H A N."),
    ("What's your order number?", "Let me see, / double oh seven | five | five three one."),
    ("", "I've got order number one thousand two hundred | and forty-four."),
    ("", "The meter says zero four | one one eight."),
    ("What is the reading on your meter?", "two seven | eight oh | nine, / and then a six in red."),
    ("What's your policy number, please?", "H O M | dash three three eight | dash nine one."),
    ("", "My policy is P L | seven seven four | oh two A."),
    ("", "We're at twenty-eight hundred | West Oak Boulevard, / suite two ten."),
    ("Where should we pick you up?", "Nineteen | Rue de la Gare, / apartment six."),
    ("Can you repeat the last part of the number?", "Sorry, yes, four eight | no, four nine | three three."),
    ("", "Call me back on plus four four | seven seven hundred | nine hundred | one two three."),
    ("", "The tracking code starts with R R / and then it's one five | eight eight two."),
    ("What's the tracking number?", "one Z | nine nine nine | A A one | oh one two three."),
    ("What's your member number?", "It's on here somewhere, / seven oh three | one one six."),
    ("", "My student number is two oh one nine | four four seven."),
    ("", "We arrive on the thirtieth of December / and leave on the fourth."),
    ("Which dates would you like?", "From the second of August | to the | fifteenth."),
    ("What's your sort code?", "twenty | forty-five | seventeen."),
    ("", "The amount's two thousand | three hundred and ten | euros."),
)

ANSWERS = (
    ("Is that for tonight?", "Saturday."),
    ("Would you like a window or an aisle seat?", "Aisle, please."),
    ("How many are coming to the party?", "Six, / or maybe seven."),
    ("Have you been here before?", "Once, / a long time ago."),
    ("What's happening with the car?", "It won't start."),
    ("Who are you calling for?", "My mum."),
    ("Which doctor do you usually see?", "Doctor | um, Patel."),
    ("Would the morning suit you?", "Not so much."),
    ("Shall I put you through?", "If you would."),
    ("What size do you take?", "A ten, / sometimes a ten and a half."),
    ("Are you still at the same address?", "No, / we moved in June."),
    ("Do you have an account with us?", "I should think so."),
    ("What color would you like?", "The | the dark green."),
    ("Can you hear me all right?", "Just about."),
    ("When did the pain start?", "On Sunday / after lunch."),
    ("Do you have your card with you?", "Hang on, / it's in the other room."),
    ("Should I print the ticket for you?", "No thanks."),
    ("What's it regarding?", "A parking ticket."),
    ("Is the building accessible by car?", "No idea, / you'd have to ask my wife."),
    ("Who am I talking to?", "Sure, it's | Rosalind."),
    ("Was there something else?", "That's everything."),
    ("Is that cash or card?", "Cash."),
    ("Did you get our text message?", "I did, yeah."),
    ("Do you want the insurance with that?", "Um, | how much is it?"),
    ("Is the account in your name?", "In my husband's."),
    ("Which branch is closest to you?", "The one in | Sheffield."),
    ("Is it an emergency?", "Well, | there's smoke."),
    ("Does four o'clock work?", "It's a bit late."),
    ("Could you hold for a moment?", "Sure thing."),
    ("What do you drive?", "A Volvo, / an old one."),
    ("How long will you be staying?", "Three nights."),
    ("Are you allergic to anything?", "Penicillin."),
    ("Would you prefer a call or an email?", "Either."),
    ("When would you like it delivered?", "Any day but | Monday."),
    ("Who told you about us?", "A friend I work with."),
    ("Do you want to keep the old number?", "Can I?"),
    ("Have you tried restarting it?", "Twice."),
    ("Have I got that down right?", "Yes, / except for the street."),
    ("What was the last name again?", "Delgado."),
    ("Shall I pass something on to him?", "Just tell him I rang."),
    ("What are you looking for?", "Something | not too expensive."),
    ("Do you need a double room?", "A twin, actually."),
    ("How old is your child?", "She'll be four / next week."),
    ("What time did you arrive?", "Around nine."),
    ("Is there anyone with you?", "No, I'm on my own."),
    ("May I ask why you're leaving us?", "It's | it's the price, mostly."),
    ("Would you like me to explain that again?", "Please."),
    ("Can you come in earlier?", "I wish I could."),
    ("What floor should the driver come up to?", "Second."),
    ("What did the letter say?", "That I | have to pay a fine."),
    ("Is this your first visit?", "It is, yeah."),
    ("Do you have a reservation?", "We do, / under Lambert."),
    ("How many bags are you checking in?", "Two big ones / and a pushchair."),
    ("Would you like it gift wrapped?", "Ooh, yes please."),
    ("Are you happy with the quote?", "It's more than I was hoping for."),
    ("Which one did you order?", "The one you had in the window."),
    ("Can I help with anything else today?", "Actually, | yes."),
    ("What's the name of the street?", "I don't know what it's called."),
    ("Shall I book it for the two of you?", "Go for it."),
    ("Is the heating on now?", "It was / until an hour ago."),
    ("Would you like sugar in that?", "One, please."),
    ("Do you know your blood type?", "I haven't a clue."),
    ("Can you say where the pain is?", "Here, / well, my left shoulder."),
    ("Have you got a pen?", "Yes, go on."),
    ("How did you hear about us?", "From the | what's it called, | the newsletter."),
    ("Are you ready to order?", "Nearly."),
    ("Should we use the same card as before?", "That one's expired."),
    ("What's a good time to call?", "Whenever."),
    ("Is that a home or a business?", "Business."),
    ("What would you like on it?", "Mushrooms, / peppers, / and extra cheese."),
    ("Do you live alone?", "With my sister."),
    ("Would you mind waiting until Friday?", "I'd rather not."),
    ("How do you pronounce that?", "It's like | Sha-von."),
    ("Was anybody hurt?", "No, thank God."),
    ("Do you want to speak to someone in sales?", "No, support."),
    ("Which day did you come in?", "It was a Wednesday, / or no, Thursday."),
    ("Would you like to try a different date?", "What have you got?"),
    ("Can you give me a rough budget?", "About | fifteen hundred."),
    ("Do you have any pets?", "A rabbit."),
    ("How can we make this right?", "You could start by apologising."),
    ("Is it for you or for someone else?", "For my, | for my boss."),
    ("Would a voucher be all right?", "I suppose."),
    ("When is your baby due?", "The end of | January."),
    ("Did the light turn green?", "It's blinking."),
    ("Are you over eighteen?", "Last time I looked."),
    ("What did you have in mind?", "Well, | a long weekend somewhere warm."),
    ("Do you still want to go ahead?", "Maybe. / Let me think."),
    ("Which airline was it?", "I can't remember who we flew with."),
    ("Is the front door open?", "Should be."),
    ("Would you like us to collect it?", "Yes, but | not before ten."),
)

UNFINISHED = """\
I was going to ask whether your
Could you maybe send the
So I went down to the office and they
My appointment was on the
I'd like to talk to someone in
If the parcel doesn't come by
We've had a problem with
Well, I mean, it's not that I
It's the second time this month that
Do you have any
I'm calling about my, um
She told me to bring the
The reason I'm ringing is
Can I change my seat to
I can't open the door because
What I want is a
My email is jenny dot
The number is oh one six one
It's a blue suitcase with
I'd be fine with that, but
Yesterday I got a call from
I don't want to pay for something which
There's a light on the dashboard, and
When the technician was here, he
It was either Tuesday or
Would you tell Mister
We live at number
I just, I just need
Is there a train that
Hello, I am looking for the
"""

INTERRUPTIONS = """\
Sorry, can I stop you there?
No, that's not what I asked.
Hang on, let me find a pen.
Which street was that?
I've already done all that.
How much did you say?
Wait, did you say Sunday?
Yeah, but what about the deposit?
Could you slow down a bit?
Excuse me, I can't hear you.
Okay, so when can I come?
I'm a vegetarian, by the way.
Hold on a second.
You told me something else yesterday.
Never mind all that, I just want a person.
Pardon?
Can you say that again, please?
No no no, the other account.
Right, and how do I get my money back?
That's far too expensive.
Sorry, who am I speaking to?
Let me just interrupt you for a sec.
Actually, make it five.
I don't need the whole story.
Oh wait, I've found it.
Stop talking.
Is that with or without tax?
Sure, but I don't own a car.
Can I ask you something?
I didn't understand the last part.
Skip that, please.
It's not my address anymore.
Listen, I've only got a minute.
Do you have that in English?
My battery's about to die.
Well, I disagree.
What do you mean, cancelled?
Give me the number again.
Someone's at the door, can I ring you back?
Yes, I know, I've read it on the website.
We don't have that long.
What?
But I paid for it in advance.
Please let me finish.
Okay okay, just book it.
That isn't my name.
Which entrance is that?
Ah, before I forget, it's for two people.
I want the cheaper one.
Hello? Is this a recording?
"""

BACKCHANNELS = (
    ("mm hm", "Mm-hm."),
    ("no problem", "No problem."),
    ("okay, that makes sense", "Okay, that makes sense."),
    ("oh right", "Oh right."),
    ("brilliant", "Brilliant."),
    ("fair enough", "Fair enough."),
    ("uh huh, uh huh", "Uh-huh, uh-huh."),
    ("huh", "Huh."),
    ("mm, yeah", "Mm, yeah."),
    ("yeah, totally", "Yeah, totally."),
    ("right, yeah", "Right, yeah."),
    ("oh wow", "Oh wow."),
    ("ah, okay", "Ah, okay."),
    ("lovely", "Lovely."),
    ("I see, yeah", "I see, yeah."),
    ("oh nice one", "Oh, nice one."),
    ("oh, that's good", "Oh, that's good."),
    ("yep, yep", "Yep, yep."),
    ("right, right, right", "Right, right, right."),
    ("sounds good", "Sounds good."),
    ("no worries", "No worries."),
    ("oh dear", "Oh dear."),
    ("yes, yes", "Yes, yes."),
    ("aha", "Aha."),
    ("oh my goodness", "Oh my goodness."),
    ("gotcha", "Gotcha."),
    ("that's fine", "That's fine."),
    ("mm, mm", "Mm, mm."),
    ("okay, cool", "Okay, cool."),
    ("true", "True."),
    ("oh, good", "Oh, good."),
    ("absolutely", "Absolutely."),
    ("super", "Super."),
    ("yeah, I know", "Yeah, I know."),
    ("ooh", "Ooh."),
    ("oh, I didn't know that", "Oh, I didn't know that."),
    ("yeah yeah yeah", "Yeah, yeah, yeah."),
    ("that's right", "That's right."),
    ("very nice", "Very nice."),
    ("oh yes", "Oh yes."),
)
