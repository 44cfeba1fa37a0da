"""Apple Health exports: what real ones say, what their traps are, and what hostile ones get."""

import io
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import apple_health
from twin.intake.apple_records import Lifter
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples
from twin.intake.opening import open_upload
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "apple_health"
UTC_ZONE = ZoneInfo("UTC")

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n]>\n'


def record(
    type_: str = "HKQuantityTypeIdentifierHeartRate",
    *,
    value: str = "72",
    unit: str | None = "count/min",
    start: str = "2019-01-01 10:00:00 -0700",
    end: str = "",
    source: str = "Watch",
    inside: str = "",
) -> str:
    unit_text = "" if unit is None else f' unit="{unit}"'
    return (
        f' <Record type="{type_}" sourceName="{source}" sourceVersion="8"{unit_text}'
        f' startDate="{start}" endDate="{end or start}" value="{value}">{inside}</Record>\n'
    )


def export(*elements: str, head: str = HEAD) -> bytes:
    return f'{head}<HealthData locale="en_US">\n{"".join(elements)}</HealthData>\n'.encode()


def read(content: bytes) -> list[Item]:
    return list(apple_health.read(io.BytesIO(content), zone=UTC_ZONE))


def samples(items: Iterable[Item]) -> list[Samples]:
    return [item for item in items if isinstance(item, Samples)]


def problems(items: Iterable[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


def rows(items: Iterable[Item]) -> list[tuple[str, str, int, int, float]]:
    return [
        (one.kind, one.source, *row)
        for one in samples(items)
        for row in zip(
            one.columns.start.tolist(), one.columns.duration.tolist(), one.columns.value.tolist(), strict=True
        )
    ]


def test_read_steps_of_two_devices_stay_apart() -> None:
    found = samples(open_upload(SAMPLES / "lifesnaps_p51.zip", zone=UTC_ZONE).items)
    steps = {one.source: int(one.columns.value.sum()) for one in found if one.kind == "steps"}
    assert steps["Watch"] == 1_195_166
    assert set(steps) == {"Watch", "Phone"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD, True),
        ("<HealthData>", True),
        ('\n <?xml version="1.0"?><HealthData locale="de_DE">', True),
        ('<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">', False),
        ('{"text": "<HealthData>"}', False),
        ("", False),
    ],
)
def test_sniff_knows_an_export_by_its_document(head: str, *, expected: bool) -> None:
    assert apple_health.sniff(head.encode()) is expected


@pytest.mark.parametrize(
    ("type_", "unit", "value", "kind", "expected"),
    [
        ("HKQuantityTypeIdentifierHeartRate", "count/min", "72.5", "heart_rate", 72.5),
        ("HKQuantityTypeIdentifierBodyMass", "lb", "180.4", "weight", 180.4),
        (
            "HKQuantityTypeIdentifierBloodGlucose",
            "mmol&lt;180.1558800000541&gt;/L",
            "5.6",
            "glucose",
            5.6,
        ),
        # Fractions under the unit "%": the decimal point moves, and no digit changes.
        ("HKQuantityTypeIdentifierOxygenSaturation", "%", "0.97", "spo2", 97.0),
        ("HKQuantityTypeIdentifierOxygenSaturation", "%", "0.9800000190734863", "spo2", 98.00000190734863),
        ("HKQuantityTypeIdentifierBodyFatPercentage", "%", "0.07", "body_fat", 7.0),
        ("HKQuantityTypeIdentifierOxygenSaturation", "%", "1", "spo2", 100.0),
    ],
)
def test_read_a_value_is_exactly_what_the_export_says(
    type_: str, unit: str, value: str, kind: str, expected: float
) -> None:
    (one,) = samples(read(export(record(type_, unit=unit, value=value))))
    assert (one.kind, one.columns.value.tolist()) == (kind, [expected])


def test_read_the_offset_of_each_record_is_kept() -> None:
    items = read(
        export(
            record(start="2019-01-01 10:00:00 -0700", end="2019-01-01 10:05:00 -0700"),
            record(start="2019-03-31 03:00:00 +0200"),
        )
    )
    (one,) = samples(items)
    assert one.columns.offset is not None
    assert one.columns.offset.tolist() == [-420, 120]
    assert one.columns.start.tolist() == [1_546_362_000_000, 1_553_994_000_000]
    assert one.columns.duration.tolist() == [300_000, 0]


def test_read_a_value_typed_by_a_person_is_flagged() -> None:
    typed = '<MetadataEntry key="HKWasUserEntered" value="1"/>'
    measured = '<MetadataEntry key="HKWasUserEntered" value="0"/>'
    workout = f'<Workout workoutActivityType="Run">{typed}</Workout>'
    items = read(export(record(inside=measured), record(inside=typed), record(), workout))
    (one,) = samples(items)
    assert one.columns.flags is not None
    assert one.columns.flags.tolist() == [0, Flag.MANUAL, 0]


