"""Open mHealth and IEEE 1752.1: the schemas' own test data, each shape of a file, and damage of each sort."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import open_mhealth
from twin.intake.acceptance import accept
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples
from twin.intake.open_mhealth.measures import MEASURES
from twin.kinds import KINDS
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "open_mhealth"
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3_600_000

with zipfile.ZipFile(SAMPLES / "schemas_test_data.zip") as archive:
    PUBLISHED = {name: archive.read(name) for name in archive.namelist()}

AT = {"date_time": "2024-03-01T07:25:00+01:00"}
AN_HOUR = {
    "time_interval": {
        "start_date_time": "2024-03-01T07:00:00+01:00",
        "end_date_time": "2024-03-01T08:00:00+01:00",
    }
}


def read(*documents: Any, person: str | None = None) -> list[Item]:
    content = "\n".join(json.dumps(document) for document in documents).encode()
    return list(open_mhealth.read(io.BytesIO(content), zone=ZONE, person=person))


def rows(items: list[Item]) -> list[tuple[str, str, float]]:
    return [
        (item.kind, item.unit, value)
        for item in items
        if isinstance(item, Samples)
        for value in item.columns.value.tolist()
    ]


def heart_rate(value: float = 60, **changes: Any) -> dict[str, Any]:
    return {"heart_rate": {"value": value, "unit": "beats/min"}, "effective_time_frame": AT} | changes


def point(body: Any, **header: Any) -> dict[str, Any]:
    schema = {"namespace": "omh", "name": "heart-rate", "version": "2.0"}
    return {"header": {"id": "1", "schema_id": schema} | header, "body": body}


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "/shouldFail/" in name])
def test_read_of_a_body_that_the_schemas_refuse_keeps_nothing(name: str) -> None:
    raw = PUBLISHED[name]
    items = list(open_mhealth.read(io.BytesIO(raw), zone=ZONE))

    assert all(isinstance(item, Problem) for item in items)
    assert sum(item.count for item in items if isinstance(item, Problem)) == 1


# What the schemas allow and Pollux has no place for: without a time, or a statistic, or of no kind.
NOT_KEPT = {
    "-only.json": {ProblemCode.BAD_TIME},
    "blood-glucose/1.0": {ProblemCode.BAD_TIME, ProblemCode.UNSUPPORTED_RESOURCE},
    "with-specimen-source": {ProblemCode.BAD_TIME},
    "with-everything": {ProblemCode.UNSUPPORTED_RESOURCE},
    "with-time-frame": {ProblemCode.BAD_TIME},
    "statistic": {ProblemCode.UNSUPPORTED_RESOURCE, ProblemCode.BAD_TIME},
    "step-count": {ProblemCode.UNSUPPORTED_RESOURCE, ProblemCode.BAD_TIME},
    "empty-body": {ProblemCode.MALFORMED},
    "rr-interval": {ProblemCode.UNKNOWN_KIND},
}


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "/shouldPass/" in name])
def test_read_of_a_body_that_the_schemas_allow_is_kept_or_counted(name: str) -> None:
    raw = PUBLISHED[name]
    assert open_mhealth.sniff(raw)

    (item,) = open_mhealth.read(io.BytesIO(raw), zone=ZONE)

    if isinstance(item, Problem):
        assert item.count == 1
        assert item.code in set().union(*(codes for part, codes in NOT_KEPT.items() if part in name))
    elif isinstance(item, Samples):
        kept, problems = accept(item, now=NOW)
        body = json.loads(raw)
        written = next(body[key] for key in MEASURES if key in body)
        assert (len(kept.columns), problems) == (1, [])
        assert item.columns.value.tolist() == [written["value"] if isinstance(written, dict) else written]
    else:
        assert isinstance(item, Record)
        assert item.body == (json.loads(raw) if "data-point" not in name else json.loads(raw)["body"])


def test_read_of_the_published_bodies_keeps_most_of_what_is_allowed() -> None:
    items = [
        item
        for name, raw in PUBLISHED.items()
        if "/shouldPass/" in name
        for item in open_mhealth.read(io.BytesIO(raw), zone=ZONE)
    ]
    kept = [
        item.type if isinstance(item, Record) else item.kind
        for item in items
        if not isinstance(item, Problem)
    ]

    assert {kind: kept.count(kind) for kind in sorted(set(kept))} == {
        "activity": 7,
        "glucose": 8,
        "glucose_fasting": 3,
        "heart_rate": 5,
        "height": 1,
        "medication": 36,
        "sleep_duration": 4,
        "steps": 2,
        "weight": 4,
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {
                "systolic_blood_pressure": {"value": 121, "unit": "mmHg"},
                "diastolic_blood_pressure": {"value": 79, "unit": "mmHg"},
            },
            [("sbp", "mmHg", 121.0), ("dbp", "mmHg", 79.0)],
        ),
        ({"body_temperature": {"value": 98.6, "unit": "F"}}, [("temperature", "F", 98.6)]),
        ({"body_mass_index": {"value": 22.5, "unit": "kg/m2"}}, [("bmi", "kg/m2", 22.5)]),
        ({"body_mass_index": {"value": 22.5, "unit": "kg/m^2"}}, [("bmi", "kg/m^2", 22.5)]),
        ({"body_fat_percentage": {"value": 21, "unit": "%"}}, [("body_fat", "%", 21.0)]),
        ({"oxygen_saturation": {"value": 97, "unit": "%"}}, [("spo2", "%", 97.0)]),
        ({"respiratory_rate": {"value": 14, "unit": "breaths/min"}}, [("resp_rate", "breaths/min", 14.0)]),
        ({"kcal_burned": {"value": 160, "unit": "kcal"}}, [("active_energy", "kcal", 160.0)]),
        ({"minutes_moderate_activity": {"value": 30, "unit": "min"}}, [("exercise_minutes", "min", 30.0)]),
        ({"total_sleep_time": {"value": 465, "unit": "min"}}, [("sleep_duration", "min", 465.0)]),
        ({"blood_glucose": {"value": 5.5, "unit": "mmol/L"}}, [("glucose", "mmol/L", 5.5)]),
        (
            {
                "blood_glucose": {"value": 5.5, "unit": "mmol/L"},
                "specimen_source": "interstitial fluid",
                "temporal_relationship_to_meal": "fasting",
            },
            [("glucose_cgm", "mmol/L", 5.5)],
        ),
        ({"step_count": 6000}, [("steps", "steps", 6000.0)]),
    ],
)
def test_read_of_each_schema_is_its_kind(
    body: dict[str, Any], expected: list[tuple[str, str, float]]
) -> None:
    items = read(body | {"effective_time_frame": AN_HOUR})

    assert rows(items) == expected
    for item in items:
        assert isinstance(item, Samples)
        assert (len(accept(item, now=NOW)[0].columns), accept(item, now=NOW)[1]) == (1, [])


def test_measures_are_of_the_kinds_that_the_catalogue_names() -> None:
    named = {
        kind.openmhealth.split(":")[1]: kind.code for kind in reversed(KINDS.values()) if kind.openmhealth
    }
    for key, measure in MEASURES.items():
        schema = key.replace("_", "-")
        if schema in named:
            assert measure.kind == named[schema]
        assert measure.kind is None or measure.kind in KINDS


SEVEN, START = "2024-03-01T07:00:00+01:00", 1_709_272_800_000


def lasting(value: float, unit: str, **edge: str) -> dict[str, Any]:
    return {"start_date_time": SEVEN, "duration": {"value": value, "unit": unit}} | edge


@pytest.mark.parametrize(
    ("interval", "start", "duration"),
    [
        (lasting(1, "h"), START, HOUR),
        (lasting(3600, "sec"), START, HOUR),
        (lasting(1, "d"), START, 24 * HOUR),
        (
            {"end_date_time": "2024-03-01T08:00:00+01:00", "duration": {"value": 60, "unit": "min"}},
            START,
            HOUR,
        ),
        (AN_HOUR["time_interval"], START, HOUR),
    ],
)
def test_read_of_an_interval_by_any_two_of_its_parts(interval: Any, start: int, duration: int) -> None:
    (samples,) = read(heart_rate(effective_time_frame={"time_interval": interval}))

    assert isinstance(samples, Samples)
    assert (samples.columns.start.tolist(), samples.columns.duration.tolist()) == ([start], [duration])
    assert samples.columns.offset is not None
    assert samples.columns.offset.tolist() == [60]


@pytest.mark.parametrize(
    "frame",
    [
        {},
        None,
        {"date_time": None},
        {"date_time": "yesterday"},
        {"time_interval": {"start_date_time": SEVEN}},
        {"time_interval": {"start_date_time": SEVEN, "end_date_time": "2024-02-01T07:00:00Z"}},
        {"time_interval": lasting(1, "Mo")},
        {"time_interval": lasting(-1, "h")},
        {"time_interval": lasting(1e300, "d")},
        {"time_interval": {"date": "2024-03-01", "part_of_day": "morning"}},
        {"start_date_time": "2024-03-01T07:00:00Z"},
    ],
)
def test_read_of_a_time_frame_that_says_no_exact_time_is_a_problem(frame: Any) -> None:
    (problem,) = read(heart_rate(effective_time_frame=frame))

    assert isinstance(problem, Problem)
    assert (problem.code, problem.kind) == (ProblemCode.BAD_TIME, "heart_rate")


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({"descriptive_statistic": "average", "effective_time_frame": AN_HOUR}, True),
        ({"descriptive_statistic": "average"}, True),
        ({"descriptive_statistic": "maximum"}, False),
        ({"descriptive_statistic": "average", "descriptive_statistic_denominator": "d"}, False),
        (
            {
                "descriptive_statistic": "average",
                "effective_time_frame": {"time_interval": lasting(1, "wk")},
            },
            False,
        ),
    ],
)
def test_read_of_a_statistic_is_kept_where_it_says_what_a_plain_value_says(
    changes: dict[str, Any], is_kept: bool
) -> None:
    (item,) = read(heart_rate(**changes))

    assert isinstance(item, Samples) == is_kept
    if isinstance(item, Problem):
        assert item.code == ProblemCode.UNSUPPORTED_RESOURCE


def test_read_of_a_sum_of_steps_is_kept_and_of_their_average_is_not() -> None:
    steps = {"step_count": {"value": 900, "unit": "steps"}, "effective_time_frame": AN_HOUR}
    kept, problem = read([steps | {"descriptive_statistic": one} for one in ("sum", "average")])

    assert rows([kept]) == [("steps", "steps", 900.0)]
    assert isinstance(problem, Problem)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"heart_rate": {"value": "60", "unit": "beats/min"}}, ProblemCode.NOT_A_NUMBER),
        ({"heart_rate": {"value": True, "unit": "beats/min"}}, ProblemCode.NOT_A_NUMBER),
        ({"heart_rate": {"value": 10**400, "unit": "beats/min"}}, ProblemCode.NOT_A_NUMBER),
        ({"heart_rate": [60]}, ProblemCode.NOT_A_NUMBER),
        ({"heart_rate": {"value": 0, "unit": "beats/min"}}, ProblemCode.NOT_MEASURED),
        ({"heart_rate": {"value": 60, "unit": ["beats/min"]}}, ProblemCode.UNKNOWN_UNIT),
        ({"heart_rate": {"value": 60, "unit": "bpm"}}, ProblemCode.UNKNOWN_UNIT),
        (
            {"blood_glucose": {"value": 90, "unit": "mg/dL"}, "specimen_source": "tears"},
            ProblemCode.UNKNOWN_KIND,
        ),
        ({"ambient_temperature": {"value": 20, "unit": "C"}}, ProblemCode.UNSUPPORTED_RESOURCE),
        ({"is_main_sleep": True}, ProblemCode.UNSUPPORTED_RESOURCE),
    ],
)
def test_read_of_what_cannot_be_kept_is_a_problem(body: dict[str, Any], code: ProblemCode) -> None:
    (problem,) = read(body | {"effective_time_frame": AT})

    assert isinstance(problem, Problem)
    assert (problem.code, problem.count, problem.place) == (code, 1, "entry 1")


@pytest.mark.parametrize(
    "documents",
    [
        [heart_rate(60), heart_rate(61)],
        [[heart_rate(60), heart_rate(61)]],
        [point(heart_rate(60)), point(heart_rate(61))],
        [[point(heart_rate(60)), point(heart_rate(61))]],
        [point([heart_rate(60), heart_rate(61)])],
        [[point([heart_rate(60), heart_rate(61)])]],
        [{"shim": "fitbit", "timeStamp": 1, "body": [point(heart_rate(60)), point(heart_rate(61))]}],
    ],
)
def test_read_of_every_shape_of_file_finds_the_same(documents: list[Any]) -> None:
    assert rows(read(*documents)) == [("heart_rate", "beats/min", 60.0), ("heart_rate", "beats/min", 61.0)]


@pytest.mark.parametrize(
    "header",
    [
        {"acquisition_provenance": {"source_name": "Scale", "modality": "self-reported"}},
        {"uuid": "1", "modality": "self-reported", "acquisition_provenance": {"source_name": "Scale"}},
    ],
)
def test_read_takes_source_and_hand_from_the_header_above_a_list(header: dict[str, Any]) -> None:
    (samples,) = read(point([heart_rate()], **header))

    assert isinstance(samples, Samples)
    assert samples.source == "Scale"
    assert samples.columns.flags is not None
    assert samples.columns.flags.tolist() == [Flag.MANUAL]


def test_read_of_an_activity_is_a_record_of_its_day() -> None:
    raw = (SAMPLES / "data-point_1.0_valid-data-point.json").read_bytes()

    (record,) = open_mhealth.read(io.BytesIO(raw), zone=ZONE)

    assert isinstance(record, Record)
    assert (record.type, record.text, record.source) == (RecordType.ACTIVITY, "walking", "RunKeeper")
    assert record.identity == "123e4567-e89b-12d3-a456-426655440000"
    assert (record.start, record.end) == (datetime(2013, 2, 4, 23, tzinfo=UTC), None)


def test_read_of_activities_under_one_header_tells_them_apart() -> None:
    run, walk = read(point([{"activity_name": name} for name in ("running", "walking")], id="1"))

    assert isinstance(run, Record)
    assert isinstance(walk, Record)
    assert (run.text, walk.text) == ("running", "walking")
    assert run.identity != walk.identity


def test_read_of_a_prescription_is_a_medication_by_its_rxnorm_code() -> None:
    raw = (SAMPLES / "medication-prescription_2.0_valid-insulin-prescription.json").read_bytes()

    (record,) = open_mhealth.read(io.BytesIO(raw), zone=ZONE)

    assert isinstance(record, Record)
    assert (record.type, record.topic) == (RecordType.MEDICATION, "medication")
    assert (record.code, record.system) == ("847230", "http://www.nlm.nih.gov/research/umls/rxnorm")
    assert record.text == "Lantus 300 UNT per 3 ML OptiClik Pen"


PIA, PAUL = point(heart_rate(60), user_id="pia"), point(heart_rate(61), user_id="paul")


def test_read_of_several_people_is_refused_unless_one_is_named() -> None:
    assert open_mhealth.people(io.BytesIO(json.dumps([PIA, PAUL]).encode())) == ["paul", "pia"]
    with pytest.raises(Refused) as refused:
        read([PIA, PAUL])
    assert refused.value.code == RefusalCode.SEVERAL_PEOPLE

    samples, problem = read([PIA, PAUL], person="pia")

    assert rows([samples]) == [("heart_rate", "beats/min", 60.0)]
    assert isinstance(problem, Problem)
    assert problem.code == ProblemCode.OTHER_PATIENT


def test_read_of_a_file_that_names_nobody_is_of_whoever_is_asked_for() -> None:
    assert rows(read(heart_rate(60), person="pia")) == [("heart_rate", "beats/min", 60.0)]


def test_read_of_somebody_who_is_not_in_the_file_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        read([PIA], person="paul")

    assert refused.value.code == RefusalCode.SEVERAL_PEOPLE


@pytest.mark.parametrize(
    "head",
    [
        b"{}",
        b'{"body": {}}',
        b'{"resourceType":"Observation"}',
        b'{"heart_rate": {"interval": 60, "items": []}}',
        b'{"weight": 81}',
        b"heart_rate,unit",
        b"",
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not open_mhealth.sniff(head)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("header", "body", "schema_id", "user_id", "acquisition_provenance", "modality"),
                    *(
                        "heart_rate",
                        "step_count",
                        "blood_glucose",
                        "value",
                        "unit",
                        "activity_name",
                        "distance",
                    ),
                    *(
                        "effective_time_frame",
                        "date_time",
                        "time_interval",
                        "start_date_time",
                        "duration",
                        "date",
                    ),
                    *("medication", "schedule", "trade_name", "descriptive_statistic", "specimen_source"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_read_of_any_json_ends_in_items_or_a_refusal(document: Any) -> None:
    try:
        items = read(document)
    except Refused:
        return
    assert all(isinstance(item, Samples | Record | Problem) for item in items)


@pytest.mark.parametrize("sixteenth", range(16))
def test_read_of_a_file_cut_anywhere_ends_in_items_or_a_refusal(sixteenth: int) -> None:
    raw = json.dumps(point([heart_rate(60 + one) for one in range(40)])).encode()
    try:
        items = list(open_mhealth.read(io.BytesIO(raw[: len(raw) * sixteenth // 16]), zone=ZONE))
    except Refused:
        return
    assert ProblemCode.TRUNCATED in {item.code for item in items if isinstance(item, Problem)}
