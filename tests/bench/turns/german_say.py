"""What the German callers of `scripts/bench turns` say. Language data only; marks as in `sentences.py`.

They show how the agent does in a language whose words it cannot judge.
"""

from __future__ import annotations

HELLO = "Guten Tag, hier ist die Praxis am Markt. Was kann ich für Sie tun?"

REQUESTS = """\
Ich möchte | einen Termin absagen.
Können Sie mir sagen | ob Sie am Samstag geöffnet haben?
Guten Tag, ich rufe an wegen | meiner letzten Rechnung.
Ich habe gestern schon angerufen / und niemand hat zurückgerufen.
Haben Sie am Donnerstag noch etwas frei?
Wann machen Sie morgen auf?
Also das Problem ist | dass die Heizung nicht mehr geht.
Ich bräuchte | ein neues Rezept / für meine Mutter.
Wenn es am Sonntag regnet / findet der Ausflug dann trotzdem statt?
Ich wollte fragen | wie lange die Lieferung dauert.
Mein Name ist | Katharina Wolf / und ich habe für heute Abend reserviert.
Wir sind zu viert / und wir hätten gern einen Tisch am Fenster.
Könnten Sie mich bitte | mit der Buchhaltung verbinden?
Das Paket ist angeblich zugestellt / aber hier ist nichts angekommen.
Ich suche | ein Geschenk für meinen Bruder.
Wie viel kostet eine Reinigung?
Ich habe mein Passwort vergessen.
Bitte schicken Sie die Rechnung | an mein Büro.
Es geht um | die Waschmaschine / die Sie letzte Woche repariert haben.
Gibt es jemanden / der Englisch spricht?
Ich müsste meinen Termin verschieben / von Montag / auf Mittwoch.
Sagen Sie dem Arzt bitte | dass ich mich etwas verspäte.
Ich bin umgezogen / und möchte meine Adresse ändern.
Kann ich mit Karte bezahlen / oder nur bar?
Mir wurde gesagt / dass ich hier einen Antrag stellen kann.
Ich hätte gern | zwei Karten / für die Vorstellung am Freitag.
Der Aufzug ist schon wieder kaputt.
Wissen Sie vielleicht | wann der nächste Kurs anfängt?
Meine Tochter hat Fieber / und sie isst seit gestern nichts.
Was ich nicht verstehe ist | warum ich zweimal bezahlt habe.
Ich rufe an weil | meine Karte gesperrt ist.
Muss ich dafür einen Termin machen?
Eigentlich wollte ich | nur kurz nachfragen / ob alles geklappt hat.
Ich brauche ein Taxi | vom Bahnhof / zum Krankenhaus.
Ist es möglich | in zwei Raten zu bezahlen?
Ich warte seit einer halben Stunde / und es geht niemand ran.
Könnten Sie nachsehen | ob mein Ausweis fertig ist?
Wir kommen am Freitag an / ungefähr um acht.
Haben Sie auch | glutenfreie Brötchen?
Die Maschine macht | so ein komisches Geräusch.
Ich möchte mich | über einen Fahrer beschweren.
Kann mein Hund mitkommen / wenn er an der Leine bleibt?
Ich habe ein Zimmer gebucht / auf den Namen Lindner / für drei Nächte.
Sie wollten jemanden schicken / zwischen acht und zwölf.
Wo kann ich bei Ihnen parken?
Ich weiß nicht mehr | bei welchem Arzt ich war.
"""

GROUPS = (
    ("", "Meine Nummer ist null eins sieben | drei vier vier | acht null zwei."),
    ("Wie lautet die Kundennummer?", "vier vier sieben | neun eins zwei | sechs."),
    ("", "Die Postleitzahl ist acht null | drei drei eins."),
    ("Unter welcher Nummer erreichen wir Sie?", "null acht neun | fünf fünf zwei | sieben eins eins."),
)

ANSWERS = (
    ("Für wie viele Personen?", "Für vier."),
    ("Wann würde es Ihnen passen?", "Am Dienstag / oder am Mittwoch."),
    ("Waren Sie schon einmal bei uns?", "Ja."),
    ("Sind Sie gesetzlich versichert?", "Nein, privat."),
    ("Um wie viel Uhr?", "Gegen | halb neun."),
    ("Wie ist Ihr Name, bitte?", "Hoffmann."),
    ("Vormittags oder nachmittags?", "Lieber nachmittags."),
    ("Welches Modell haben Sie?", "Das kleine / in Schwarz."),
)