def test_read_a_source_with_a_no_break_space_is_the_same_source() -> None:
    items = read(export(record(source="Ann’s Apple\u00a0Watch"), record(source=" Ann’s Apple Watch")))
    assert {one.source for one in samples(items)} == {"Ann’s Apple Watch"}


def test_read_records_inside_a_correlation_are_the_ones_beside_it() -> None:
    systolic = record("HKQuantityTypeIdentifierBloodPressureSystolic", value="128", unit="mmHg")
    diastolic = record("HKQuantityTypeIdentifierBloodPressureDiastolic", value="81", unit="mmHg")
    correlation = (
        f'<Correlation type="HKCorrelationTypeIdentifierBloodPressure">{systolic}{diastolic}</Correlation>'
    )
    items = read(export(systolic, diastolic, correlation))
    assert sorted(set(rows(items))) == [
        ("dbp", "Watch", 1_546_362_000_000, 0, 81.0),
        ("sbp", "Watch", 1_546_362_000_000, 0, 128.0),
    ]
    assert problems(items) == []


def test_read_sleep_becomes_hours_asleep_and_minutes_of_each_stage() -> None:
    stages = [
        "InBed",
        "Asleep",
        "AsleepUnspecified",
        "AsleepCore",
        "AsleepDeep",
        "AsleepREM",
        "Awake",
        "AsleepTwice",
    ]
    items = read(
        export(
            *(
                record(
                    "HKCategoryTypeIdentifierSleepAnalysis",
                    value=f"HKCategoryValueSleepAnalysis{stage}",
                    unit=None,
                    start=f"2023-01-01 0{hour}:00:00 +0000",
                    end=f"2023-01-01 0{hour}:30:00 +0000",
                )
                for hour, stage in enumerate(stages)
            )
        )
    )
    assert [(one.kind, one.unit, one.columns.value.tolist()) for one in samples(items)] == [
        ("sleep_duration", "h", [0.5] * 5),
        ("sleep_stage_deep", "min", [30.0]),
        ("sleep_stage_light", "min", [30.0]),
        ("sleep_stage_rem", "min", [30.0]),
    ]
    assert [(problem.code, problem.kind, problem.count) for problem in problems(items)] == [
        (ProblemCode.NOT_SLEEP, "HKCategoryValueSleepAnalysisInBed", 1),
        (ProblemCode.NOT_SLEEP, "HKCategoryValueSleepAnalysisAwake", 1),
        (ProblemCode.UNKNOWN_KIND, "HKCategoryValueSleepAnalysisAsleepTwice", 1),
    ]


def test_read_what_is_not_stored_is_counted() -> None:
    noise = "HKQuantityTypeIdentifierEnvironmentalAudioExposure"
    items = read(
        export(
            '<Me HKCharacteristicTypeIdentifierDateOfBirth="1990-02-02"/>',
            record(noise, value="62", unit="dBASPL"),
            record(noise, value="63", unit="dBASPL"),
            record(value="fast"),
            record(value=""),
            record(value="nan"),
            record(start="yesterday"),
            record(),
            '<Workout startDate="2019-01-01 10:00:00 -0700"><WorkoutEvent/><WorkoutRoute/></Workout>',
            '<ActivitySummary dateComponents="2019-01-01"/>',
            '<ClinicalRecord resourceFilePath="/clinical-records/1.json"/>',
        )
    )
    assert len(rows(items)) == 1
    assert problems(items) == [
        Problem(ProblemCode.UNSUPPORTED_RESOURCE, "Workout", "2019-01-01 10:00:00 -0700", 1, "Workout"),
        Problem(ProblemCode.UNSUPPORTED_RESOURCE, "ActivitySummary", "2019-01-01", 1, "ActivitySummary"),
        Problem(ProblemCode.UNSUPPORTED_RESOURCE, "ClinicalRecord", "", 1, "ClinicalRecord"),
        Problem(ProblemCode.UNKNOWN_KIND, noise, "2019-01-01 10:00:00 -0700", 2, noise),
        Problem(
            ProblemCode.BAD_TIME,
            "yesterday to yesterday",
            "HKQuantityTypeIdentifierHeartRate",
            1,
            "heart_rate",
        ),
        Problem(ProblemCode.NOT_A_NUMBER, "fast", "2019-01-01 10:00:00 -0700", 3, "heart_rate"),
    ]


BROKEN_DTD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|VisionPrescription)*)>
<!ATTLIST VisionPrescription
  type CDATA #REQUIRED
  brand CDATA #IMPLIED
