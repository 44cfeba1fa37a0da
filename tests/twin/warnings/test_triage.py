from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.warnings.finding import Severity
from twin.warnings.triage import Ahead, Deviation, Known, OpenAlert, Risk, place


def alert(severity, *, acknowledged=False, title="High pulse"):
    return OpenAlert(title, severity, acknowledged)


IN_ORDER = [
    Known(),
    Known(risks=(Risk("PHQ-9", "Moderate", to_watch=True),)),
    Known(risks=(Risk("SCORE2", "High", True, 7.6), Risk("PREVENT", "Borderline", False, 6.0))),
    Known(ahead=Ahead("Weight above 80 kg", 0.4, None), risks=(Risk("SCORE2", "Low", False, 2.0),)),
    Known(ahead=Ahead("Weight above 80 kg", 0.9, None)),
    Known(deviation=Deviation("Resting heart rate", -3.0)),
    Known(deviation=Deviation("Resting heart rate", 5.0), ahead=Ahead("Weight above 80 kg", 1.0, None)),
    Known(early_warning=3),
    Known(early_warning=7),
    Known(alerts=(alert(Severity.INFORMATION, acknowledged=True),)),
    Known(alerts=(alert(Severity.INFORMATION),)),
    Known(alerts=(alert(Severity.CAUTION, acknowledged=True),), early_warning=12),
    Known(alerts=(alert(Severity.CAUTION),)),
    Known(alerts=(alert(Severity.CAUTION),) * 3),
    Known(alerts=(alert(Severity.URGENT, acknowledged=True), alert(Severity.CAUTION))),
    Known(alerts=(alert(Severity.URGENT),)),
    Known(alerts=(alert(Severity.CRITICAL, acknowledged=True),)),
    Known(alerts=(alert(Severity.CRITICAL),)),
]


def test_places_are_in_the_order_of_what_is_worse():
    ranks = [place(known).rank for known in IN_ORDER]
    assert ranks == sorted(set(ranks))
    assert ranks[0] == 0


@pytest.mark.parametrize(
    ("known", "reasons"),
    [
        (Known(), ()),
        (Known(alerts=(alert(Severity.CAUTION, acknowledged=True),)), ("High pulse, seen to",)),
        (
            Known(
                alerts=(
                    alert(Severity.CAUTION, title="Weight gain"),
                    alert(Severity.URGENT),
                    alert(Severity.INFORMATION, title="Silent scale"),
                    alert(Severity.INFORMATION, title="Silent watch"),
                )
            ),
            ("High pulse", "Weight gain", "2 more open"),
        ),
        (Known(early_warning=0), ()),
        (Known(early_warning=5), ("NEWS2 at least 5",)),
        (Known(deviation=Deviation("Weight", 1.9)), ()),
        (Known(deviation=Deviation("Weight", -2.0)), ("Weight well below what is usual",)),
        (Known(ahead=Ahead("Weight above 80 kg", 0.49, None)), ()),
        (
            Known(ahead=Ahead("Weight above 80 kg", 0.734, date(2026, 12, 3))),
            ("Weight above 80 kg: 73 % likely by 3 December",),
        ),
        (Known(ahead=Ahead("Weight above 80 kg", 1.0, None, passed=True)), ("Weight above 80 kg",)),
        (
            Known(risks=(Risk("PHQ-9", "Moderate", True), Risk("SCORE2", "High", True, 7.6))),
            ("SCORE2: High, 8 %", "PHQ-9: Moderate"),
        ),
        (Known(risks=(Risk("SCORE2", "Low to moderate", False, 3.0),)), ()),
    ],
)
def test_reasons_are_in_words_and_the_worst_comes_first(known, reasons):
    assert place(known).reasons == reasons


severities = st.builds(alert, st.sampled_from(Severity), acknowledged=st.booleans())
knowns = st.builds(
    Known,
    alerts=st.lists(severities, max_size=120).map(tuple),
    early_warning=st.none() | st.integers(0, 20),
    deviation=st.none() | st.builds(Deviation, st.just("Weight"), st.floats(-50, 50)),
    ahead=st.none() | st.builds(Ahead, st.just("Weight"), st.floats(0, 1), st.none()),
    risks=st.lists(
        st.builds(Risk, st.just("SCORE2"), st.just("High"), st.booleans(), st.none() | st.floats(0, 200)),
        max_size=3,
    ).map(tuple),
)


@given(knowns, knowns)
def test_ranks_compare_as_their_parts_do_and_fit_into_the_database(one, other):
    places = place(one), place(other)
    assert (places[0].rank < places[1].rank) == (places[0].parts < places[1].parts)
    assert 0 <= places[0].rank < 2**63
