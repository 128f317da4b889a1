"""What the generated callers of `scripts/bench turns` say. Language data only.

A bar marks a pause inside a phrase ("I want to | cancel"), when the words so far are not a sentence; a slash marks a
pause between phrases ("Hi, it's Ann / about Friday").
The second, fourth, ... sentence of each list is held out from tuning: see `corpus.py`.
"""

from __future__ import annotations

HELLO = "Hello, this is Maple Street Dental. How can I help you?"
"""What the agent says before a sentence that does not answer a question."""

REQUESTS = """\
I want to | cancel my order.
Could you tell me | whether you are open on Sunday?
Hi, I'd like to book an appointment / for next Tuesday.
I'd like to change my appointment / from Monday / to Wednesday afternoon.
My daughter has a toothache / and I was hoping / you could see her today.
I was wondering um | whether you could help me with my bill.
What time do you open on Saturday?
Do you have anything free this afternoon?
I need to speak to | somebody about an invoice.
I called yesterday about the leak in my kitchen / and nobody has come.
I'd like to know | how much a cleaning costs.
Can I speak to a real person please?
Well, I think um | I left my umbrella in your waiting room.
So basically | the machine stopped working / right after you repaired it.
Yes hello, I have a question / about my last statement.
It was supposed to arrive on Friday / but it never came.
Is it possible to | pay in two instalments?
Could I please | have a table for four / at seven o'clock?
I just wanted to say thank you for your help.
Nobody answered when I called this morning.
I'm looking for | a present for my mother.
I'm calling because | my card was declined.
If I cancel today / do I get my money back?
When I open the app / it just shows a white screen.
Please send the invoice to | my office instead.
Please tell the doctor that | I will be ten minutes late.
I have tried turning it off and on again.
The heating has been broken since Thursday.
I would like to order | two large pizzas / and a salad.
I would like to return | the shoes I bought last week.
How long does it take to | get a new passport?
How do I reset my password?
My name is | Katherine Wilson / and I have a booking for tonight.
My husband and I | are staying with you next week / and we need a cot.
Hello, can you hear me?
Hi there, are you still open?
There was um | a charge on my account / that I don't recognise.
There is a strange noise coming from | the engine.
I don't remember which doctor I saw.
I didn't get the confirmation you promised me.
We are a group of twelve / and some of us are vegetarian.
We would like to come in | the first week of May.
Can you check if | my prescription is ready?
Can you tell me where to park?
The thing is / I am leaving on Thursday / so it has to be before that.
The problem is that | the door doesn't close any more.
I moved house last month / and I need to update my details.
I forgot to bring my insurance card / so what should I do?
Let me think / maybe Wednesday would be better.
Let me see um | I believe it was the blue one.
Are dogs allowed in the restaurant?
Are you the people who | fixed the roof next door?
I'd like a refund please.
I'd prefer a window seat.
Could you put me through to | the sales department?
Could you say that again more slowly?
Actually um | I have one more question / about the delivery.
Actually I changed my mind / and I will take the small one.
He said he would call me back / but that was on Monday.
She told me to ask for | a Mister Patel.
Will it | hurt very much?
Will there be somebody at the desk / when we arrive after midnight?
I can come on Tuesday or | on Thursday morning.
I can't find the button you are talking about.
Good morning, I am calling about | the flat on Station Road.
Good afternoon, this is Peter Green / from the garden centre.
We ordered three boxes / but only two were in the parcel.
We had a reservation under | the name of Baker.
You sent me the wrong size / and I need it for a wedding.
You told me yesterday that | it would be ready by noon.
What happens if | I miss the first session?
What is the cheapest ticket to London?
Do I need to | bring anything with me?
Do you also repair bicycles?
I think the part that | holds the handle / has come off.
I think somebody took my parking space.
Before I forget / is breakfast included?
After the last update | my phone keeps restarting.
Thanks for calling back / I was just about to go out.
I'm at the airport / and my suitcase | isn't here.
I ordered a taxi for eight / but it is already half past.
My brother gave me your number / because you fixed his car.
My neighbour says that | you also do gardens.
Would it be okay if | I bring my dog?
Would you mind | holding the room until ten?
Somebody rang me from this number / a minute ago.
Something is wrong with | the last invoice.
You know what / just give me the earlier one.
You can reach me | in the evening / after six.
The red light is on all the time.
The second key doesn't fit.
Okay so um | here is what happened / the lights went out and then the alarm started.
Hello, I'd like to | make a complaint / about the noise in my room.
Hello, I want to | register for the course / in September.
Do you have any rooms left for this weekend?
Are there any seats left for the concert on Friday?
Can I change | the delivery address / for my parcel?
Could I move | my session / to another day?
I've been waiting for two weeks / and I still haven't heard anything.
The package arrived yesterday / but the box was empty.
How much would it cost to repair a broken screen?
What would it take to | close my account?
I bought a lamp from you last Saturday / and it doesn't work.
I rented a car from you two weeks ago / and I was charged twice.
Is there any way to | speak with a manager?
Is it okay to | bring a friend along?
Are you able to | send somebody out today?
Would you be so kind and | check the status of my claim?
Excuse me, do you know | when the next bus leaves?
Hi, quick question / do you deliver on Sundays?
I think there's | a mistake on my invoice.
It seems there's | a problem with your website.
My internet has been down since this morning.
My hot water has been | off for two days.
Could somebody call me back after five o'clock?
Can a technician come before noon?
I would like to know if | the position is still available.
I'd like to find out | who handles warranty claims.
Which of your branches | is open on Sundays?
What kind of | insurance do you accept?
What documents do I need to bring | to the interview?
Where exactly | is your office?
When is the deadline for | the application?
How soon could | somebody be here?
I'm having trouble | logging in to my account.
I can't seem to | open the attachment.
I need a taxi / from the station / to the airport.
I need a ride / from the hotel / to the conference centre.
I want to book | a double room / for two nights.
I'd like to reserve | a conference room / for Monday.
Can you put me on | the waiting list?
Could you let my boss know that I'm sick today?
We're going to be | about twenty minutes late.
We're running | a little behind schedule.
I lost my wallet on the train yesterday.
I left my glasses at the reception desk.
I received an email | saying that my account is blocked.
I got a letter about a missed payment.
Has my package | been shipped yet?
Is my order | on its way?
Did you receive | the form that I sent?
Have you had | any cancellations for today?
How many people | can sit at the big table?
How many bags | am I allowed to take?
Where can I find | the nearest pharmacy?
Where do I | sign up for the newsletter?
Why was I charged twice this month?
When will | my car be ready?
Would you be able to | move it to next week?
Could you possibly | extend the deadline?
I'd rather | have it delivered to my office.
I'd sooner | pick it up myself.
Tell my sister that | I'm on my way.
Please let Maria know I called.
There's water coming through the ceiling.
There's smoke coming from | the kitchen.
It's about | my son's school trip.
This is regarding | the invoice from last week.
I was told to | call this number.
I was asked to | provide another document.
We spoke last week about the new kitchen.
I talked to your colleague this morning / about the deposit.
I'm not happy with | the service I received.
I'm quite upset about | how I was treated.
The driver left it at the wrong house.
The plumber never | showed up.
I'm allergic to nuts / is that a problem?
I'm a vegetarian / do you have something for me?
I don't have the receipt / but I paid by card.
I don't have my card with me / but I know the number by heart.
The app says it's delivered / but there's nothing here.
The tracking page says Monday / but I need it by Saturday.
I'd like to extend my stay / by one night / if you have space.
I want to upgrade my room / if that's possible / for both nights.
I'll be there at six / unless the traffic is bad.
We'll be five instead of four / and we need a high chair.
Sorry I'm driving / can you speak up a little?
Sorry it's very loud here / could you repeat that?
First I'd like to know the price / and then we can talk about dates.
To start with I need a quote / and after that we can fix a date.
I can't make it tomorrow / can we do it on Friday instead?
Thursday is bad for me / would Friday work?
Can I get | the number for | the housing office?
Can I have | the contact details of | your Berlin office?
What's the difference between | the basic plan | and the premium one?
Which one is better for | a family with | two small kids?
Does the price include | breakfast?
Does the ticket | cover the boat trip?
Do I have to pay in advance?
Can I bring | my own food?
Could you check whether | my payment went through?
Would you mind checking | if the file arrived?
Could you tell me how | to reset the alarm?
Can you explain why | the price went up?
Could you tell me your | opening hours on Monday?
Can you send me the | menu for the weekend?
Can you help me with | a refund?
I was hoping to | get a second opinion.
I'm trying to | find out whether | my flight is on time.
I have a meeting at ten / with Mrs Clark.
I have an appointment at three with Doctor Lewis.
I scratched a car in your car park / and I'd like to leave my details.
I had an accident / and I need to report it.
I've been on hold for | almost an hour.
"""