<!ELEMENT RightEye EMPTY>
  sphere CDATA #IMPLIED
>
]>
"""


@pytest.mark.parametrize(
    "head",
    [
        "",
        HEAD,
        BROKEN_DTD,
        '<!DOCTYPE HealthData SYSTEM "http://127.0.0.1:9/never-fetched.dtd">\n',
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n',
    ],
)
def test_read_no_document_type_hinders(head: str) -> None:
    items = read(export(record(source="Zoë"), head=head))
    assert rows(items) == [("heart_rate", "Zoë", 1_546_362_000_000, 0, 72.0)]
    assert problems(items) == []


def test_read_the_control_character_of_real_exports_hinders_nothing() -> None:
    assert (
        rows(read(export(record(source="Wat\vch"), record())))
        == [("heart_rate", "Watch", 1_546_362_000_000, 0, 72.0)] * 2
    )


BILLION_LAUGHS = "<!DOCTYPE HealthData [\n<!ENTITY a0 'ha'>\n" + "".join(
    f"<!ENTITY a{depth} '{f'&a{depth - 1};' * 10}'>\n" for depth in range(1, 12)
)


@pytest.mark.parametrize(
    "head",
    [
        BILLION_LAUGHS + "]>\n",
        '<!DOCTYPE HealthData [<!ENTITY file SYSTEM "file:///etc/passwd">]>\n',
        '<!DOCTYPE HealthData [<!ENTITY % remote SYSTEM "http://127.0.0.1:9/x.dtd"> %remote;]>\n',
        "<!DOCTYPE HealthData []><!DOCTYPE HealthData [<!ENTITY x 'y'>]>\n",
    ],
)
def test_read_a_file_that_declares_entities_is_refused(head: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(export(record(source="&a11;"), head=head))
    assert refusal.value.code is RefusalCode.ENTITIES_FORBIDDEN


@pytest.mark.parametrize(
    "inside", ["&file;", "<!DOCTYPE x [<!ENTITY file 'y'>]>", "<![CDATA[", "</Elsewhere>", "\x00"]
)
def test_read_a_document_that_breaks_keeps_what_came_before_and_says_where(inside: str) -> None:
    items = read(export(record(), record(value="80", inside=inside), record(value="90")))
    assert rows(items)[0] == ("heart_rate", "Watch", 1_546_362_000_000, 0, 72.0)
    assert ("heart_rate", "Watch", 1_546_362_000_000, 0, 90.0) not in rows(items)
    (problem,) = problems(items)
    assert problem.code in (ProblemCode.MALFORMED, ProblemCode.TRUNCATED)
    assert problem.place in ("line 7", "line 8", "line 9", "line 10")


def test_read_bytes_that_are_not_utf8_end_the_document_there() -> None:
    content = export(record(), record(source="ZOE")).replace(b"ZOE", b"Zo\xeb")
    items = read(content)
    assert len(rows(items)) == 1
    assert [(problem.code, problem.place) for problem in problems(items)] == [
        (ProblemCode.MALFORMED, "line 7")
    ]


@pytest.mark.parametrize("sixteenth", range(16))
def test_read_a_truncated_export_keeps_whole_records_only(sixteenth: int) -> None:
    whole = [record(value=str(60 + index), start=f"2019-01-01 10:{index:02}:00 -0700") for index in range(50)]
    content = export(*whole)
    everything = rows(read(content))
    cut = content[: len(content) * sixteenth // 16]
    if b"<HealthData" not in cut:
        with pytest.raises(Refused) as refusal:
            read(cut)
        assert refusal.value.code is RefusalCode.MALFORMED
        return
    items = read(cut)
    assert rows(items) == everything[: cut.count(b'">') - cut.count(b'<HealthData locale="en_US">')]
    assert [problem.code for problem in problems(items)] == [ProblemCode.TRUNCATED]


@given(st.integers(0, len(export(record(), record())) - 1))
def test_read_cut_at_any_byte_no_record_is_half_read(size: int) -> None:
    cut = export(record(), record())[:size]
    if b"<HealthData" not in cut:
        return
    items = read(cut)
    assert set(rows(items)) <= {("heart_rate", "Watch", 1_546_362_000_000, 0, 72.0)}
    assert all(problem.code is ProblemCode.TRUNCATED for problem in problems(items))


class Dribble(io.RawIOBase):
    """A stream that gives as little as it is told to."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._content, self._sizes = io.BytesIO(content), sizes

    def read(self, size: int = -1) -> bytes:
        return self._content.read(self._sizes.pop() if self._sizes else size)


