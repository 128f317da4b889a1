"""More of what the generated callers of `scripts/bench turns` say, all of it for tuning. Language data only.

Callers of all kinds of businesses: British, American and non-native, plain and messy, with numbers in words.
A bar marks a pause inside a phrase, when the words so far are not a sentence; a slash marks a pause between phrases:
after a whole sentence that goes on, or after a condition.
"""

from __future__ import annotations

REQUESTS = """\
I rang you this morning / and the lady said she'd call me back.
I'd like to speak to | whoever looks after the contracts.
What's that for?
Can you put me through / to the billing desk?
The parcel says delivered / but there's nothing on my doorstep.
That's exactly what I'm calling about.
What you need to understand is | we've got two small children and no hot water.
Hi, good morning / it's Sandra from the flower shop.
Could you tell me which bus it's on?
Is there anyone / who speaks Portuguese?
I'm phoning about the um | the letter you sent us.
I'd like to know who it's from.
If it rains on Saturday / does the tour still go ahead?
My name's Oduya / O D U | Y A.
I need a plumber as soon as possible.
We had the boiler serviced in March / and now it's making a banging noise.
Could you move it to the | the fourteenth, if there's space?
When can I come in?
I need a taxi from | the Royal Infirmary / to Hanover Street.
I was told by your colleague that | the fee would be refunded.
Is the pool heated?
Do you sell those | those little round batteries for hearing aids?
I want, I need to | change the name on the ticket.
I've been on hold for half an hour and I'm not happy.
He said, don't worry about it / it's all covered.
I paid the full amount / so I don't see why I'm getting reminders.
I just want somebody to come and have a look at it.
It's for two adults / three children / and a dog.
Can I come in a bit earlier / if that's okay with you?
Can you tell me what it's made of?
I need to get a message to Doctor | Harrington / about my blood results.
The thing I don't get is | why it was ninety pounds last month.
Good afternoon, I'm calling to confirm my booking for tomorrow.
Since you changed the system / I can't see any of my old invoices.
I'd like some | um | some advice about a will.
Do you have any idea where they've gone?
My flight's been cancelled / and I need to get to Lisbon by tonight.
I dropped the car off at eight / and nobody's called me since.
I don't know what I've been charged for.
Is that the place / that does the wedding cakes?
Please could you tell me | how late the pharmacy is open?
My mother's the one you spoke to.
I would like to know | please | the price for one week of parking.
You were going to send someone / between eight and twelve.
Is there a number I can call them on?
I have a reservation under the name of | Lindqvist / for three nights.
She fell off her bike yesterday / and her wrist is really swollen.
Who should I make the cheque out to?
I'm trying to find out | whether my licence has been posted.
Could I book the | the small meeting room / on the second floor?
I'd like a window seat if there's one left.
I don't want the insurance / I mean the extra one / the one for the windscreen.
It's about my mother / she lives at number nine.
You're the third person I've been put through to.
We're coming on the twenty-third / at about half past four.
The internet keeps dropping out / especially in the evening.
I haven't got anywhere to put it.
When the lady came to measure up / she said it would take two weeks.
I've lost my | you know | my little card for the gate.
Nobody seems to know what's going on.
Can you check something for me? / I think I've been charged twice.
Hello, yes, um | I'm not sure if I've got the right department.
Which floor are you on?
There's a man in the car park who's | who's been sitting there since this morning.
I'd like to cancel / please / I've found somebody cheaper.
How long will I have to wait for?
Would it be possible to | pick it up after six?
I sent the form back two weeks ago / and I haven't heard a thing.
I'd like to cancel my subscription.
My card got swallowed by the machine / the one outside the station.
What I'd really like is | a room at the back / away from the road.
Hiya, just checking if my dress is ready.
I was wondering if | there's any chance of a table by the window.
The registration is | K P one nine / Z Z T.
I'm allergic to penicillin, by the way.
I'm a bit worried because | the swelling hasn't gone down.
Are you the people / who did the roof on Cedar Avenue?
Could I have the soup of the day and a bread roll, please?
It broke when | when my son sat on it, basically.
That isn't the one I asked for.
So I get home / I open the box / and half the screws are missing.
How much would it be for | say | a hundred leaflets?
I've got nothing to hide and nothing to be sorry about.
Unless you can get here today / I'm going to call another plumber.
The dog's been sick twice / and he won't drink any water.
Is it somewhere I can walk to?
I'd like to make a complaint about | one of your drivers.
Can you tell Mister | Banerjee / that his two o'clock is running late?
Do you still need me to come in?
It's not the red one / it's the other one / with the zip.
Do I need to bring | my passport or is a driving licence enough?
What if I can't find it?
I left a message on Monday / and then another one on Wednesday.
We ordered a sofa in | in February I think it was / and it still isn't here.
I think my washing machine has flooded the flat downstairs.
There's water coming through the ceiling / right above the cooker.
Because I'm over sixty-five / I should be getting the discount.
Would you be able to ring me when it comes in?
Can somebody please explain to me | what this service charge is for?
My husband normally deals with this / but he's in hospital.
My boarding pass won't load and the gate closes in ten minutes.
I need to speak to someone about | a bereavement.
I've been with you for | oh, twenty years now / and I've never had a problem.
Please can you turn the music down?
Hi, I'm calling on behalf of | my neighbour / she's a bit deaf.
I'd like two tickets for | for the matinee / on Sunday.
Do you take walk-ins?
It's the second time this month / that the bins haven't been emptied.
Could you let him know / that the keys are under the mat?
I'm trying to reach the lost property office.
I've got a booking for tonight / but we're going to be about an hour late.
He's a new patient / he hasn't been to see you before.
Can I bring a friend along?
The email said click on the | the link / but there isn't one.
Which one of your shops | has the larger size in stock?
It's the best haircut I've ever had.
I think it was Friday / no, Thursday / when I came in.
I'm supposed to start on Monday / and I haven't had a contract yet.
I'd like a refund.
Do you do gluten free? / My wife's a coeliac.
Whenever I turn the tap on / there's this awful screeching.
You were meant to be here at nine and it's already gone eleven.
I'd like to add my son | to the policy / he's just turned eighteen.
I'd prefer to pay by | bank transfer / if you don't mind.
My password isn't working and I've got a meeting to get into.
Excuse me, sorry / could you say the last bit again?
The lock on the front | the front gate is jammed.
Can I get a copy of my lease?
I want to bring my car in for | a service and an oil change.
I ordered the blue one / and you sent me the green one.
I'm pretty sure that's what he was referring to.
What happens if | I don't use all my minutes?
My reference number is | um, hang on | B seven two four.
There are wasps coming in through the bathroom window.
We're locked out of the flat / and my phone's nearly dead.
Nobody told me there'd be a fee / and now it's come out of my account.
Is that something you can help with?
I would like to ask | about the courses in the evening / for beginners.
Somebody rang me from this number / about ten minutes ago.
We're looking for a venue for about sixty people.
I have here a bill which | which is not mine.
Tell me one thing / is it refundable or not?
I don't think that's what she meant.
I've got a question regarding | the deposit for the hall.
It worked fine for a week / then it just died.
It sounds like a lawnmower when I start it up.
Is it true that | you're closing the branch in Wexford?
You've got me down as Missus | Fairweather / but it's Doctor.
I've no idea who to turn to.
I need a letter for | my employer / saying I can't lift anything.
The heating comes on but | the radiators upstairs stay cold.
How far is it from the airport?
I can do Tuesday / or Thursday after three.
So what I did was | I unplugged it / and waited a minute.
Are dogs allowed on the terrace?
To be honest with you | I'm not very happy about it.
Could I leave my suitcases / with you until about five?
I'm a bit lost, to tell you the truth.
He told me to ring back and | and ask for Philippa.
The baby's had a temperature since last night.
I'd like to speak with Father | Donnelly / about a christening.
Could you take my number off | off your list please?
Could you tell your driver the gate code has changed?
We would need the hall from | from six in the evening / until midnight.
It's Wojciechowska / W O J | C I E.
I've moved and I want to switch to a different surgery.
My daughter's starting school in September / and she's allergic to nuts.
I just want to make sure | that the flowers get there before noon.
Can you tell me how much is left on my gift card?
Can you help me with | with the washing machine / it's showing an error.
The address on the account is wrong / it should be forty-one, not forty-seven.
Well, you've been very helpful, I must say.
Before I sign anything / I'd like somebody to look it over.
I'm not being funny, but | I've explained this three times already.
My landlord won't return the deposit.
Do you know if | the museum is open on bank holidays?
It was around the | the end of April / when we moved in.
I'd like to learn the guitar and I'm a complete beginner.
I'd like to reserve a bike for | my girlfriend and myself.
Actually could you make that | five people instead of four?
So who do I talk to about that?
I spoke to a gentleman called | Femi, I think / in your accounts team.
My boiler's leaking / I've put a bucket under it.
What are your opening hours over Christmas?
You said on the website that | delivery was free over fifty pounds.
What's the name of | the lady who runs the yoga class?
I wish I'd known that before.
We'll be needing a cot / and also a high chair.
If I drop it off tomorrow morning / can you have it done by the weekend?
I want to know what you're going to do about it.
I can't get into my account / because it keeps asking for a code.
I need to renew my | what's it called | my parking permit.
We saw the house on Sunday and we'd like to make an offer.
She asked me, have you got a receipt / and I said no.
Yeah hi / is this where I book a driving lesson?
I need new brake pads.
There's a crack in the windscreen / about this long / on the passenger side.
I'm interested in the flat on | Wellington Terrace / the two bedroom one.
Has my parcel been sent yet?
My son has an appointment with Doctor | Osei / at quarter past nine.
All I'm asking for is | a straight answer.
I've never had to do this before.
Can I swap the fish / for the chicken?
The nurse said I should call you / if the pain got any worse.
Do you deliver to Anglesey?
I was hoping to | maybe | come in this week.
He wants to know | how long the warranty lasts.
She said you'd know what it was about.
Do you have anyone available to | to look at a tree that's come down?
I've just had an accident / nobody's hurt / but the car won't move.
It's the house with the green door that you can see from the road.
I'd like to talk to somebody about | remortgaging.
Listen, I don't want a voucher / I want my money back.
I'd like to book an eye test for my father.
Once the plaster's dry / can we paint straight away?
The last time I was there / they gave me a form to fill in.
I'm just after a bit of information, really.
I'm looking at your brochure and | and I can't find the prices.
Where do I send the | the old router back to?
The radiator's stone cold.
I'm returning a call from | Missus Albright / in human resources.
It says on the box, keep refrigerated / but it was warm when it came.
How do I get my money back?
I take one in the morning / and two at night.
Please, I need to know | when arrives my package.
I'm running late, I'm so sorry.
I have booked a car for tomorrow / but now I need a bigger one.
I'm sorry, my English is not so good / can you speak a little slower?
Where do I sign in?
Yesterday I go to your shop in | in the station / and it was closed.
For the visa | which documents must I send?
Can I pay by card when I get there?
My boss told me that | I must call to you for the badge.
I would like an information about | the train to Bristol.
What time does the last ferry go?
The apartment is very nice / only the shower is not working.
How do you say | the water is dropping from the ceiling.
I reckon someone's been using my account.
I have pain here / in the left side / since three days.
I forgot what I was going to say.
Since two weeks I wait for | the answer of your colleague.
It is possible to | to make the payment in three times?
Um, yeah, I'd like to make a reservation for this Friday.
Y'all still doing the | the two for one on Wednesdays?
My truck's making this | this grinding noise / when I brake.
I want to report a street light that's been out for weeks.
I'm fixing to close on a house / and I need the paperwork by Friday.
I need to get my kid in for | a sports physical / before practice starts.
Hi, do you guys rent out kayaks?
I gotta reschedule / something came up at work.
So, um, I was, like | trying to log in / and it locked me out.
My kid left his backpack on the school bus.
Hey, I placed an order for pickup / and I forgot the fries.
I wanna say it was | the fifteenth / maybe the sixteenth.
I got a text saying my order's been delayed again.
My insurance changed / so I don't know if you guys still take it.
I'm on your website right now / and the button doesn't do anything.
Is the tip already added on?
Could you connect me to | the front desk at your downtown location?
I need somebody to come out and | and look at my sprinklers.
Can someone jump my car, the battery's dead.
We've got a party of nine / and one of them's in a wheelchair.
The thing with the app is | it keeps logging me out.
I'd like to upgrade my phone.
Can you read that back to me / just to be sure?
I'd like it delivered to | my sister's / she's next door.
Are you hiring right now?
I've already tried that / it doesn't make any difference.
My appointment's at ten / or was it half past?
My power's been out since about four this morning.
I'll tell you what happened / the driver just left it in the rain.
Is the doctor in today / or is she only there in the mornings?
Could I speak with the pharmacist real quick?
Do you do home visits / for people who can't get out?
I was going to come in person / but my knee's bad.
I need a refill on my inhaler.
The person I normally deal with is | Graham / but I gather he's left.
I need you to look at | page four / right at the bottom.
Is Doctor Kim taking new patients?
My late father had an account with you / and I'm trying to close it.
The sign said free parking / and then I got a ticket.
How come my bill went up?
With the greatest respect | that isn't what was agreed.
Could you send a copy to | my solicitor as well?
I locked my keys in the car at the mall.
What I can't understand | and nobody's been able to tell me | is where the money went.
I'd like a word with | the head teacher, if she's free.
I'd like to know the price of the room with breakfast.
It's regarding the job / the one in the warehouse.
I applied for the | the receptionist position / about three weeks ago.
My suitcase didn't arrive with the flight.
My grandson set it all up for me / and now I can't turn it off.
The tablets you gave me | are making me feel dizzy.
Excuse me, do you speak Spanish?
You know the big supermarket on the corner? / Well, we're opposite that.
Nothing's broken / it's just a bit scratched.
Please, I want to change the date of my exam.
I'm meant to be flying on | on the ninth / and my passport's run out.
They promised me somebody would | would be here by lunchtime.
I didn't understand the letter you have sent to me.
Hi, it's only me again / I forgot to ask about the deposit.
That's the problem / I haven't got the receipt any more.
I am waiting since one hour for the taxi.
Would you mind | checking if my glasses are ready?
Last night the alarm went off / at three in the morning / for no reason.
You have a room free for tonight?
Are there any seats left / on the coach to Galway?
I'd like to know a bit more about | the retirement plan.
I need to make a new key for my apartment.
I was in the queue for | I don't know | forty minutes?
Oh hello dear / I wonder if you can help me.
It's my wife's ring that I'm calling about.
The cat's been missing since Sunday / he's ginger / with a white tail.
You sent me the wrong | the wrong part number.
I'm sorry to bother you again, it's about the fence.
The rent goes out on the first / and I get paid on the third.
Even though I cancelled in May / you're still taking the money.
I only want to speak to the person in charge.
Right, so | I've got the paperwork in front of me.
All right then, what do you suggest?
I want to pay off | the whole loan / not just this month.
Could you ask the engineer | to ring the bell at the side?
Do I have to be there in person?
I've got about | two hundred boxes / that need collecting.
We can't use the lift / and my mother's on the sixth floor.
Could you give me directions from the motorway?
I saw on the news that | there's a recall on that model.
I don't mind which day / as long as it's before the holidays.
The chicken was raw in the middle and I've been ill all night.
My company is called | Brightwater Logistics / and we ship to Norway.
Give me a second / I'm just looking for my glasses.
We used to get a discount for paying early.
The invoice number, let me see / it ends in four four nine.
Do I have to | fill in the whole form again?
I'd like to donate some furniture if you collect.
There were supposed to be | twelve chairs / and we only got ten.
The tyre's flat / and I haven't got a spare.
Can I pick it up from the branch that's closest to me?
As far as I know | the tenant moved out last week.
I've been told I need a | a referral from my doctor.
I think I must have pressed the wrong button.
My sister recommended you / she had her kitchen done last year.
I was cut off / I was talking to a young man called Liam.
It's got a hole in it.
Instead of the Monday class | could I do the Wednesday one?
I really need this sorted today / it's my daughter's wedding.
I can't believe how rude he was to me.
Is this covered / or do I have to pay for the visit?
How am I supposed to | to get to work without a car?
My neighbour's music keeps us up until two in the morning.
The grey one | with the wooden legs / how much is that?
Between you and me | I think he's just forgotten.
I don't need the carpet cleaned any more.
Can I ask who | who's in charge of the allotments?
It came on Saturday / and the glass was smashed.
I was just about to say that.
They've dug up the road outside our house / and we can't get the car out.
I'm a vegetarian / well, I eat fish.
Why haven't I been told about this?
I'd like to leave a message for Professor | Whitcombe.
There's a funny smell in the hallway / I think it might be gas.
Have you got a children's menu?
I'm calling from | flat twelve / the top floor.
Can you confirm / that you received my documents?
I'd love to come along if there's room.
I need an interpreter for | my hearing / I speak Somali.
My car's in the garage until Friday / so I'd need to hire something small.
The voucher code isn't being accepted.
Well, it's a long story / but the short version is I never got the keys.
Please tell the kitchen | that one of us can't have any dairy.
It's an emergency, my father's fallen and he can't get up.
How soon could you | send somebody round?
Could you tell me who it is / that signs off the expenses?
Is it all right if I send my son to collect it?
I've found a wallet / on the number eleven bus.
I was overcharged / not by much / but it's the principle.
We'd rather sit outside.
The meter reading is | one four | oh six two.
I need to cancel both | the gym and the swimming.
I'm here about the room you're advertising.
I'd like to order some flowers for | for a funeral / something simple.
I thought it was included / that's what it says in the leaflet.
The man at the desk told me to ring this number.
Which platform does | the sleeper leave from?
We've changed our minds about | the colour / can we have the cream?
You've got my date of birth wrong.
I've got the kids with me / so it'd have to be quick.
The money's left my account / but it hasn't arrived.
Can you hold a pair in a size six until I get there?
I don't know who to ask / so I thought I'd start with you.
Is it the kind of thing | that I can do myself?
He's the one I was talking to before.
I'm looking to sell | my late aunt's piano.
The guy who came out on Tuesday | didn't fix it properly.
Sorry, I think I've dialled the wrong number.
Can I just say | I think your staff are wonderful.
It's my first time calling / so I don't know what you need.
I filled it in online but I never got an email.
Do you remember me? / I came in about the watch.
Can you let me know what's happening with my claim?
"""
"""Requests, questions, statements, stories and complaints. A third have no pause; some of those sound open."""