#: (the agent's question, or "" for its greeting; what the caller says)
GROUPS = (
    ("What is your phone number?", "five five five | oh one two | three four five six."),
    ("What is the best number to reach you on?", "it's oh seven seven | nine one two | three four four | eight two."),
    ("", "My number is | five five five | two one eight | nine nine oh four."),
    ("", "You can call me back on | six one seven | five five five | oh one nine two."),
    ("May I have your order number?", "The order number is | A B seven seven | one nine three."),
    ("May I have your booking reference?", "It's K L M | four four two | nine."),
    ("", "I have a question about order | four seven one | nine nine two."),
    ("", "I'm calling about invoice number | two oh two six | one one eight."),
    ("Could you spell your last name for me?", "K O W | A L S | K I."),
    ("How do you spell that?", "that's M C | D O N | A L D."),
    ("", "My name is Nguyen / that's N G U | Y E N."),
    ("", "It's under Schmidt / S C H | M I D T."),
    ("What is your e-mail address?", "It's john dot smith | at example dot com."),
    ("Which e-mail address should I use?", "maria underscore lopez | at | post office dot net."),
    ("", "Please send it to | info at | green garden dot org."),
    ("", "My e-mail is | peter seventy two | at mail dot com."),
    ("What is your address?", "My address is | forty two Maple Street | Springfield."),
    ("Where should we deliver it?", "to one hundred and eight | Station Road | apartment six | Riverside."),
    ("", "I live at | nineteen Church Lane | in Oakham."),
    ("", "Please deliver it to | flat seven | two hundred Queen Street."),
    ("What is your date of birth?", "the fourteenth of March | nineteen eighty one."),
    ("And when were you born?", "August third | two thousand and two."),
    ("And the card number?", "four one one one | two two three three | nine oh oh one | five six seven eight."),
    ("And the last digits of the card?", "seven eight | two oh."),
    ("What is the serial number?", "X R nine | dash one one | dash four zero two."),
    ("Could I have the model number?", "um | T five five oh | B."),
    ("What is your postcode?", "S W one A | two A A."),
    ("And the zip code?", "nine four one | one oh."),
    ("", "My customer number is | eight eight two | four six oh | one."),
    ("", "The code on the letter is | Q seven | three three | F."),
    ("What is your account number?", "oh oh one two | six six five four | nine."),
    ("Could you give me the account number?", "hold on / it's three nine | seven seven one | two."),
    ("Which extension would you like?", "two one | four."),
    ("What is the flight number?", "B A | two eight five."),
    ("", "We're on flight | L H four | five six one."),
    ("", "My phone number is oh two oh | seven nine four six | oh nine five eight."),
    ("What is your mobile number?", "plus four four | seven seven one one | two three four | five six seven."),
    ("Could you repeat the number?", "yes / nine eight seven | six five four | three two one oh."),
    ("What is the registration of the car?", "M K sixty eight | V B N."),
    ("And the number plate?", "L D | five one | O P A."),
    ("", "The tracking number is | one Z | nine nine nine | A A one | oh one two."),
    ("", "Reference | G H seven | seven two one | please."),
    ("What is the name and address?", "Anna Becker | twelve Mill Lane | Cambridge."),
    ("Who should the parcel go to?", "to Mister Lee | at sixty Park Avenue | New York."),
    ("How much would you like to transfer?", "two thousand | four hundred | and fifty euros."),
    ("How much was the bill?", "one hundred and | twenty three dollars | and forty cents."),
    ("", "My date of birth is | the second of June | nineteen ninety."),
    ("", "I was born on | December twelfth | nineteen seventy five."),
    ("What is your policy number?", "P O L | six two nine | one one four | seven."),
    ("What is the case number?", "twenty six | dash | five five one oh."),
)  # fmt: skip