@given(st.lists(st.integers(1, 400), max_size=30))
def test_read_however_the_bytes_arrive_the_items_are_the_same(sizes: list[int]) -> None:
    content = export(*(record(value=str(60 + index)) for index in range(10)))
    items = list(apple_health.read(Dribble(content, sizes), zone=UTC_ZONE))
    assert rows(items) == rows(read(content))


@given(st.binary(max_size=300))
def test_read_any_bytes_are_refused_or_reported(noise: bytes) -> None:
    items = read(b"<HealthData>" + noise)
    assert problems(items)


def slowly(content: bytes) -> bytes:
    """The same document with a comment at its head, which leaves every record to the parser."""
    return content.replace(b'locale="en_US">', b'locale="en_US"><!---->', 1)


def outcome(content: bytes) -> tuple[list[tuple[str, str, int, int, float]], Counter[tuple[str, str, int]]]:
    items = read(content)
    return rows(items), Counter({(one.code, one.kind, one.count) for one in problems(items)})


@given(
    st.lists(
        st.sampled_from(
            [
                record(),
                record(start="2019-01-01 10:01:00 -0700", value="73"),
                record(start="2019-01-01 10:01:00 -0700", value="74")
                .replace('">', '"/>')
                .replace("</Record>", ""),
                record(source="A &amp; B"),
                record(source="A <b> B"),
                record(source='A" B="'),
                record(value="7&#50;"),
                record(value="seventy"),
                record(
                    unit=None,
                    type_="HKCategoryTypeIdentifierSleepAnalysis",
                    value="HKCategoryValueSleepAnalysisAsleep",
                ),
                record(inside='<MetadataEntry key="HKWasUserEntered" value="1"/>'),
                record(inside='<MetadataEntry key="HKTimeZone" value="Europe/Berlin"/>'),
                record(inside='<MetadataEntry key="x" value="a<b"/>'),
                record(inside="<Other/>"),
                record(start="yesterday"),
                record().replace(" sourceVersion", " startDate"),
                record().replace("sourceName=", "sourceName ="),
                record().replace('sourceName="Watch"', "sourceName='Watch'"),
                " <!-- " + record() + " -->",
                " <![CDATA[" + record() + "]]>",
                ' <Workout workoutActivityType="Run" startDate="2019-01-01 10:00:00 -0700"/>',
                " <Correlation>" + record() + "</Correlation>",
                " </Record>",
                " <Record ",
            ]
        ),
        max_size=8,
    )
)
def test_read_without_the_parser_gives_what_the_parser_gives(elements: list[str]) -> None:
    content = export(*elements)
    (lifted, their_problems), (parsed, problems_parsed) = outcome(content), outcome(slowly(content))
    assert [one for one in problems_parsed if one[0] is ProblemCode.MALFORMED] == [
        one for one in their_problems if one[0] is ProblemCode.MALFORMED
    ]
    if (ProblemCode.MALFORMED, "", 1) in problems_parsed:
        # Where a document breaks, the plain records around that place are still kept.
        assert set(parsed) <= set(lifted)
    else:
        assert (lifted, their_problems) == (parsed, problems_parsed)


def test_lifter_takes_plain_records_and_leaves_the_rest_at_its_lines() -> None:
    plain, workout = record(), " <Workout/>\n"
    lifter = Lifter()
    pieces = [*lifter.pieces((plain + workout + plain * 2).encode()), lifter.rest()]
    assert [(run.source, run.values) for piece in pieces for run in piece.runs] == [("Watch", ["72", "72"])]
    assert pieces[0].xml == b" \n <Workout/>\n \n "
    assert pieces[1].xml == plain.strip(" ").encode()


def test_read_nesting_without_end_is_stopped() -> None:
    nested = io.BytesIO(b"<HealthData>" + b"<a>" * 1_000_000)
    items = list(apple_health.read(nested, zone=UTC_ZONE))
    assert [problem.code for problem in problems(items)] == [
        ProblemCode.MALFORMED,
        ProblemCode.UNSUPPORTED_RESOURCE,
    ]
    assert nested.tell() < 1_000_000


def test_read_a_large_export_takes_little_memory_and_comes_in_batches() -> None:
    one = record().encode()

    class Endless(io.RawIOBase):
        left = 40 * 1024 * 1024

        def read(self, size: int = -1) -> bytes:
            chunk = b"" if self.left < 0 else one * (size // len(one))
            if self.left == 40 * 1024 * 1024:
                chunk = b"<HealthData>" + chunk
            self.left -= len(chunk)
            return chunk

    tracemalloc.start()
    try:
        sizes = [
            len(item.columns)
            for item in apple_health.read(Endless(), zone=UTC_ZONE)
            if isinstance(item, Samples)
        ]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) > 200_000
    assert max(sizes) < 55_000
    assert peak < 60 * 1024 * 1024