GROUPS = (
    ("What's the best number to reach you on?", "oh seven seven double oh | nine hundred | four two six."),
    ("", "My number is oh seven seven double oh | nine oh oh | one six seven."),
    ("Could I take a contact number, please?", "oh one six three two | nine six oh | seven one eight."),
    ("", "You can ring me on oh one one four | four nine six | oh two eight three."),
    ("Can I get a callback number?", "five five five | oh one four | seven seven two nine."),
    ("", "Call me back at six one seven | five five five | oh one nine oh."),
    ("And your mobile number?", "It's oh seven seven | double oh nine | oh oh one | five five three."),
    ("", "The number's five five five | oh one two | double eight four one / after six is best."),
    ("What number are you calling from?", "Area code three one two | five five five | oh one eight six."),
    ("", "Please text me on oh seven | seven double oh | nine oh oh | three one four."),
    ("Is there a daytime number for you?", "Yes, it's four one five | five five five | oh one three one."),
    ("", "My work number is two one two | five five five | oh one six six | extension forty."),
    (
        "What's your phone number, starting with the country code?",
        "plus four nine | one five one | two three four | five six seven eight.",
    ),
    ("", "I'm on extension four | oh nine."),
    ("Could you repeat the number for me?", "nine oh two | double four | three one six."),
    ("", "It's double oh three five three | one | five five oh | two six one four."),
    ("What's the last part of the number?", "six six | oh five."),
    ("", "My mum's number is oh one three one | four nine six | oh double seven."),
    ("Can you give me your landline?", "Sure, oh two oh | seven nine four six | oh three five one."),
    ("", "My new number ends in | eight four | double one."),
    ("What's your account number?", "four oh seven | two two nine | one eight five."),
    ("", "I'm calling about order number | seven two oh | three three nine."),
    ("Could you read me the order number?", "Yeah, it's A B | nine nine three | seven oh one."),
    ("", "I've got a reference here / it's C R | four four one | nine oh B."),
    ("What's the booking reference?", "X R two | L P | six Q."),
    ("", "My account number is | six six oh | one nine five | two two."),
    ("What's your customer number?", "one zero zero | eight six | four four three."),
    ("", "The case number is | two four | dash | eight one seven six."),
    (
        "Can you read me the long number on the card?",
        "four nine two nine | one one oh six | three eight seven two | five oh one four.",
    ),
    ("", "The confirmation code was | Z K | four W | N nine."),
    ("And the expiry date on the card?", "oh nine | twenty-eight."),
    ("", "It's regarding policy | M T six | oh oh two | three eight."),
    ("What's the sort code?", "thirty | ninety-four | sixty-six."),
    ("", "The ticket says | F seven | double two | oh L."),
    ("What's the policy number?", "H M slash | four two double seven | oh three."),
    ("", "My customer ID is | J as in Juliet | four five | oh nine six."),
    ("Please read out the serial number.", "S N | seven seven B | four oh oh | K two."),
    ("", "I have an invoice, number | one one eight | dash | four oh three."),
    ("What's the code on the back of the device?", "zero F | nine C | eight eight | A one."),
    ("", "The tracking number you sent is | one Z | nine nine nine | double A | ten."),
    ("Could you give me the meter reading?", "oh three | four seven | nine two."),
    ("", "The error on the screen is | E | oh five | seven."),
    ("What's the tracking number?", "R M | five two six | eight one four | nine G B."),
    ("", "The model is a | W M | fourteen | N two oh one."),
    ("What's your membership number?", "It's, um | three three one | double oh | eight."),
    ("", "My library card is | two one | seven oh four | six six three."),
    ("Can you tell me the six digit code we just texted you?", "nine one four | two oh seven."),
    ("", "The code for the door is | star | four one nine | hash."),
    ("What's the licence plate?", "W R five two | T G H."),
    ("", "The meter says | one seven | eight oh | three point six."),
    ("What's the registration of the vehicle?", "L C | sixty-eight | J O M."),
    ("", "I tried the code | five five two | one oh eight / and it didn't work."),
    ("Which flight are you on?", "B A | two eight seven."),
    ("", "The card ending in | three oh | one seven."),
    ("How do you spell your surname?", "T H O | R N L | E Y."),
    ("", "The serial number starts with | G H T | double oh four."),
    ("Could you spell that for me?", "It's M as in Mike | A C | K I N."),
    ("", "My plate is | seven | Bravo Charlie | one two two."),
    ("How is your first name spelled?", "S I O | B H A N."),
    ("", "I parked a car with the registration | A K | twenty-one | V W X."),
    ("Can you spell the street name?", "C H O L | M O N D | E L E Y."),
    ("", "We're on flight | E I | one five four / from Dublin."),
    ("What's the spelling of the company?", "Q U A D | R I X | with an X."),
    ("", "My name's Achterberg / A C H | T E R | B E R G."),
    ("Spell the last name for me, please.", "N as in November | G U Y | E N."),
    ("", "It's Meredith Vaughan / V A U | G H A N."),
    ("How do you spell that email name?", "J dot | P E R | E I R A."),
    ("", "My surname is Szymanski / S Z Y | M A N | S K I."),
    ("What's your email address?", "anna dot fischer | at | example dot com."),
    ("", "It's Nkechi / N K E | C H I."),
    ("Which email should I send it to?", "info | at blue harbour | dot org."),
    ("", "I spell it with a P H / S T E | P H A N."),
    ("Can I have an email address?", "It's R O B | underscore K | at mail dot example | dot net."),
    ("", "That's Leigh / L E | I G H."),
    ("And what's the postcode?", "S W | nineteen | four J P."),
    ("", "The business is called Kwik Fyx / K W I K | F Y X."),
    ("What's your zip code?", "nine oh | two one oh."),
    ("", "My email is | tom dot | o'leary | at example dot com."),
    ("Can I take your postcode?", "E H six | seven | D Q."),
    ("", "You can write to me at | bookings | at the old mill | dot co dot U K."),
    ("What's the address?", "forty-two | Larkfield Gardens | Leeds."),
    ("", "It's my first name, dot | my last name | at example dot org."),
    ("Where should we send the engineer?", "Unit nine | Riverside Business Park | Newport."),
    ("", "I live at | seventy-three | Albert Street."),
    ("What's your home address?", "twelve hundred | West Maple Drive | apartment three B."),
    ("", "We're at number nine | Station Parade / just past the bank."),
    ("Which address do you have on file?", "The Old Schoolhouse | Mill Lane | Harrogate."),
    ("", "Send it to | thirty-one B | Queens Road | Aberystwyth."),
    ("Where shall we deliver it?", "Flat six | a hundred and eight | Gloucester Road."),
    ("", "The property is | plot four | Orchard Rise | Taunton."),
    ("Can you give me the billing address?", "P O box | seven one four | Santa Fe | New Mexico."),
    ("", "My address changed to | four eighteen | East Cherry Avenue | Tucson."),
    ("What's your date of birth?", "the third | of the seventh | nineteen eighty-one."),
    ("", "The postcode is | L L | fifty-five | two N P."),
    ("And the date of birth of the patient?", "November | twenty-second | two thousand nine."),
    ("", "I'm in zip code | six oh six | one four."),
    ("Your date of birth, please?", "fourteen | oh two | sixty-five."),
    ("", "The delivery is for | suite two hundred | eleven Harbor Plaza."),
    ("When was the card issued?", "March | twenty twenty-three."),
    ("", "I was born on the | ninth of May | nineteen fifty-two."),
    ("What dates are you staying?", "From the eleventh | to the fifteenth | of August."),
    ("", "His date of birth is | twenty-six | eleven | ninety-eight."),
    ("When did you move in?", "The first of | no, the second of June | last year."),
    ("", "I'd like to book from | the second | to the sixth of January."),
    ("What date is on the invoice?", "Thirtieth of | September | twenty twenty-four."),
    ("", "My appointment was on | Wednesday the | seventeenth | at eleven fifteen."),
    ("How much was the payment?", "two hundred and | sixteen pounds | forty."),
    ("", "The letter is dated | October the fifth | twenty twenty-five."),
    ("What amount shows on your statement?", "One thousand | four hundred and nine | dollars | and twelve cents."),
    ("", "It runs out on | the thirty-first | of the tenth."),
    ("How much do you want to transfer?", "Three thousand | two hundred | and fifty euros."),
    ("", "I was charged | forty-nine | ninety-five / twice."),
    ("What's the total on the receipt?", "Eighty-seven | ninety-nine."),
    ("", "You took | six hundred | and thirty | two pounds from me."),
    ("What are the measurements?", "two metres ten | by | one metre forty."),
    ("", "I'd like to pay | one hundred and | seventy-five euros | off the balance."),
    ("What's your prescription for the right eye?", "minus two | point | seven five."),
    ("", "They quoted me | two thousand | eight hundred | plus tax."),
    ("What's your national insurance number?", "Q Q | twelve | thirty-four | fifty-six | C."),
    ("", "I need a piece that's | sixty centimetres | by | a hundred and ten."),
)
"""(what the agent asked or nothing, numbers, codes, spellings, addresses, dates and amounts said in groups)."""

