"""The dozen patients made of openly licensed series: every name, birth date and place is invented. Pure."""

from datetime import date

from backend.rules import Level, Topic
from twin.demo.person import Grant, Person
from twin.demo.volunteer import Journey, Volunteer

TEAM = "Diabetes and heart team"
CARE = {
    Topic.VITALS: Level.ACT,
    Topic.GLUCOSE: Level.ACT,
    Topic.MEDICATION: Level.ACT,
    Topic.RECORDS: Level.ACT,
}

_TO_TEAM = (Grant(CARE, to_team=TEAM),)
_TYPE_1 = ("Type 1 diabetes mellitus",)
_MMOL = {"glucose": "mmol/L", "glucose_cgm": "mmol/L"}
_US = {"weight": "[lb_av]", "temperature": "[degF]", "height": "[in_i]"}
_LIFESNAPS, _HUPA, _FITABASE = "LifeSnaps data set", "HUPA-UCM data set", "Fitabase data set"

_OTTILIE = Volunteer(
    "lifesnaps_p65", _LIFESNAPS, "America/New_York", journey=Journey("Europe/Lisbon", left=24, days=13)
)

PEOPLE = (
    Person(
        "Peregrine Thistlewood",
        "peregrine.thistlewood@pollux.example",
        date(1979, 2, 28),
        "male",
        "Europe/London",
        "en-GB",
        Volunteer("lifesnaps_p51", _LIFESNAPS, "Europe/London").items,
        grants=_TO_TEAM,
    ),
    Person(
        "Ottilie Quillfeather",
        "ottilie.quillfeather@pollux.example",
        date(1990, 12, 31),
        "female",
        "America/New_York",
        "en-US",
        _OTTILIE.items,
        units=_US,
        grants=_TO_TEAM,
        zones=_OTTILIE.zones,
    ),
    Person(
        "Bartholomew Featherstonehaugh-Montgomery Dandelion-Wolkenschieber",
        "bartholomew.dandelion@pollux.example",
        date(1968, 7, 9),
        "male",
        "Australia/Sydney",
        "en-AU",
        Volunteer("lifesnaps_p11", _LIFESNAPS, "Australia/Sydney").items,
        grants=_TO_TEAM,
    ),
    Person(
        "Anaïs Nuage-Périgord",
        "anais.nuage@pollux.example",
        date(1994, 5, 17),
        "female",
        "Europe/Paris",
        "fr-FR",
        Volunteer("lifesnaps_p17", _LIFESNAPS, "Europe/Paris").items,
        grants=(Grant({Topic.VITALS: Level.READ}, to_team=TEAM),),
    ),
    Person(
        "Inés Molinillo de Viento y Castañares",
        "ines.molinillo@pollux.example",
        date(1985, 10, 3),
        "female",
        "America/Argentina/Buenos_Aires",
        "es-AR",
        Volunteer("hupa_HUPA0011P", _HUPA, "America/Argentina/Buenos_Aires", _TYPE_1).items,
        grants=_TO_TEAM,
    ),
    Person(
        "Tadeo Farolito",
        "tadeo.farolito@pollux.example",
        date(1999, 1, 22),
        "male",
        "America/Bogota",
        "es-CO",
        Volunteer("hupa_HUPA0023P", _HUPA, "America/Bogota", _TYPE_1).items,
        grants=_TO_TEAM,
    ),
    Person(
        "Juniper Saltwhistle",
        "juniper.saltwhistle@pollux.example",
        date(1957, 8, 14),
        "female",
        "America/Phoenix",
        "en-US",
        Volunteer("azt1d_5", "AZT1D data set", "America/Phoenix", _TYPE_1).items,
        units=_US,
        grants=_TO_TEAM,
    ),
    Person(
        "Cornelius Bramblebrook",
        "cornelius.bramblebrook@pollux.example",
        date(1972, 11, 5),
        "male",
        "Atlantic/Reykjavik",
        "en-GB",
        Volunteer("t1d_uom_2308", "T1D-UOM data set", "Atlantic/Reykjavik", _TYPE_1).items,
        units=_MMOL,
        grants=_TO_TEAM,
    ),
    Person(
        "Wilhelmina Larkspur-Ashgrove",
        "wilhelmina.larkspur@pollux.example",
        date(2001, 4, 30),
        "female",
        "Asia/Kolkata",
        "en-IN",
        Volunteer("brist1d_P12", "BrisT1D-Open data set", "Asia/Kolkata", _TYPE_1).items,
        units=_MMOL,
        grants=_TO_TEAM,
    ),
    Person(
        "Kaito Mizutama",
        "kaito.mizutama@pollux.example",
        date(1988, 6, 21),
        "male",
        "Asia/Tokyo",
        "ja-JP",
        Volunteer("fitabase_2347167796", _FITABASE, "Asia/Tokyo").items,
        grants=_TO_TEAM,
    ),
    Person(
        "Akua Sunbird-Mensah",
        "akua.sunbird@pollux.example",
        date(1976, 9, 8),
        "female",
        "Africa/Accra",
        "en-GH",
        Volunteer("fitabase_6117666160", _FITABASE, "Africa/Accra").items,
        grants=_TO_TEAM,
    ),
    # Shares with nobody: the one whose chart opens only in an emergency.
    Person(
        "Þorbjörg Vindmylla",
        "thorbjorg.vindmylla@pollux.example",
        date(1964, 3, 2),
        "female",
        "Africa/Johannesburg",
        "en-ZA",
        Volunteer("krone_2", "Krone 2020 data set", "Africa/Johannesburg").items,
    ),
)