ANSWERS = (
    ("Would you like me to book it?", "Yes."), ("Shall I cancel the old one?", "No."),
    ("How many people?", "Four."), ("How many nights?", "Three."),
    ("When would you like to come?", "Tomorrow."), ("Which day suits you?", "Friday."),
    ("Is that correct?", "Yes, that's right."), ("Does that sound good?", "Yes please."),
    ("Morning or afternoon?", "Afternoon."), ("Inside or outside?", "Outside please."),
    ("What size do you need?", "Medium."), ("What colour would you like?", "Blue."),
    ("Is this the first time you call us?", "No, it isn't."), ("Are you a customer of ours?", "Not yet."),
    ("What time?", "Half past seven."), ("And at what time?", "At nine."),
    ("May I ask your name?", "Sarah."), ("Who am I speaking with?", "Tom Baker."),
    ("Would you like a receipt?", "Sure."), ("Do you want to wait?", "Okay."),
    ("Anything else?", "No thank you."), ("Can I do anything else for you?", "That's all."),
    ("Do you have an account?", "I think so."), ("Have you got the letter with you?", "I don't know."),
    ("Which doctor would you like to see?", "Doctor Brown."), ("Which branch is nearest?", "The one downtown."),
    ("Cash or card?", "Card."), ("Single or return?", "Return."),
    ("Should I send it today?", "Yeah."), ("Is there a lift in your building?", "Nope."),
    ("How old is the child?", "Seven."), ("How long have you had it?", "Two weeks."),
    ("Would eleven o'clock work?", "Perfect."), ("Would Monday work?", "Fine by me."),
    ("What is the reason for your call?", "I'd like | a new prescription."),
    ("And what can I do for you today?", "My sink is blocked / and the water is rising."),
    ("What seems to be the problem?", "It makes a noise / when I turn it on."),
    ("How did it happen?", "I dropped it / on the stairs."),
    ("Which service do you need?", "A haircut."),
    ("Which treatment would you like?", "Just a check-up."),
    ("Who is the appointment for?", "For my son."),
    ("Who will be travelling?", "My wife and me."),
    ("When do you want to arrive?", "On the third of May."),
    ("When would you like to leave?", "The day after."),
    ("How would you like to pay?", "By credit card."),
    ("Would you like to pay now or later?", "Later please."),
    ("Where are you right now?", "At the main station."),
    ("Where should the driver pick you up?", "In front of the museum."),
    ("How many guests will there be?", "Six adults | and two children."),
    ("How many copies do you need?", "About fifty."),
    ("What is your last name?", "It's Johnson."),
    ("Can I have your name please?", "My name is | Eva Lind."),
    ("Do you have a preferred doctor?", "No, anyone | is fine."),
    ("Do you have any allergies?", "Yes, I'm allergic to | penicillin."),
    ("Is Tuesday at four all right?", "Yes that works."),
    ("Is ten o'clock too early?", "No that's fine."),
    ("Would you like a reminder?", "Yes, by text message."),
    ("Shall I read it back to you?", "No, I trust you."),
    ("Which colour was the bag?", "It was dark green."),
    ("What does the key look like?", "It has a red tag."),
    ("Is the alarm still ringing?", "No, it stopped."),
    ("Has this happened before?", "Not that I know of."),
    ("Do you need a receipt?", "Yes, please send it by e-mail."),
    ("Should we leave it with a neighbour?", "No, please leave it at the door."),
    ("What time did it start?", "Around midnight."),
    ("How long will you stay?", "Until Sunday."),
    ("Which floor are you on?", "The second floor."),
    ("Which entrance do you use?", "The one at the back."),
    ("Are you calling from your own phone?", "No, it's my husband's."),
    ("Are you the account holder?", "Yes I am."),
    ("Do you remember the date?", "I think it was | the tenth."),
    ("Do you know the model?", "I don't know exactly."),
    ("How old are you?", "Thirty four."),
    ("How tall is he?", "Six foot two."),
    ("Was it delivered to you?", "No it wasn't."),
    ("Did you get our letter?", "Yes I did."),
    ("Can you see the green light?", "No, I can't."),
    ("Are you still there?", "Yes, I'm here."),
    ("Would you like the window open?", "Yes, please."),
    ("Would you like to leave a message?", "No, thank you."),
    ("What kind of car is it?", "A silver Volvo."),
    ("What kind of room do you want?", "A double room."),
    ("How far along are you?", "Five months."),
    ("How often do you take it?", "Twice a day."),
    ("Which airport do you fly from?", "Manchester."),
    ("Which station is closest?", "King's Cross."),
    ("Who recommended us to you?", "My sister."),
    ("Who did you speak to?", "A lady called Kim."),
    ("Is it urgent?", "Not really."),
    ("Is it for a birthday?", "For an anniversary."),
    ("Do you want it gift wrapped?", "Why not."),
    ("Do you want me to repeat that?", "No, I got it."),
    ("What did you have for dessert?", "The lemon cake."),
    ("What is your favourite drink?", "Coffee."),
    ("When did it break down?", "Last night."),
    ("When were you here last?", "In February."),
    ("Where does it hurt?", "In my left knee."),
    ("Where did you lose it?", "On the bus."),
    ("Should I put you on the list?", "Yes, do that."),
    ("Should I call an ambulance?", "No, not necessary."),
    ("Is anyone hurt?", "No, nobody."),
    ("Is somebody at home now?", "My husband is."),
    ("How do you know us?", "From the internet."),
    ("How was the service?", "Very good."),
    ("Does he have a fever?", "A little bit."),
    ("Does the door open?", "Only halfway."),
    ("Which size fits you?", "Large, I think."),
    ("Which seat did you book?", "Twelve C."),
    ("Is there a code for the gate?", "No code."),
    ("Is there a dog in the house?", "Yes, but he's friendly."),
    ("How many bottles would you like?", "Two dozen."),
    ("How many of you are coming?", "All of us."),
    ("So that is the fifth at noon?", "Exactly."),
    ("So the name is Miller?", "No, Muller."),
    ("Is that with a double L?", "Yes, it is."),
    ("Is this a good time to talk?", "Go ahead."),
    ("Did you say thirteen or thirty?", "Thirty."),
    ("Did you say Monday or Sunday?", "Monday."),
    ("Do you want a small or a large one?", "A small one."),
    ("Do you want sugar in it?", "Two spoons."),
    ("Would you like to hear the options?", "Sure, why not."),
    ("Would you like to keep the number?", "I would."),
    ("Which of the two is broken?", "The left one."),
    ("Which month was that?", "Last October."),
    ("Where is the meter?", "In the basement."),
    ("Where are you travelling to?", "Lisbon."),
    ("Who is at the door?", "The neighbour."),
    ("Who signed for it?", "I did."),
    ("When does the lease end?", "Next summer."),
    ("When is your flight?", "At six thirty."),
    ("How far did you get?", "Step three."),
    ("How do you spell her name, with a C or a K?", "With a K."),
    ("What is on the label?", "Handle with care."),
    ("What is wrong with the screen?", "It's cracked."),
    ("Can I put you on hold for a minute?", "Okay."),
    ("Can you hold the line?", "Of course."),
    ("Shall I send it to the same place?", "Yes, same as before."),
    ("Shall I take that off the bill?", "That would be nice."),
    ("Has the light turned green?", "Not yet, no."),
    ("Has it been paid?", "By bank transfer."),
    ("Will you be at home?", "After five."),
    ("Will anybody else be driving?", "Just me."),
    ("Are there any steps at the door?", "Three steps."),
    ("Are you in a safe place?", "Yes, I am."),
    ("Would a smaller one be okay?", "I'd prefer the large one."),
    ("Would you take a table outside?", "If it doesn't rain."),
)  # fmt: skip