ANSWERS = (
    ("Would you like a receipt?", "Yes, please."),
    ("Is this a good time to talk?", "Not really, no."),
    ("Shall I put you through to the workshop?", "If you would."),
    ("What's your name, please?", "It's um | Delphine Marchetti."),
    ("Do you want me to go ahead?", "Go on then."),
    ("Are you an existing customer?", "I am, yeah."),
    ("Have you stayed with us before?", "Never."),
    ("Who am I talking to?", "This is Mister | Abernathy."),
    ("Is that correct?", "Nearly."),
    ("Did you get our email?", "I don't think so."),
    ("Would you prefer the morning?", "Whichever."),
    ("Could I have your full name?", "Jean | Paul | Robichaud."),
    ("Can you hear me all right?", "Loud and clear."),
    ("Is anyone hurt?", "No, thank God."),
    ("Is the car still under warranty?", "It should be."),
    ("When would you like to come in?", "Maybe | Thursday afternoon."),
    ("May I ask who's calling?", "Rosalind."),
    ("Who am I speaking with?", "This is Devon."),
    ("What's your name, please?", "Ibrahim Saleh."),
    ("What time suits you?", "Any time after | let me think | after four."),
    ("Could I have your surname?", "Mukherjee."),
    ("And your first name?", "Caoimhe."),
    ("Who is the appointment for?", "My dad."),
    ("What day works best for you?", "Well, I work on Mondays / so Tuesday."),
    ("Who did you speak to last time?", "A chap called Terry."),
    ("Which doctor are you seeing?", "The one with the beard."),
    ("How many guests?", "Just the two of us."),
    ("Is this a good time to talk?", "Yes / but I've only got a minute."),
    ("How many nights?", "Just the weekend."),
    ("How old is your son?", "Six and a half."),
    ("How long have you had the pain?", "Since Sunday or so."),
    ("Do you know your reference number?", "No idea / sorry."),
    ("How many bedrooms does it have?", "Four, if you count the box room."),
    ("How would you like to pay?", "Cash."),
    ("How did you hear about us?", "From a mate."),
    ("Have you been here before?", "Once / a long time ago."),
    ("How can I help you today?", "It's about my pension."),
    ("What time suits you?", "Half four."),
    ("When would you like to come in?", "Tomorrow, if possible."),
    ("Are you an existing customer?", "I used to be / then I moved away."),
    ("What day works best for you?", "Any day but Monday."),
    ("When did it stop working?", "Last night at about ten."),
    ("When is your flight?", "In two hours."),
    ("Would you like me to book it?", "Yes / if it's not too expensive."),
    ("What year is the vehicle?", "Twenty sixteen."),
    ("Where are you now?", "On the hard shoulder."),
    ("Where did you leave it?", "In the overhead locker."),
    ("Would you prefer the morning?", "The morning, no / the afternoon."),
    ("Where shall we send it?", "To my work."),
    ("Which branch is closest to you?", "The one in Ipswich."),
    ("Which size do you need?", "Medium."),
    ("How many guests will there be?", "There'll be eight / no, nine of us."),
    ("What colour would you like?", "Navy blue."),
    ("What's the make of the car?", "It's a Skoda."),
    ("What kind of room would you like?", "A double."),
    ("How can I help you today?", "I'm having trouble with | with my thermostat."),
    ("What's the problem with it?", "It won't switch on."),
    ("What does the screen say?", "Nothing at all."),
    ("What is it about?", "A parking fine."),
    ("What is it regarding?", "It's regarding a | a loan I took out."),
    ("What's it made of?", "Oak, as far as I know."),
    ("Which one did you choose?", "The cheapest."),
    ("Why are you leaving us?", "It's too dear."),
    ("What's the problem with it?", "It makes a noise / and then it switches itself off."),
    ("Why do you want to return it?", "It doesn't fit."),
    ("Can you hold for a moment?", "Certainly."),
    ("Anything else I can do for you?", "No, that's the lot."),
    ("What happened?", "I was reversing out of | my driveway / and I hit a post."),
    ("Is there anything else?", "Nope, all good."),
    ("Would you like to hear the options?", "I'd rather not."),
    ("Would you like to leave a message?", "No, it's fine, I'll ring back."),
    ("Where are you now?", "I'm standing outside | the town hall."),
    ("Would you like an aisle seat or a window seat?", "Aisle."),
    ("Would you like still or sparkling water?", "Sparkling, please."),
    ("Do you need a parking space?", "We're coming by train."),
    ("Where shall we pick you up?", "At the corner of | Fifth and Madison."),
    ("Do you have any allergies?", "Only cats."),
    ("Do you have your card with you?", "It's in front of me."),
    ("Do you have a preference?", "Not especially."),
    ("Which doctor do you see?", "It's usually Doctor | Papadakis."),
    ("Do you know your account number?", "Not off the top of my head."),
    ("Do you remember the date?", "I haven't a clue."),
    ("Do you smoke?", "I gave up."),
    ("Which model is it?", "It's the | hold on | the three thousand."),
    ("Are you calling about the job?", "That's what I'm ringing for."),
    ("Are you over eighteen?", "Well over."),
    ("Are you the account holder?", "My wife is."),
    ("Do you have any allergies?", "To shellfish / and possibly to eggs."),
    ("Are you still there?", "Still here, yeah."),
    ("Are you happy for us to record this call?", "I suppose so."),
    ("Are there any stairs?", "Two flights."),
    ("Do you take any medication?", "Something for my blood pressure / and aspirin."),
    ("Is it a house or a flat?", "A bungalow."),
    ("Is the leak upstairs or downstairs?", "Upstairs."),
    ("Is it urgent?", "Very."),
    ("Do you have a preference?", "Not really / well, a quiet one."),
    ("Is the pain getting worse?", "It comes and goes."),
    ("Is that with a C or with a K?", "With a K."),
    ("Is this your first visit?", "Second."),
    ("Did you receive the parcel?", "I did / but it was empty."),
    ("Is it for business or pleasure?", "A bit of both."),
    ("Have you tried restarting it?", "Twice."),
    ("Have you got a pen?", "Fire away."),
    ("Did you try turning it off?", "I did that / and it made it worse."),
    ("Have you got the receipt?", "Somewhere."),
    ("Did the driver leave a note?", "Not that I could see."),
    ("Did you want fries with that?", "Sure, why not."),
    ("Is it urgent?", "It is / I've got guests coming."),
    ("Did you call us before?", "Yeah, about an hour ago."),
    ("Should I cancel both of them?", "Only the second one."),
    ("Should we call you or email you?", "Email's better."),
    ("Is the water turned off?", "I think so / I can't find the tap."),
    ("Will you be eating in?", "Taking away."),
    ("Will anyone be at home?", "My son will be in."),
    ("Could you spell out the month?", "February."),
    ("Is anyone else covered by the policy?", "My wife is / and my eldest."),
    ("Could you confirm your town?", "Kilmarnock."),
    ("Could you tell me your job title?", "Site manager."),
    ("What do you do for a living?", "I'm a childminder."),
    ("Is that the correct address?", "Yes / except it's flat B."),
    ("What language do you prefer?", "French, if you've got it."),
    ("What country are you travelling to?", "Vietnam."),
    ("What's your nationality?", "Brazilian."),
    ("Can you describe the bag?", "It's a small | grey | rucksack."),
    ("What's the name of the company?", "Hargreaves and Sons."),
    ("What's the name of your pet?", "Biscuit."),
    ("What breed is he?", "A sort of terrier."),
    ("Can I ask why you're cancelling?", "Because | I found a cheaper one."),
    ("What's your favourite?", "The lemon one."),
    ("What was the reason for the delay?", "They didn't say."),
    ("What's your budget?", "Around four hundred."),
    ("Can you tell me your job title?", "I'm the | the deputy head."),
    ("What's the mileage?", "Sixty thousand, give or take."),
    ("What's your relationship to the patient?", "I'm her granddaughter."),
    ("What's the password for the account?", "Pineapple."),
    ("How did you hear about us?", "I think my | my brother-in-law mentioned you."),
    ("What was your mother's maiden name?", "Fotheringham."),
    ("What's your marital status?", "Divorced."),
    ("What's the delivery slot you'd like?", "As early as you can."),
    ("How long have you lived there?", "Since | nineteen ninety-eight."),
    ("What seems to be the trouble?", "My tooth's come out."),
    ("What kind of noise is it?", "Sort of a clunk."),
    ("Would Wednesday at ten work for you?", "Wednesday's perfect."),
    ("How would you like to pay?", "Half in cash / and the rest by card."),
    ("Would that be all right?", "That'd be brilliant."),
    ("Would you mind holding?", "I've been holding for ages."),
    ("Would you like a smaller one?", "What sizes are there?"),
    ("How much would you like to withdraw?", "Um | two hundred."),
    ("Would you like to upgrade?", "How much is it?"),
    ("Shall I read that back?", "No need."),
    ("Shall we say Friday?", "Let's say Friday."),
    ("When did it start?", "On Sunday / or late on Saturday."),
    ("Shall I send someone today?", "Could you?"),
    ("Can I take your name?", "What do you need it for?"),
    ("Can I put you on the waiting list?", "How long is it?"),
    ("When is your flight?", "It's on the | nineteenth of March."),
    ("Can you come to the shop?", "I'd have to get a lift."),
    ("Can you see a red light?", "It's green."),
    ("Can you describe the bag?", "It's a black leather thing with two handles."),
    ("What would you like to order?", "I'll have the | the lasagne / and a side salad."),
    ("Can I ask what happened?", "Somebody ran into the back of me."),
    ("Where does it hurt?", "Just under my ribs."),
    ("Where did you buy it?", "Online."),
    ("What would you like to drink?", "A pot of tea / please."),
    ("Where are you flying from?", "Heathrow."),
    ("Where would you like to sit?", "Outside, in the sun."),
    ("Who recommended us?", "You'd have to ask my husband."),
    ("What colour is the car?", "Silver / with a black roof."),
    ("Who is the letter from?", "That's what I can't make out."),
    ("Who should I ask for?", "Me."),
    ("How are you today?", "Not too bad, thanks."),
    ("What's your budget?", "No more than | fifteen hundred."),
    ("How do you take your coffee?", "Black."),
    ("How far have you driven?", "Only from Swindon."),
    ("How often does it happen?", "Every time it rains."),
    ("What do you want to do about it?", "I'd like to | to speak to your manager."),
    ("How bad is the pain from one to ten?", "Seven."),
    ("How much did you pay?", "Nothing, it was a gift."),
    ("How tall are you?", "Five foot eleven."),
    ("Anything else I can do for you?", "No / oh, actually, yes / my parking."),
    ("How would you like your hair?", "Just a trim."),
    ("How urgent is it?", "It can wait."),
    ("Which platform are you using?", "Android."),
    ("Is there anything else?", "No, I think | I think that's everything."),
    ("Which card is it?", "The gold one."),
    ("Which floor is your office on?", "The top."),
    ("Which evening would you like?", "The Saturday."),
    ("Shall I cancel it?", "No / leave it as it is."),
    ("Which plan are you on?", "The basic."),
    ("When is a good time to call back?", "Any time after lunch."),
    ("When is your birthday?", "It was yesterday."),
    ("Should I send it to your home?", "No / to my office, please."),
    ("When did you last see a dentist?", "Years ago."),
    ("When do you need it by?", "The end of the month."),
    ("I have ten or half past eleven. Which is better?", "Half past eleven."),
    ("Are you the account holder?", "No / I'm calling for my mother."),
    ("I can offer you a table at six or at nine.", "Six, then."),
    ("That comes to forty pounds. Is that okay?", "Fine by me."),
    ("I'm afraid we're full on Saturday. Is Sunday possible?", "Sunday's no good."),
    ("Are you free on Friday?", "I'd have to | ask my boss."),
    ("We can deliver on Thursday. Will that do?", "It'll have to."),
    ("Please tell me in a few words what you're calling about.", "Broken dishwasher."),
    ("Please say yes or no.", "Yes."),
    ("Who did you speak to last time?", "A lady called | Bernadette."),
    ("You can say sales, support or billing.", "Support."),
    ("Please tell me your destination.", "Bus station."),
    ("Your name, please?", "Greta."),
    ("Who is collecting the keys?", "My brother / or his wife."),
    ("And the street?", "Lavender Hill."),
    ("And the city?", "Albuquerque."),
    ("And what would you like to drink?", "Tap water's fine."),
    ("Why are you leaving us?", "To be honest | it's the service."),
    ("Is it this Friday or next Friday?", "This one."),
    ("Was that fifteen or fifty?", "One five."),
    ("Did you say Nicole or Nicola?", "Nicola, with an A."),
    ("Which seats would you like?", "Somewhere near | the front / if you've got any."),
    ("Are you sure you want to cancel?", "Positive."),
    ("So that's two tickets for the evening.", "No, three."),
    ("So your name is Simmonds?", "Simmons, no D."),
    ("Will you be bringing the children?", "Yes / both of them."),
)
"""(what the agent asked, the answer). A quarter have pauses."""

