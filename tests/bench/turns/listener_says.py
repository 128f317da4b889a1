"""What the generated callers of `scripts/bench turns` say while the agent talks. Language data only.

The second, fourth, ... text of each list is held out from tuning, as in `sentences.py`.
"""

from __future__ import annotations

BACKCHANNELS = """\
Mm, yeah, okay.
Right, I see.
Oh, seriously?
Oh, honestly?
That makes sense, yeah.
Yeah, fair enough.
Okay, no problem.
Yeah, no problem.
Oh, that's great news.
Ah, that's handy.
Yeah, I know it.
Okay, I'm with you.
Right, got that.
Yep, yep, yep.
Mm, I thought so.
Uh-huh, I see.
Oh, that's a shame.
Oh, what a pity.
Yeah, I figured.
As I expected.
Okay, good to hear.
Great, that's great.
Fine, yeah.
That's fine, yeah.
Oh, fantastic.
Excellent, okay.
Sure, I understand.
Yeah, I can see that.
Gosh.
Goodness me.
No way.
You don't say.
Yeah, that's true.
True, true.
Well, of course.
Yes, of course.
Ah, so that's why.
Ah, I wasn't aware.
Right you are.
Okay then.
Very good.
Lovely, lovely.
Cool, cool.
Nice one.
Oh, that's interesting.
How interesting.
That works for me.
Suits me fine.
I'm listening.
I'm following.
Yes, I remember.
Yeah, I've heard about that.
Mm, I can imagine.
I bet.
Okay, understood.
Yes, clear.
I suppose so.
I guess so, yeah.
Yeah, probably.
Mm, maybe.
Quite, yes.
Indeed.
Oh, thank goodness.
What a relief.
Ah, okay, thanks.
Thanks, yeah.
Oh, right, okay.
Okay, yeah, sure.
Mhm, mhm, okay.
Yes, yes, yes.
Ooh, lovely.
Ooh, nice.
Huh, okay.
Hm, interesting.
Oh, well.
That's what I heard.
Sweet.
Awesome.
Alrighty.
Righty-ho.
"""
"""Listeners who do not claim the floor."""

GERMAN_BACKCHANNELS = """\
Genau, ja.
Ja, ja, genau.
Ach so, okay.
Ach, wirklich?
Verstehe, ja.
Okay, verstanden.
Echt?
Ehrlich?
Ja, das kenne ich.
Ja, hab ich gesehen.
Das ist ja toll.
Oh, das ist gut.
Kein Problem.
Macht nichts.
Mhm, gut.
Alles klar, gut.
Ja, das passt.
Passt schon.
Da haben Sie recht.
Das stimmt allerdings.
"""
"""The same, to an agent that speaks German."""

GERMAN_STATEMENTS = (
    "Wir haben von Montag bis Freitag zwischen neun und achtzehn Uhr geöffnet, und am Samstag schließen wir um eins. "
    "Parken können Sie hinter dem Haus, und der Eingang ist auf der linken Seite des Hofs neben der Bäckerei. "
    "Bringen Sie bitte Ihre Versichertenkarte mit.",
    "Ihr Paket hat unser Lager gestern Abend verlassen und sollte spätestens am Donnerstagnachmittag bei Ihnen sein. "
    "Der Fahrer klingelt zweimal und lässt eine Karte da, wenn niemand zu Hause ist. Dann können Sie es am nächsten "
    "Tag in der Filiale am Bahnhof abholen.",
)
"""What that agent says meanwhile. None of it asks anything."""

INTERRUPTIONS = """\
Sorry, one second.
Sorry, just a sec.
No, not that one.
No, the other way round.
Hang on a minute.
Hold it there.
Can I just
Could I just
That's wrong.
That's incorrect.
Which one?
Which street?
Speak up, please.
A bit louder, please.
Too fast.
Not so fast.
Say that again?
Come again?
Sorry, who?
Sorry, when?
What do you mean?
What does that mean?
How long?
How far?
Not Monday, Sunday.
Not fifteen, fifty.
It's Missus, actually.
It's Leonie with an I E.
No, I don't.
No, we didn't.
Quick question.
Question.
Can we go back?
Back up a second.
Start again, please.
Once more, please.
Skip to the end.
Get to the point.
I can't do Tuesday.
I won't be there.
I haven't finished.
I wasn't done.
That's too late.
That's too dear.
I'm losing you.
You're breaking up.
Don't send it.
Don't charge me yet.
Leave that out.
Take that off.
What about Saturdays?
What about my dog?
A human being, please.
An adviser, please.
Wait, what?
Whoa, whoa.
But why?
But since when?
Yes, but how much?
Yes, but not today.
"""
"""Callers who claim the floor while the agent talks, in few words."""
