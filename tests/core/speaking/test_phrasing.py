"""Phrasing: the text of a reply -> units that can be spoken."""

from __future__ import annotations

import pytest

from telephony.core.speaking.phrasing import LONGEST_UNIT_CHARS, Phrasing


def units(text: str, size: int = 3, *, ordinals: bool = False) -> list[str]:
    """The units of `text`, fed in pieces of `size` characters as a model would."""
    phrasing, found = Phrasing(ordinals=ordinals), []
    for at in range(0, len(text), size):
        found += phrasing.add(text[at : at + size])
    return found + phrasing.end()


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
def test_units_end_with_sentences(size: int) -> None:
    """The units are the sentences, however the text is split into deltas."""
    assert units("We open at nine. On Sundays we are closed! Anything else?", size) == [
        "We open at nine.",
        "On Sundays we are closed!",
        "Anything else?",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith sees you at 3.30 p.m. today.",
        "It costs 3.50 with tax.",
        'He said "Yes." and left.',
        "Ask for J. Doe please.",
    ],
)
def test_full_stops_that_end_no_sentence(text: str) -> None:
    """Abbreviations, initials, decimals and quotations do not end a unit."""
    assert units(text)[0] in (text, 'He said "Yes."')


def test_only_the_first_unit_may_end_at_a_clause() -> None:
    """The first words of a long sentence are spoken early; later sentences stay whole."""
    text = (
        "If you would like to come this evening, we still have a table for two by the window near the door. "
        "If you would rather come tomorrow, we have several tables free at any time of the evening you like."
    )
    found = units(text)
    assert found[0] == "If you would like to come this evening,"
    assert len(found) == 3


def test_a_short_first_sentence_is_not_split() -> None:
    """Only a long sentence is split at a clause."""
    assert units("Yes, of course, we can.") == ["Yes, of course, we can."]


def test_a_sentence_without_end_is_split_at_words() -> None:
    """If the model never ends its sentence, speech still starts."""
    found = units("word " * 200)
    assert all(len(unit) <= LONGEST_UNIT_CHARS for unit in found)
    assert " ".join(found).split() == ["word"] * 200


def test_nothing_is_lost_or_invented() -> None:
    """All words appear once, in order."""
    text = "One. Two, three; four: five - six!\nSeven?\n\n- eight\n1. nine"
    assert "".join(units(text)).replace(" ", "") == text.replace(" ", "").replace("\n", "")


# --- where a sentence ends --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes. No", ["Yes.", "No"]),
        ("Yes! No", ["Yes!", "No"]),
        ("Yes? No", ["Yes?", "No"]),
        ("Yes… No", ["Yes…", "No"]),
        ("Yes... No", ["Yes...", "No"]),
        ("Yes?! No", ["Yes?!", "No"]),
        ("Yes.\tNo", ["Yes.", "No"]),
        ('"Yes." No', ['"Yes."', "No"]),
        ("(Yes.) No", ["(Yes.)", "No"]),
        ("Is it *true?* No", ["Is it *true?*", "No"]),
        ("Yes.No", ["Yes.No"]),
        ("What?No", ["What?No"]),
        ("是的。好", ["是的。", "好"]),
        ("是的！好", ["是的！", "好"]),
        ("是吗？好", ["是吗？", "好"]),
    ],
)
def test_a_sentence_ends_with_its_punctuation_and_closing_marks(text: str, expected: list[str]) -> None:
    """White space must follow, except in scripts that have none between sentences."""
    assert units(text, 1_000) == expected
    assert units(text, 1) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask Mr. Doe", ["Ask Mr. Doe"]),
        ("Ask (Mr. Doe)", ["Ask (Mr. Doe)"]),
        ('Ask "Dr. Doe"', ['Ask "Dr. Doe"']),
        ("At 5 p.m. Monday", ["At 5 p.m. Monday"]),
        ("Ask J. Doe", ["Ask J. Doe"]),
        ("Plan B. Go", ["Plan B. Go"]),
        ("It is 5. Yes", ["It is 5.", "Yes"]),
        ("1. Yes", ["1. Yes"]),
        ("12. Yes", ["12. Yes"]),
        (" 1. Yes", ["1. Yes"]),
        ("Is it J? Yes", ["Is it J?", "Yes"]),
        ("Ask Dr! Now", ["Ask Dr!", "Now"]),
        (". Yes", [".", "Yes"]),
    ],
)
def test_a_full_stop_after_an_abbreviation_an_initial_or_a_list_number(text: str, expected: list[str]) -> None:
    """It does not end a sentence. One after a number within a line does, and so does any other mark."""
    assert units(text, 1_000) == expected


def test_a_line_break_ends_a_unit_unless_it_is_empty() -> None:
    """Models write lists. Blank lines are not units."""
    assert units("\n\nYes\nNo\n \nAnd", 1_000) == ["Yes", "No", "And"]
    assert Phrasing().add("Yes\n") == ["Yes"]
    assert Phrasing().add("\n \n") == []
    assert Phrasing().add(" " * (LONGEST_UNIT_CHARS + 9)) == []