UNFINISHED = """\
I'm calling to ask about the
Could you put me through to
My daughter needs a
I'd like to speak with someone who
The reason I'm calling is that
It happened when I was
My order number is four seven
I wanted to find out whether
Can I get a quote for
So I went to the shop and
You said you'd send me the
It's spelled M A C
I was just going to
Is there any way that you could
My address is seventeen
The last time I spoke to you, you said
I'd be happy to pay if
We're looking for a hotel with
Tell him that I
It's not that I don't want to, it's just that
I need it by
Hello, I'm um
Do you have the one with
There was a woman at the counter who
My phone number is oh seven seven double oh
If you can't come today then
I think the problem is with the
Would it be cheaper to
My son and his
Yes, but the
I've been trying to get hold of
The thing about that is
No, not that one, the one in the
What I wanted to say was
I'd like two large coffees and
She's been feeling quite
Because every time I
My appointment is on Monday at
It's either the red one or
Can you tell Doctor
I bought it in your shop on
That would be great, except
The man who came to fix the
Well, it depends on
Although we did agree that
I'm allergic to nuts and
I was born on the fourth of
Is it possible to change my
He told me that I should
The card number is four nine two nine
I can't remember the name of the
When I try to log in it
How much does it cost to
Please make it out to Mister
I've got about
Do you know where I could
I want to | I want to
My name is | it's um
I had a booking for six people | and we
So anyway I rang the council and | and they
"""
"""Callers who break off and never go on."""