INTERRUPTIONS = """\
No, that's wrong.
Stop.
Wait, I need something else.
Hold on.
Hold on a second please.
No no no.
Actually I meant Thursday.
Sorry, can I ask something?
Can you repeat the price?
What did you say?
Excuse me, how much is it?
How much does that cost?
That's not what I asked.
That's not my name.
I already know that.
I already have an account.
Can I talk to a person?
Could I speak to somebody else?
Just tell me the opening hours.
Just give me the address.
No.
Wait.
Stop please stop.
Wait wait wait.
Hang on.
Hang on, let me get a pen.
Who are you?
Why is that?
When do you close?
Where is that exactly?
Listen, I don't have much time.
Listen to me please.
I want to cancel.
I need to change the date.
My order number is different.
My appointment is on Friday.
Is there a discount?
Is it open on Sunday?
Do you take credit cards?
Do I have to pay now?
Let me stop you there.
Let me explain.
You misunderstood me.
You got the wrong person.
Please slow down.
Please be quiet.
Thanks but I don't need that.
Okay but what about the refund?
Yes but I can't come on Monday.
Yeah but that is too expensive.
Sorry, I can't hear you.
Sorry, what?
Never mind, I will call again.
Forget it.
One moment please.
Just a moment.
Cancel that.
Go back to the first one.
The second one please.
I'll take the first one.
But you told me it was free.
But I paid already.
Hello, are you a machine?
Hello?
"""