def test_a_sentence_is_returned_once_the_next_text_begins() -> None:
    """Until then "3." may be the beginning of "3.50"."""
    phrasing = Phrasing()
    assert phrasing.add("It costs 3.") == []
    assert phrasing.add("50. ") == ["It costs 3.50."]
    assert phrasing.end() == []
    assert phrasing.add("Ye") == []
    assert phrasing.end() == ["Ye"]
    assert phrasing.end() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("हाँ। हम नौ बजे खुलते हैं।", ["हाँ।", "हम नौ बजे खुलते हैं।"]),
        ("هل أنت هنا؟ نعم", ["هل أنت هنا؟", "نعم"]),
        ("جی ہاں۔ ہم کھلے ہیں۔", ["جی ہاں۔", "ہم کھلے ہیں۔"]),
        ("Այո։ Մենք բաց ենք։", ["Այո։", "Մենք բաց ենք։"]),
        ("បាទ។ យើងបើក។", ["បាទ។", "យើងបើក។"]),
        ("አዎ። ክፍት ነን።", ["አዎ።", "ክፍት ነን።"]),
        ("ဟုတ်ကဲ့။ ဖွင့်ပါတယ်။", ["ဟုတ်ကဲ့။", "ဖွင့်ပါတယ်။"]),
        ("はい。九時です。「どうぞ。」", ["はい。", "九時です。", "「どうぞ。」"]),
        ("Ναι. Είμαστε ανοιχτά!", ["Ναι.", "Είμαστε ανοιχτά!"]),
    ],
)
def test_the_sentence_ends_of_every_script(text: str, expected: list[str]) -> None:
    assert units(text, 1_000) == expected


@pytest.mark.parametrize("text", ["हाँ।", "هل أنت هنا؟", "جی ہاں۔", "Այո։", "បាទ។", "አዎ።", "是的。"])
def test_an_end_with_one_meaning_waits_for_nothing(text: str) -> None:
    """The first unit is released at once."""
    assert Phrasing().add(text) == [text]


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
@pytest.mark.parametrize(
    "text",
    [
        "Das macht $1,234.56 zusammen",
        "It costs 3.5 dollars",
        "Es sind 1.234,50 Euro",
        "Call Dr. Smith or Mrs. Doe",
        "Wir haben z. B. am Montag offen",
        "Das sind ca. zwanzig Minuten",
        "La Sra. García y el Dr. Ruiz",
        "Av. de América, n.º 12",
        "Mme Dupont et M. Martin, av. Foch",
        "La Dott.ssa Bianchi e il Sig. Rossi",
        "Bijv. maandag, dhr. Jansen en mevr. De Vries",
        "Open from 9 a.m. to 5 p.m. daily",
        "Kaffee, Tee usw. gibt es auch",
        "Custa R$ 1.234,56 por mês",
        "On Jan. 5, 2027",
        "Dial ext. 45 or ext. -12",
        "A $5.99/mo. plan and 3 lbs. of flour",
        "Hauptstr. 5 und Bahnhofstr. 12",
        "Mo.–Fr. 9–18 Uhr",
    ],
)
def test_no_unit_ends_within_a_value_or_behind_an_abbreviation(text: str, size: int) -> None:
    """However the text is split into deltas."""
    assert units(text, size) == [text]


@pytest.mark.parametrize("size", [1, 1_000])
@pytest.mark.parametrize(
    ("text", "ordinals", "expected"),
    [
        ("Am 5. März geht es", True, ["Am 5. März geht es"]),
        ("Im 3. Stock. Gut", True, ["Im 3. Stock.", "Gut"]),
        ("Es war 2019. Gut", True, ["Es war 2019.", "Gut"]),
        ("It is 5. Yes", False, ["It is 5.", "Yes"]),
        ("Am 24.12. um acht", True, ["Am 24.12. um acht"]),
        ("Am 24.12. Gut", True, ["Am 24.12.", "Gut"]),
        ("Vom 3.–5. März", True, ["Vom 3.–5. März"]),
        ("It is 24.12. yes", False, ["It is 24.12.", "yes"]),
        ("Ja. 5 Tische", True, ["Ja.", "5 Tische"]),
        ("On Sun. We", False, ["On Sun.", "We"]),
    ],
)
def test_a_number_with_a_full_stop_is_an_ordinal_in_some_languages(
    text: str, ordinals: bool, expected: list[str], size: int
) -> None:
    assert units(text, size, ordinals=ordinals) == expected


# --- the first unit ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "splits"), [(59, False), (60, True), (61, True)])
def test_a_clause_is_returned_once_its_sentence_is_long(length: int, splits: bool) -> None:
    """Long means 60 characters without a sentence end."""
    text = ("a" * 40 + ", ").ljust(length, "b")
    assert Phrasing().add(text) == (["a" * 40 + ","] if splits else [])