INTERRUPTIONS = """\
Sorry, can I stop you there?
No no no, that's not what I asked.
Wait a minute.
Hang on, hang on.
Hold on a second.
Excuse me, I've got a question.
Actually, I changed my mind.
Stop, please.
Could you go back a bit?
That's not my address.
You've got the wrong name.
I said Thursday, not Tuesday.
Yes, I know all that already.
Can I just say something?
What was that last number?
Sorry, how much?
Let me finish, please.
I don't want that.
Can you speak up? I can't hear you.
Just give me the price.
Never mind, forget it.
No, not the morning, the afternoon.
I'd rather talk to a person.
Operator.
Representative, please.
Slow down, I'm writing this down.
Sorry, what did you say?
Pardon?
Before you go on, is it free?
Okay but what about the deposit?
Yeah, but I've already done that.
Right, so can I come on Friday then?
But that's not fair.
Um, excuse me.
Listen, I'm in a hurry.
That doesn't work for me.
Oh, one more thing.
Hey, can you hear me?
Are you a robot?
Let me get a pen.
Just a moment, someone's at the door.
I didn't order any of those.
Which day was that?
Skip that bit.
You already told me that.
No thanks, I'm not interested.
Scrap that last one.
Who are you again?
What do you mean by that?
Look, I've only got two minutes.
Don't book it yet.
Make that three people.
Repeat that, please.
Sorry to interrupt, but I need to go.
And does that include tax?
Actually no, the other one.
That's the wrong order.
I have to stop you, my battery is nearly dead.
Whereabouts is that?
Please don't hang up on me.
"""
"""Callers who claim the floor while the agent talks."""

