"""Short turns of the generated callers of `scripts/bench turns`, all of them for tuning. Language data only.

A text without a mark is a whole turn of one to six words. One with marks goes on after a pause, mostly where the words
so far could have been the whole: a slash stands there, and a bar inside a phrase, as in `sentences.py`.
"""

from __future__ import annotations

REQUESTS = """\
What are your opening hours?
Do you have parking?
A table for two, please.
My card was declined.
Are you open today?
How much is a haircut?
Reception, please.
I've lost my keys.
Where are you based?
Do you take cheques?
Put me through to accounts.
There's no hot water.
Is breakfast extra?
What's the wifi password?
Two adults and a child, please.
My account's locked.
Can I bring the kids?
Who's the manager there?
One large pepperoni.
The lift's stuck.
When's the next train?
Is it still raining there?
Cancel my appointment, please.
Nobody came.
Do you ship to Canada?
What time's last orders?
I need an electrician.
It still doesn't work.
Which bus do I take?
How long's the wait?
I'd like to book.
You charged me twice.
Is Doctor Farrow in?
Anything going tonight?
I want my money back.
I was overcharged.
Any tables left?
Why so expensive?
I'll take the corner room.
The soup was cold.
Got any brown bread?
Have you any vacancies?
Can I order some topsoil?
I'm locked out.
Does it come in green?
Are there showers?
Get me your supervisor.
My flight got cancelled.
Where do I park?
What's the catch?
Let me speak to Gavin.
The screen's gone black.
How big is it?
Is she back yet?
A return to Carlisle, please.
The order's wrong.
Can you fix it?
Will he be long?
Just a quick question.
I never got my change.
Did my fax come through?
Could somebody come round?
Quick one for you.
It's leaking everywhere.
May I speak to Ingrid?
What's today's special?
Price check, please.
He isn't answering.
Is the lake frozen?
What floor is paediatrics on?
Room service, please.
We're stuck in traffic.
How do I get there?
Whose number is this?
Ambulance, please, quickly.
I'm running late.
Is the bar still serving?
Must I book in advance?
Tow truck, please.
I'm outside your gate now.
Should I come in?
Am I through to reservations?
Same again as last week.
This is ridiculous.
Was there a package for me?
Were you closed yesterday?
I'm looking for a cello teacher.
I've had enough of this.
Has the price changed?
Does the doctor do Saturdays?
I need my results.
That's not good enough.
Do kids eat free?
So what happens now?
Please call me back tomorrow.
I'm very disappointed.
And for students?
What about the deposit?
Please stop sending me letters.
It keeps cutting out.
How come it's shut?
Is this the vet's?
Tell Marcus I called.
My baby won't stop crying.
You do alterations, right?
You're the locksmith, aren't you?
Send somebody up, please.
I can't log in.
Is that including tax?
What do I owe you?
Book me in with Yvonne.
I can't hear a thing.
Where's my refund?
Where can I get one?
Returning a toaster, if I may.
I don't understand this form.
When's the deadline?
When does the pool open?
I wish to make an appointment.
I didn't order that.
How soon can you start?
How many calories is that?
I would like reserve a table.
She's not well.
How often do buses run?
Who do I pay?
Please, I search the bus station.
Your website's down.
Who's on call tonight?
Which entrance is it?
Need a new battery.
The driver was really rude.
Which side is the petrol cap?
Is smoking allowed?
Looking to rent a van.
Someone hit my car.
Is it wheelchair friendly?
Can I park overnight?
Hoping to catch the optician.
I think I've broken it.
Can you deliver it today?
Could you hold it for me?
Calling to confirm Thursday.
I smell gas.
Would four o'clock be possible?
Do I need a ticket?
Wanted to check my booking.
My cat's stopped eating.
Do you speak French?
Do you guys do piercings?
Can we get the bill?
The alarm won't stop.
Are my glasses ready?
Are you hiring drivers?
Could I get a quote?
The neighbours are at it again.
Are credit cards okay?
Isn't there a cheaper one?
Could I have a brochure sent?
You've sent two left shoes.
Don't you have a record?
Can't you do Thursday?
Could you email it to me?
The toner's run out.
Did you find my scarf?
Did anyone hand in keys?
May I have a receipt?
I missed my connection.
Got a minute?
Remember me?
Sign me up for the newsletter.
One of my tyres is flat.
What's your cancellation policy?
What's my balance?
Reschedule, please.
We've got mice.
What's included?
What size is the bed?
Renewal, please.
I've been waiting all morning.
How much it costs?
You have room with balcony?
I want to register.
I'm ringing about the advert.
Where I can buy ticket?
What means this letter?
I wanna change my plan.
It's about the flat.
It is possible with card?
When comes the technician?
I gotta cancel today.
It's about last night.
How I can pay this?
What was the score?
Gimme the night manager.
It's me again.
Anyone there?
What's taking so long?
Lost property, please.
Just returning your call.
Is it the right size?
Who am I speaking to?
Change of address.
Just checking in.
What does that involve?
Where does it leave from?
New customer.
I'm a bit early.
What am I signing up for?
Who's that for?
Prescription refill.
You called me.
What did she die of?
Can this be repaired?
Delivery for Henderson.
I had a missed call.
Somebody left me a voicemail.
I have an appointment at noon.
It's my first visit.
I have big problem with internet.
I am here since one hour.
He don't speak English.
The water is not coming.
I have made an error.
My wife she is pregnant.
Thanks, that was really helpful.
I passed my test.
That's me sorted then.
Is there anyone / who speaks Polish?
Can you put me through / to the loading bay?
What you need to do | is turn the valve to the left.
Could I speak to Doctor | Adeyemi / about my scan?
I'm looking for Mister | Castellano.
Is that Missus | Okonjo / from the adoption agency?
I've got an appointment with Miss | Trelawney.
Please tell Sergeant | Mulligan / I've found the bike.
Is Father | Aloysius / doing the service?
I was taught by Professor | Ivanovich.
My name's Kuusisto / K U U S I S T O.
It's Siobhan Ni Dhuibhne / shall I spell that?
This is Xavier Duchamp / Duchamp with a P at the end.
The name's Wyeth / W Y E T H.
I'm Hyacinth Brathwaite / that's Brathwaite without the I.
What time do you close? / Because I don't finish work until six.
Do you do vegan cakes? / It's for my son's birthday.
Is the pool open? / We've driven all the way from Ohio.
Can I bring her in today? / She's been scratching her ear.
Do you have a changing room? / I've got a baby with me.
Could you turn the heating up? / We're freezing in here.
How late can I check in? / My train's not in until midnight.
Are you still hiring? / My niece is looking for something.
Have you got a ladder? / Ours won't reach the gutter.
Can you come sooner? / The water's at the stairs now.
Is there a lift? / My mum uses a frame.
What's the postcode there / so I can put it in the sat nav?
Who do I write to / if I want to appeal?
Can I talk to the person / who did the estimate?
Do you know a place / where I can get my watch mended?
Is there a time / when it's a bit quieter?
Have you still got the sofa / that was in the window?
Are you the company / that painted the town hall?
Do you have a room / that looks over the harbour?
Is there something / I can put on it until then?
I need a taxi / to the crematorium.
I'd like to book a table / for six / on Sunday lunchtime.
I want to cancel / the direct debit, not the account.
I need to complain / about the state of the changing rooms.
Could you send someone / to look at our fence?
Could we order / a birthday cake with a dinosaur.
Can you check / if my blood test is back?
I need to rearrange / because my shift's been moved.
Can I pay / my council tax?
Would it be possible to leave / a bit earlier than eleven?
I'd like a room / on the ground floor / away from the bar.
Can I have a word / with whoever drives the number two bus?
I need some help / with the tax return.
Can you tell me | when the results come out?
I'm calling | to see if you've still got the puppies.
I'm phoning | on behalf of my uncle.
I'd like some information / about the evening classes.
Can I get a quote / for rewiring a cottage?
We'd like to reserve / a pitch for the caravan.
Could you explain / what a standing charge is?
Please can I leave a message / for the night nurse?
I have to pick up a parcel / that was sent to my old house.
I'd like to speak to someone / in the lettings department.
I'm hoping to join / the choir you advertised.
I have a question / two questions actually.
I want a refund / or at least a credit note.
It's on the twelfth / at quarter to three.
I can do next Monday / any time before lunch.
The wedding's on June the eighth / at two in the afternoon.
Put me down for Saturday / the early slot.
We land on Thursday / at five in the morning.
It arrived yesterday / late in the evening.
My court date's the second / of February.
Could we say Wednesday / around ten?
Let's make it half past / no, quarter to eight.
It's been like this since Easter / when we had the storm.
I've lost my passport / and I fly tomorrow.
My phone's been stolen / so I can't get the code.
The toilet's blocked / it's the one on the landing.
There's a fox in the shed / and it looks hurt.
I was in last week / with my grandson.
I've moved house / so can you change the address?
The washing machine's here / but it's got a dent in it.
I've paid it / twice in fact.
I haven't had the letter / at least I don't think so.
She's broken her arm / falling off the trampoline.
The bill's too high / it's double last year's.
I've been on your website / and it says you're closed for good.
I sent it back / on the Tuesday / by recorded post.
My husband rang you / about the damp.
I've got a coupon / for ten percent off.
We ate there last night / and now we're all sick.
The key's snapped / half of it's still in the lock.
Your man came round / but he hadn't got the part.
I've got a booking / under Fitzgerald / for two nights.
I like the first one / only it's a bit small.
I'm in the car park / by the ticket machine.
I'm a member / well, I was until March.
I signed the contract / in good faith.
It's a nice flat / apart from the noise.
They told me it was free / which it obviously isn't.
I'd love to come / if you'll have me.
I can't make it / unless you can do six o'clock.
You can keep the deposit / as long as you cancel the rest.
I'll come and get it / once it's stopped snowing.
I'll wait outside / in case you can't find it.
We can't move in / until the floor's done.
I'd stop taking them / except my doctor said not to.
I'll ring you back / when I've spoken to my wife.
He won't eat / no matter what we give him.
You said Friday / and it's Monday now.
I heard a bang / then everything went dark.
It's not urgent / but sooner would be better.
It's quite a big job / to be fair.
It's the blue house / opposite the chapel.
It's a Honda / a two thousand and nine.
That's all I wanted / oh, and could you send me a receipt?
Thanks ever so much / and sorry about earlier.
That's great / just one last thing.
I think that's it / except for the parking.
You've been brilliant / can I give you some feedback?
Okay, lovely / and what do I bring with me?
Never mind then / actually, is there a waiting list?
Great, I'll do that / do I need to print anything?
Hello / is this the tailor's?
Hi there / sorry / I've got my hands full.
Good evening / I'd like a minicab.
Hello, this is Theo / from the brewery.
Morning / it's about the skip you dropped off.
Hi, it's Jolanta / we met at the open day.
Yes hello / I am calling from Portugal.
Sorry to bother you / I rang earlier about the ferret.
How much is it / with delivery?
How far is the beach / on foot?
What's the fee / for under twelves?
When's the last ferry / on a Sunday?
Where do I go / when I get to the main gate?
Does it hurt / when they take it out?
Do you charge extra / if the stairs are narrow?
Do I get a discount / as a pensioner?
Will you be there / or should I leave it in the porch?
Is it cash only / or can I use my phone?
Do you open at eight / or is it nine?
Can I sit down / while I'm waiting?
Are you busy / or can you talk?
What I was told | was that it'd be free of charge.
All I know is | the light's red and it won't start.
What happened was | he reversed into my wall.
The reason I'm calling | is the hedge.
What I don't like | is the way she spoke to me.
The first thing you do | is take the lid off.
How it works is | you pay me at the end of the month.
Where it leaks | is just behind the sink.
The one I want | is in your spring catalogue.
Which is why I said | I'd rather have the cash.
The lady I saw | on Monday / was ever so kind.
The thing on the | the roof has come loose.
I need a new | um | thingummy for the hoover.
Have you got any | any of those little screws?
I'd like two | two and a half kilos of apples.
Could I get the | you know | the deluxe wash?
I'm allergic to | to latex.
My brother and | his partner / are both on the policy.
It was sent to | the wrong | Birmingham.
We need a really | really big van.
Can I speak to your | your finance people?
I'm after a pair of | size nine wellies.
I bought it from | the place by the | the station.
Do you sell | what are they called | cable ties?
It's somewhere between | forty and fifty dollars.
I keep hearing a | sort of a whistle.
She's on the | third ward | bed nine.
I have to be at the | the embassy by noon.
Is the museum | the one with the trains | open on Mondays?
We're a party of | let me count | seven.
I am student / and I search a room.
I come tomorrow / if it is possible for you.
It makes since yesterday | a very strange noise.
I have sent you the papers / but nobody writes me back.
Please can you say me | when opens the office?
My English is not good / maybe you have somebody from Turkey?
I would like to make | how do you say | a complaint.
The doctor has told me | to take it three times.
I want to buy this | this machine for the coffee.
It was not my fault / the other car is coming very fast.
"""
"""Questions, requests, statements and complaints."""