#: (how it is pronounced, how it is written)
BACKCHANNELS = (
    ("mm hmm", "Mm-hmm."), ("mm", "Mm."), ("yeah", "Yeah."), ("yep", "Yep."), ("okay", "Okay."),
    ("oh okay", "Oh okay."), ("right", "Right."), ("all right", "All right."), ("uh huh", "Uh-huh."),
    ("hmm", "Hmm."), ("I see", "I see."), ("ah, I see", "Ah, I see."), ("sure", "Sure."), ("of course", "Of course."),
    ("got it", "Got it."), ("great", "Great."), ("good", "Good."), ("yes", "Yes."), ("yeah yeah", "Yeah, yeah."),
    ("okay okay", "Okay, okay."), ("mhm", "Mhm."), ("mm hmm, mm hmm", "Mm-hmm, mm-hmm."),
    ("right right", "Right, right."),
    ("yeah sure", "Yeah, sure."), ("okay great", "Okay, great."), ("oh really", "Oh really."), ("ah", "Ah."),
    ("oh", "Oh."), ("uh huh, okay", "Uh-huh, okay."), ("yeah right", "Yeah, right."),
)  # fmt: skip

#: Vocal sounds without words, spelled roughly for the TTS: for the tuning half, for the held-out half.
VOCAL = {
    "ahem": ("uh hem", "hrrm hem"),
    "laugh": ("ha ha ha", "heh heh heh heh"),
    "sigh": ("haah", "hoohh"),
    "sneeze": ("hah choo", "ah tshoo"),
    "gasp": ("hhuh", "ohh"),
}