@pytest.mark.parametrize(("at", "splits"), [(29, False), (30, True), (31, True)])
def test_a_clause_is_returned_only_if_it_is_long(at: int, splits: bool) -> None:
    """It needs 30 characters before its punctuation."""
    text = ("a" * at + ", ").ljust(90, "b")
    assert Phrasing().add(text) == (["a" * at + ","] if splits else [])


@pytest.mark.parametrize("size", [1, 2, 1_000])
@pytest.mark.parametrize(
    ("text", "lead_in"),
    [
        ("All right, let me see.", "All right,"),
        ("No problem, you can come by.", "No problem,"),
        ("Of course, Mr. Smith.", "Of course,"),
        ("Thank you very much, I have it.", "Thank you very much,"),
        ("I’m sorry, we are closed.", "I’m sorry,"),
        ("Natürlich, gerne.", "Natürlich,"),
        ("Bien sûr, à quelle heure ?", "Bien sûr,"),
        ("Por supuesto, un momento.", "Por supuesto,"),
        # the beginning of what is said is none
        ("Yes, we are open.", ""),
        ("We have red, green and blue.", ""),
        ("Press one, two or three.", ""),
        ("It costs twenty, not thirty.", ""),
        ("Forty two, Baker Street.", ""),
        ("At 9 a.m., or later.", ""),
        ("Dr. Miller, please wait.", ""),
        ("It is Thu, Nov fifth.", ""),
        # a number follows, nothing has followed yet, no white space
        ("All right, 12 rooms are free.", ""),
        ("All right,", ""),
        ("All right,yes.", ""),
    ],
)
def test_a_lead_in_of_a_few_words_is_the_first_unit(text: str, lead_in: str, size: int) -> None:
    """One of a fixed list, in any language. Only the first unit may be one."""
    assert units(text, size) == ([lead_in, text[len(lead_in) :].strip()] if lead_in else [text])
    assert units(f"Good. {text}", size)[1:] == [text]


def test_a_clause_ends_with_punctuation_before_white_space() -> None:
    """ "1,000" and "10:30" are not split, and the first boundary is used."""
    assert Phrasing().add(("a" * 40 + ",").ljust(90, "b")) == []
    assert Phrasing().add("a" * 88 + ", ") == ["a" * 88 + ","]
    assert Phrasing().add("a" * 89 + ",") == []
    assert Phrasing().add(("a" * 32 + " " + "b" * 10 + ", ").ljust(90, "c")) == ["a" * 32 + " " + "b" * 10 + ","]
    for sign in ",;:—–":
        assert Phrasing().add("a" * 40 + f"{sign} b, ".ljust(50, "c")) == ["a" * 40 + sign]


def test_a_clause_does_not_end_before_a_number() -> None:
    """ "9 – 17 Uhr" is one value, and "PIN: 1234" is read by its word."""
    for text in ("a" * 40 + " von 9 – 17 Uhr ", "a" * 40 + " your PIN: 1234 is here "):
        assert Phrasing().add(text.ljust(90, "b")) == []


def test_commas_of_other_scripts_end_a_clause() -> None:
    """Those of Chinese and Japanese need no white space, and a space is the comma of Thai."""
    for text in ("是" * 40 + "，", "نعم" * 20 + "، ", "ใช่" * 20 + " "):
        assert Phrasing().add(text.ljust(90, "好")) == [text.strip()]


def test_the_second_unit_is_whole_however_the_first_one_ended() -> None:
    """This also holds when the first unit was a short sentence. A leading blank line is no unit."""
    clause = ("a" * 40 + ", ").ljust(90, "b")
    phrasing = Phrasing()
    assert phrasing.add("\n" + clause) == ["a" * 40 + ","]
    later = Phrasing()
    assert later.add("Yes. " + clause) == ["Yes."]


# --- the longest unit -------------------------------------------------------------------------------------------------


def test_a_unit_that_is_too_long_is_not_split_within_a_value() -> None:
    """If there is another space."""
    text = "word " * 60 + "costs exactly 1 234 567 890 € now"
    assert Phrasing().add(text) == [("word " * 60 + "costs").strip()]


def test_a_unit_is_split_at_the_last_space_before_the_limit() -> None:
    """It is split only beyond the limit; without any space, in the middle of the word."""
    phrasing = Phrasing()
    assert phrasing.add("Yes. " + "a" * 300 + " " + "b" * 18) == ["Yes."]  # with its space, 320 characters are left
    assert phrasing.add("b") == ["a" * 300]
    assert phrasing.end() == ["b" * 19]
    assert Phrasing().add("a" * LONGEST_UNIT_CHARS) == []
    assert Phrasing().add("Yes\n" + "a" * LONGEST_UNIT_CHARS) == ["Yes"]  # the line break is part of neither
    assert Phrasing().add("a" * (LONGEST_UNIT_CHARS + 9)) == ["a" * LONGEST_UNIT_CHARS]