ANSWERS = (
    ("Can I take your name?", "Philippa."),
    ("Shall I go ahead and reserve it?", "Yes, go ahead."),
    ("Is Friday convenient?", "It isn't, no."),
    ("What day would you like?", "Next Wednesday."),
    ("What time shall we say?", "Quarter past two."),
    ("How much did they quote you?", "Ninety quid."),
    ("We have a blue one and a grey one. Which would you like?", "The second one."),
    ("What's the serial number on the back?", "Couldn't tell you, sorry."),
    ("Red or white?", "White."),
    ("Do you have a loyalty card?", "I don't, sorry."),
    ("And your surname?", "Okafor."),
    ("Would you like a bag?", "I'm all right, thanks."),
    ("When did you order it?", "Three weeks ago."),
    ("How many tickets?", "Just the one."),
    ("Did you want starters?", "We'll skip those."),
    ("Who's it for?", "My landlady."),
    ("Where are you calling from?", "Saskatoon."),
    ("Is that your current address?", "It was."),
    ("Have you had a chance to look at it?", "Not properly."),
    ("What's the nature of your enquiry?", "Lost luggage."),
    ("So that's Tuesday at four?", "Correct."),
    ("Would you like me to text you the link?", "Yes please, that'd be great."),
    ("Can I ask how old you are?", "Nineteen."),
    ("What's your weight, roughly?", "Eleven stone."),
    ("What's the size of the garden?", "It's tiny."),
    ("Standard or express?", "Standard's fine."),
    ("Are you driving?", "I've pulled over."),
    ("Do you want to hear that again?", "No, I heard you."),
    ("Could you tell me who referred you?", "Doctor Nwosu."),
    ("What's your job?", "I drive a bus."),
    ("Which day did it happen?", "The day before yesterday."),
    ("When would you be free?", "Weekends only."),
    ("At what time did you land?", "Just after midnight."),
    ("How much do you earn?", "About two thousand a month."),
    ("How many rooms?", "Five, including the kitchen."),
    ("Do you live alone?", "I've got a flatmate."),
    ("Is she breathing?", "I think she is."),
    ("Is he conscious?", "Yes, he's talking."),
    ("What's the emergency?", "There's a fire."),
    ("Which service do you require?", "Police."),
    ("Which shop was it?", "The one on Foregate Street."),
    ("What's it called?", "I've forgotten."),
    ("What's the last thing you remember?", "Getting into the car."),
    ("May I put you on hold?", "If you have to."),
    ("Would you mind spelling that?", "Not at all."),
    ("Can we contact you by email?", "I'd rather you didn't."),
    ("Is it all right if we record this?", "Of course it is."),
    ("Would you recommend us to a friend?", "Probably."),
    ("How satisfied were you, out of ten?", "A six."),
    ("What did you think of the room?", "Bit small."),
    ("How was your stay?", "Lovely, thank you."),
    ("Did the medicine help?", "For a while."),
    ("Does it hurt when you press it?", "Ow, yes."),
    ("How long has she been coughing?", "Since before Christmas."),
    ("How often do you exercise?", "Hardly ever."),
    ("Any other symptoms?", "None."),
    ("Any pets?", "Two rabbits."),
    ("Any previous claims?", "One, in twenty nineteen."),
    ("Any preference for a stylist?", "Anyone but Craig."),
    ("What would you like done?", "Cut and colour."),
    ("How short would you like it?", "Above the ears."),
    ("Upstairs or downstairs?", "Doesn't matter."),
    ("Morning or evening?", "Either would do."),
    ("Do you prefer tea or coffee?", "Neither, thanks."),
    ("Is it the silver or the gold one?", "Silver, please."),
    ("Monthly or yearly?", "Yearly."),
    ("Petrol or diesel?", "It's electric."),
    ("Fixed or variable?", "What's the difference?"),
    ("Would you like the first or the last slot?", "The last."),
    ("We have ten, eleven or twelve. Which suits you?", "Eleven's good."),
    ("There's a ground floor room or one with a view.", "The view, please."),
    ("I can do tomorrow or the weekend.", "Tomorrow then."),
    ("Do you want option one, two or three?", "Option three."),
    ("Say billing, technical help or something else.", "Technical help."),
    ("For English, say English.", "English."),
    ("Is that a mobile or a landline?", "Mobile."),
    ("And what colour is it?", "Sort of beige."),
    ("What's the registration?", "I'd have to go and look."),
    ("What's the IMEI of the phone?", "I wouldn't know."),
    ("Where do I find the fuse box?", "Under the stairs."),
    ("Where did it come off?", "On the motorway."),
    ("Where shall I leave it?", "By the bins."),
    ("Where do you want it sent?", "Home, please."),
    ("Where are you headed?", "Gatwick, north terminal."),
    ("Where did you park?", "Level four."),
    ("And the country?", "New Zealand."),
    ("Who's your provider at the moment?", "I haven't got one."),
    ("Who's the policy holder?", "That's me."),
    ("Who's your next of kin?", "My daughter Beatrix."),
    ("Who else was in the car?", "Nobody else."),
    ("Who should the driver ask for?", "Ask for Winston."),
    ("May I know who's calling?", "It's Anthea again."),
    ("Is that Mister Lindgren?", "Speaking."),
    ("Am I speaking to Hannah?", "You are."),
    ("Is that spelled with an E?", "No, with an I."),
    ("Did you say Harris or Harrison?", "Harrison."),
    ("Sorry, was that B as in Bravo?", "D as in Delta."),
    ("So I've got you down for nine.", "It was ten."),
    ("That's two hundred pounds in all.", "How much?"),
    ("Your appointment's on the sixth.", "That's no good."),
    ("Your total is thirty dollars. Okay?", "Okay by me."),
    ("I'll send that out today.", "Wonderful, thanks."),
    ("I'm afraid she's in a meeting.", "I'll try later."),
    ("He's not available. Can I help?", "I doubt it."),
    ("We're fully booked that week.", "The week after?"),
    ("It'll be about an hour.", "That's fine, I'll wait."),
    ("The engineer is on his way. Anything else?", "Nothing else."),
    ("Is there anything else today?", "Nah, I'm good."),
    ("Was there something else?", "Don't think so."),
    ("Can I help with anything further?", "You've answered my question."),
    ("Will that be all?", "That'll be all."),
    ("Will you need a high chair?", "We will, yes."),
    ("Will your wife be coming?", "She can't."),
    ("Will you be paying in full?", "Half now."),
    ("Will you accept the charges?", "I guess."),
    ("Have you got internet at home?", "Sometimes."),
    ("Have you turned off the mains?", "Done."),
    ("Have you unplugged it?", "I'm doing it now."),
    ("Can you see the reset button?", "Where's that?"),
    ("Is the light on?", "It's flashing."),
    ("What colour is it flashing?", "Orange."),
    ("Could you press it for me?", "Which one?"),
    ("What does it say now?", "Connection failed."),
    ("Is it working?", "Hooray, yes."),
    ("Try it again, please.", "Same thing."),
    ("How does that sound?", "Sounds reasonable."),
    ("Would you be interested in our extended warranty?", "I'm not, thank you."),
    ("Would you like insurance with that?", "How much extra?"),
    ("Would you like to speak to a nurse?", "If I could."),
    ("Would you like the same room again?", "Yes, the same one."),
    ("Would noon be too late?", "A bit late, yeah."),
    ("Would you swap it for a bigger one?", "Happily."),
    ("What's your budget for the party?", "Under five hundred."),
    ("What's the occasion?", "Ruby wedding."),
    ("What year was it built?", "Eighteen ninety."),
    ("What breed is she?", "A cockapoo."),
    ("What are you calling about?", "My pension."),
    ("What brings you to us?", "Back pain, mostly."),
    ("What was wrong with the meal?", "Everything."),
    ("What was the weather like?", "Terrible fog."),
    ("How did you get our number?", "Off a van."),
    ("How did you damage it?", "I sat on it."),
    ("How do you want your steak?", "Medium rare."),
    ("How do you want to collect it?", "My son's coming."),
    ("How long are you staying?", "Only tonight."),
    ("How many were damaged?", "All twelve."),
    ("How many keys do you have?", "Two, I believe."),
    ("How far is it from the road?", "Fifty yards."),
    ("How's your new car?", "Fantastic."),
    ("How are you paying?", "On account."),
    ("Why did you choose us?", "You were closest."),
    ("Why was it returned?", "Wrong colour."),
    ("Why do you need a new card?", "The dog ate it."),
    ("When's the baby due?", "Middle of April."),
    ("When did you last eat?", "This morning."),
    ("When do you want to start?", "As soon as possible."),
    ("When does the contract end?", "I've no clue."),
    ("When can we ring you?", "Evenings are best."),
    ("When's your birthday?", "The thirtieth of July."),
    ("What's your mother's first name?", "Esmeralda."),
    ("And which month?", "Not sure, maybe October."),
    ("Are you a student?", "Yes, second year."),
    ("Are you with anyone?", "I'm on my own."),
    ("Are you the owner?", "I'm the tenant."),
    ("Are you allergic to anything?", "Bee stings."),
    ("Are you calling about the advert?", "I am indeed."),
    ("Are there any stairs to the door?", "Quite a few."),
    ("Are you sure?", "Pretty sure."),
    ("Do you agree to the terms?", "I agree."),
    ("Do you know the extension?", "Two two four."),
    ("Do you have a postcode?", "Not to hand."),
    ("Do you need directions?", "I know where you are."),
    ("Do you remember the driver's name?", "Mehmet, I think."),
    ("Do you want to leave a number?", "You've got it already."),
    ("Do you smoke at all?", "Socially."),
    ("Does that answer your question?", "More or less."),
    ("Does he take sugar?", "Ask him."),
    ("Did you keep the box?", "I threw it away."),
    ("Did anyone see it?", "A cyclist did."),
    ("Did you enjoy the show?", "We loved it."),
    ("Did you mean this Saturday?", "No, the following one."),
    ("Was it delivered on time?", "Eventually."),
    ("Was anyone at home?", "Me and the kids."),
    ("Were you insured?", "Third party only."),
    ("Has he got a temperature?", "Thirty-nine."),
    ("Has it been serviced?", "Every year."),
    ("Which hand is it?", "The right."),
    ("Which tooth?", "Back left."),
    ("Which train were you on?", "The six fifteen."),
    ("Which film would you like to see?", "The French one."),
    ("What is your profession?", "I am engineer."),
    ("Since when do you have pain?", "Since five days."),
    ("How many persons are you?", "We are four persons."),
    ("Is your husband there?", "He is at the work."),
    ("Do you understand?", "Please, more slowly."),
    ("What language do you speak?", "Ukrainian, little bit English."),
    ("From where does the bus go?", "From the Main Square."),
    ("Can I help you with that?", "Yes / but I'd rather speak to a person."),
    ("Is the twentieth all right?", "Yes it is / only not before ten."),
    ("Do you have your reference?", "No / hang on / yes I do."),
    ("What's the make and model?", "No idea / sorry / it's my son's."),
    ("When were you thinking of?", "The fifteenth / at about half ten."),
    ("What can I book for you?", "A massage / for my mum's sixtieth."),
    ("May I have your name, please?", "Oluwaseun / O L U | W A S | E U N."),
    ("And who's the consultant?", "It's Mister | Greenhalgh."),
    ("Which doctor did you see?", "Doctor | it begins with a V | Venkatesh."),
    ("What's the family name?", "Zielinski / with a Z at the front."),
    ("Do you want to keep the appointment?", "I do / if it's with Karen."),
    ("Is that your only car?", "At the moment / yes."),
    ("Have you used us before?", "Once or twice / but not from this address."),
    ("Can you come in on Monday?", "Monday's fine / as long as it's early."),
    ("Would you like to go with the cheaper one?", "I think so / what's it missing?"),
    ("Shall I book the two o'clock?", "Sure / oh wait, no, I've got the dentist."),
    ("Is it still making the noise?", "It stopped / and then it came back worse."),
    ("Did you get through to them?", "I did eventually / after forty minutes."),
    ("How many people will there be?", "Ten / or eleven if my aunt comes."),
    ("How many bags do you have?", "Two / and a pushchair."),
    ("How long have you lived there?", "Six years / seven in August."),
    ("How much can you pay today?", "Fifty / maybe sixty."),
    ("How old is the boiler?", "Pretty old / it was here when we moved in."),
    ("How would you like it sent?", "By post / second class will do."),
    ("How is your mother feeling?", "Better / thanks for asking."),
    ("How can I help?", "I need a locksmith / quite quickly."),
    ("What time is your flight?", "Nine forty / from Stansted."),
    ("What time do you get home?", "About six / except on Thursdays."),
    ("What day is best?", "Tuesday / or failing that Friday."),
    ("What's your house number?", "Thirty-two / the top bell."),
    ("What's the damage?", "The wing mirror's gone / and there's a scratch."),
    ("What's your email?", "It's the same one / the Hotmail."),
    ("What did the letter say?", "That I owe money / which I don't."),
    ("What do you think the problem is?", "The pump / I reckon."),
    ("What were you expecting?", "Something bigger / for that price."),
    ("What would you like to drink?", "A lager / and a lime and soda."),
    ("What would you like to change?", "The date / and the number of guests."),
    ("What's wrong with him?", "He's limping / on his back leg."),
    ("What kind of cake?", "Chocolate / with cherries / no nuts."),
    ("Where did you see it?", "On Facebook / a couple of days ago."),
    ("Where do you live?", "In Swansea / well, just outside."),
    ("Where's the meter?", "In the hall / behind the coats."),
    ("Where would you like to go?", "To the hospital / the maternity entrance."),
    ("Who would you like to speak to?", "Somebody in charge / please."),
    ("Who told you that?", "The girl on the desk / with the red hair."),
    ("Who's picking it up?", "I am / or my neighbour."),
    ("Why are you calling today?", "To complain / I'm afraid."),
    ("Why can't you come?", "I've no one to mind the baby / that's all."),
    ("Which one did you want?", "The big one / in oak."),
    ("Which course are you taking?", "Spanish / the beginners' one."),
    ("Which seats do you prefer?", "On the aisle / near the toilets."),
    ("When did you send it?", "On the ninth / by courier."),
    ("When would suit you?", "Tomorrow / or is that too soon?"),
    ("When did you notice?", "This morning / when I went to work."),
    ("Is that a house?", "A flat / over the chip shop."),
    ("Is it an emergency?", "Not exactly / but it's dripping on the bed."),
    ("Is this the right number for you?", "That's my old one / the new one ends in seven."),
    ("Is everyone all right?", "I think so / my leg hurts a bit."),
    ("Is there a gate?", "There is / the code's on the fence."),
    ("Are you the parent?", "I'm her stepdad / but I've got her papers."),
    ("Are you ready to order?", "Nearly / can we have two minutes?"),
    ("Are you happy with that?", "I suppose / it's just the colour."),
    ("Do you have the receipt?", "I did have / it's in here somewhere."),
    ("Do you want me to call you back?", "That'd be good / on my work phone."),
    ("Do you drive?", "I do / an automatic."),
    ("Do you have children?", "Two girls / four and nine."),
    ("Do you need anything else?", "No thanks / oh, do you sell stamps?"),
    ("Did you pay by card?", "No / well, half and half."),
    ("Did they leave a card?", "They did / it says to ring this number."),
    ("Can you confirm the amount?", "Two hundred / and fourteen pounds."),
    ("Can you describe the man?", "He was tall / quite young / with a cap on."),
    ("Can you hold on a moment?", "I can / but not for long."),
    ("Could you bring some identification?", "Yes of course / is a bus pass enough?"),
    ("Would you like the set menu?", "The vegetarian one / for both of us."),
    ("Would you like a call before we come?", "Please / about ten minutes before."),
    ("Shall I take it off the bill?", "Yes / and I want an apology."),
    ("Shall we deliver it?", "No / we'll fetch it / we've got a trailer."),
    ("Has this been agreed with anyone?", "Yes / with | what's his name | Duncan."),
    ("And your date of birth?", "The sixth of March / nineteen fifty-eight."),
    ("So you'd like three nights?", "Three / starting on the Friday."),
    ("So it's the kitchen tap?", "That's right / the cold one."),
    ("I'm afraid the pool is closed this week.", "Oh no / that's why we booked."),
    ("The next free slot is on Thursday.", "Fine / what time?"),
    ("We charge ninety for a visit.", "Ninety / is that with the parts?"),
    ("Anything you'd like to add?", "Not really / just that I'm very grateful."),
    ("What's your current reading?", "It says four one | one | nine nine."),
    ("What do you do?", "I'm a | a sort of gardener."),
    ("What are you allergic to?", "Peanuts and | and kiwi fruit."),
    ("Which street is that?", "It's off | Canterbury Road."),
    ("Which part is broken?", "The little | plastic | clip."),
    ("Who's the letter addressed to?", "To Mister and Missus | Popescu."),
    ("Where are you at the moment?", "I'm at the | um | the services at Watford Gap."),
    ("How did you hear about the job?", "From my | my careers adviser."),
    ("How tall is the tree?", "It must be | twelve metres."),
    ("When is the funeral?", "It's a week on | Wednesday."),
    ("Until when do you need the car?", "Until the Friday / in the evening."),
    ("For what do you need the paper?", "It is for the | the office of foreigners."),
    ("How many years did you work there?", "I have worked | ten years / in the kitchen."),
)
"""(what the agent asked or said, the answer)."""