BACKCHANNELS = (
    ("mm, okay", "Mm, okay."),
    ("uh huh, uh huh", "Uh-huh, uh-huh."),
    ("hmm, okay", "Hmm, okay."),
    ("mm hmm, yeah", "Mm-hmm, yeah."),
    ("ah, got you", "Ah, got you."),
    ("ah, okay", "Ah, okay."),
    ("ah right", "Ah, right."),
    ("oh, is it", "Oh, is it?"),
    ("oh, I see", "Oh, I see."),
    ("oh right", "Oh, right."),
    ("oh, brilliant", "Oh, brilliant."),
    ("oh wow", "Oh, wow."),
    ("oh good", "Oh, good."),
    ("oh nice", "Oh, nice."),
    ("oh dear", "Oh dear."),
    ("oh no", "Oh no."),
    ("yeah, no, totally", "Yeah, no, totally."),
    ("yeah, okay", "Yeah, okay."),
    ("yeah, true", "Yeah, true."),
    ("yeah, of course", "Yeah, of course."),
    ("yep, got it", "Yep, got it."),
    ("yes, yes", "Yes, yes."),
    ("yes, I see", "Yes, I see."),
    ("yes, exactly", "Yes, exactly."),
    ("okey doke", "Okey-doke."),
    ("okay, lovely", "Okay, lovely."),
    ("okay, that makes sense", "Okay, that makes sense."),
    ("okay, fair enough", "Okay, fair enough."),
    ("okay, no worries", "Okay, no worries."),
    ("okay, cool", "Okay, cool."),
    ("righto", "Righto."),
    ("right, okay", "Right, okay."),
    ("right, yeah", "Right, yeah."),
    ("no problem", "No problem."),
    ("no worries", "No worries."),
    ("sure, sure", "Sure, sure."),
    ("sure thing", "Sure thing."),
    ("naturally", "Naturally."),
    ("I hear you", "I hear you."),
    ("gotcha", "Gotcha."),
    ("is that so", "Is that so?"),
    ("I understand", "I understand."),
    ("I know", "I know."),
    ("makes sense", "Makes sense."),
    ("that's right", "That's right."),
    ("that's fine", "That's fine."),
    ("that's good", "That's good."),
    ("sounds good", "Sounds good."),
    ("fair enough", "Fair enough."),
    ("fine", "Fine."),
    ("wonderful", "Wonderful."),
    ("lovely", "Lovely."),
    ("brilliant", "Brilliant."),
    ("perfect", "Perfect."),
    ("exactly", "Exactly."),
    ("absolutely", "Absolutely."),
    ("really", "Really?"),
    ("interesting", "Interesting."),
    ("good to know", "Good to know."),
    ("thank you", "Thank you."),
)
"""(pronounced, written) of listeners who do not claim the floor."""