UNFINISHED = """\
I would like to make a reservation for
My account number is
Well, I was thinking that maybe we could
I'm calling because
Could you tell me whether
I wanted to ask about the
Yes, and
So the thing is um
It's on the corner of
My e-mail address is
I need to change my appointment from
Can you send it to
Hi, my name is
The number on the card is four one
Because my sister said that
If it rains then
I think we'll take the
And then there is also the
Please book it under
It starts with
The best time for me would be
Um let me
No, I meant the
I'd like two of the
"""

STATEMENTS = (
    "We are open from Monday to Friday between nine in the morning and six in the evening, and on Saturday we close "
    "at one. You can park behind the house, and the entrance is on the left side of the yard next to the bakery. "
    "Please bring your insurance card along.",
    "Your parcel left our warehouse yesterday evening and it should reach you by Thursday afternoon at the latest. "
    "The driver will ring the bell twice and leave a card if nobody is at home. You can then collect it at the post "
    "office near the station on the next day.",
    "The first treatment takes about forty minutes and costs ninety euros, and every further one takes half an hour. "
    "We start with a short talk about your health and then the doctor has a look. Most people feel better after two "
    "or three visits and come back once a year.",
    "The restaurant has a terrace with a view of the river and a large room for families on the first floor. We serve "
    "breakfast until eleven and lunch until three, and the kitchen closes at ten in the evening. On Sundays there is "
    "a buffet with music from noon until four.",
)
"""What the agent says while the caller makes a sound. None of it asks anything."""

OPENING = "What can you tell me about that?"
"""The caller's question, if the agent's talk is a reply."""

BABBLE = (
    "The weather will be fine in the north tomorrow with a little rain in the evening and a light wind from the west.",
    "So we went down to the market and bought some apples and then we met your brother at the bridge near the church.",
    "I told him that the meeting was at ten but he came at eleven and had not even read the papers that we sent.",
    "Two coffees and a piece of the chocolate cake for the lady over there and the bill please when you have a moment.",
)
