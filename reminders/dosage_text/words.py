"""The words of dosage instructions, English and German, as patterns over plain text. Pure data."""

import re
from collections.abc import Mapping

from reminders.timing.codes import TO_CONFIRM
from reminders.timing.fields import WEEKDAYS

UNITS: Mapping[str, str] = {
    "tablet": r"tablets?|tabs?|tabl|tbl|tabletten?",
    "capsule": r"capsules?|caps?|kapseln?|kps",
    "mL": r"mls?|millilit(?:er|re)s?",
    "drop": r"drops?|gtts?|tropfen|trpf|tr",
    "puff": r"puffs?|inhalations?|hub|hübe",
    "spray": r"sprays?|sprühstoß|sprühstöße",
    "unit": r"units?|iu|i\.e|ie|einheit(?:en)?",
    "sachet": r"sachets?|beutel|btl",
    "patch": r"patch(?:es)?|pflaster",
    "suppository": r"suppositor(?:y|ies)|zäpfchen|supp",
    "piece": r"stück|stk",
    "mg": r"mg|milligramm?s?",
    "g": r"g|gramm?s?",
    "ug": r"µg|ug|mcg|micrograms?|mikrogramm",
}
NUMBERS: Mapping[str, str] = {
    r"one and a half|eineinhalb|anderthalb|1 and a half": "1.5",
    r"one[ -]half|half an?|half|(?:eine )?halbe[nr]?|½": "0.5",
    r"once|einmal": "1 times",
    r"twice|zweimal": "2 times",
    r"thrice|dreimal": "3 times",
    r"viermal": "4 times",
    r"fünfmal": "5 times",
    r"sechsmal": "6 times",
    r"twenty[ -]four|vierundzwanzig": "24",
    r"one|eine?|einen|eines|einer": "1",
    r"two|zwei": "2",
    r"three|drei": "3",
    r"four|vier": "4",
    r"five|fünf": "5",
    r"six|sechs": "6",
    r"seven|sieben": "7",
    r"eight|acht": "8",
    r"nine|neun": "9",
    r"ten|zehn": "10",
    r"twelve|zwölf": "12",
}
WHENS: Mapping[str, str] = {
    "MORN": r"in the mornings?|(?:every|each) morning|mornings?|morgens|am morgen|früh",
    "NOON": r"at (?:noon|midday)|noon|mittags|am mittag",
    "AFT": r"in the afternoons?|(?:every|each) afternoon|nachmittags|am nachmittag",
    "EVE": r"in the evenings?|(?:every|each) evening|evenings?|abends|am abend",
    "NIGHT": r"at night|(?:every|each) night|nightly|nocte|nachts|zur nacht",
    "HS": r"(?:at|before) bed(?:time)?|before going to bed|hs|vor dem (?:schlafen(?:gehen)?|zubettgehen)",
    "WAKE": r"(?:on|after|upon) (?:waking|awakening)|nach dem (?:aufwachen|aufstehen)",
    "CM": r"with breakfast|zum frühstück",
    "ACM": r"before breakfast|vor dem frühstück",
    "PCM": r"after breakfast|nach dem frühstück",
    "CD": r"with lunch|zum mittagessen",
    "ACD": r"before lunch|vor dem mittagessen",
    "PCD": r"after lunch|nach dem mittagessen",
    "CV": r"with (?:dinner|supper)|zum abendessen",
    "ACV": r"before (?:dinner|supper)|vor dem abendessen",
    "PCV": r"after (?:dinner|supper)|nach dem abendessen",
}
ONE_TIME = (
    {"MORN", "CM", "ACM", "PCM", "WAKE"},
    {"NOON", "CD", "ACD", "PCD"},
    {"EVE", "CV", "ACV", "PCV"},
    {"NIGHT", "HS"},
)
"""Words that may say the same time of the day twice: "every morning with breakfast" is one dose."""
MEALS: Mapping[str, str] = {
    "C": r"with (?:each |every )?meals?|zu den mahlzeiten|zu jeder mahlzeit",
    "AC": r"before (?:each |every )?meals?|ac|vor den mahlzeiten|vor dem essen",
    "PC": r"after (?:each |every )?meals?|pc|nach den mahlzeiten|nach dem essen",
}
WEEKDAY_WORDS: Mapping[str, str] = {
    day: rf"(?:on |every |each |jeden |am )?(?:{names})"
    for day, names in zip(
        WEEKDAYS,
        (
            "mondays?|montags?",
            "tuesdays?|dienstags?",
            "wednesdays?|mittwochs?",
            "thursdays?|donnerstags?",
            "fridays?|freitags?",
            "saturdays?|samstags?|sonnabends?",
            "sundays?|sonntags?",
        ),
        strict=True,
    )
}
CODE_WORDS: Mapping[str, str] = {
    **{code: re.escape(code.lower()) for code in ("QD", "BID", "TID", "QID", "QOD")},
    "BID": "bid|bd",
    "TID": "tid|tds",
    "QID": "qid|qds",
    "BED": "qhs",
    "AM": "qam",
    "WK": "qw",
}
# Possessive: a number is read whole or not at all, never 0 out of 0.5.
PLAIN = r"\d++(?:\.\d++)?+"
NUMBER = f"({PLAIN})"
A_DAY = (
    r"(?:a day|per day|each day|every day|daily|/ ?d(?:ay)?|täglich|tägl|tgl|am tag|pro tag|"
    r"in 24 (?:hours|h|stunden))"
)
TIMES = r"(?:times|time|x|mal|×)"
UNIT = "|".join(f"(?:{words})" for words in UNITS.values())
FILLER = (
    r"take|takes|nehmen(?: sie)?|einnehmen|use|apply|swallow|inhale|inject|to be taken|sie|by mouth|po|"
    r"per os|orally|oral|by oral route|zum einnehmen|je|jeweils|with (?:plenty of |a glass of )?water|"
    r"mit (?:etwas |viel |reichlich )?wasser|with food|mit nahrung|unzerkaut"
)
PRN = (
    r"(?:as|if|when) (?:needed|required|necessary)|prn|bei bedarf|b\.? ?bed|falls nötig|wenn nötig|"
    r"bedarfsweise"
)
RANGE = re.compile(rf"{PLAIN} ?(?:-|to|or|bis|oder) ?{PLAIN}(?! ?-)")
REASON = re.compile(r"(?:for|bei|gegen|wegen) ([a-zäöüß]+(?: [a-zäöüß]+){0,3})(?=$|[,;.])")
CONFIRM_WORDS = re.compile(r"|".join(re.escape(code.lower()) for code in TO_CONFIRM if code != "PRN"))
CHANGES = (
    r"then|dann|danach|taper\w*|increas\w*|decreas\w*|reduc\w*|except|skip|alternat\w*|"
    r"erhöh\w*|steiger\w*|ausschleich\w*|einschleich\w*|reduzier\w*|außer|pause|abwechselnd"
)
"""Words after which what was said before no longer holds."""
