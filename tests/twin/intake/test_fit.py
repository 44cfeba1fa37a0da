"""FIT files: the samples' facts, what each message becomes, and damage of every sort."""

import io
import json
import struct
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fitdecode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import fit
from twin.intake.fit import profile, protocol
from twin.intake.fit.counters import DAY, DailyCounter, Increment, midnight_before
from twin.intake.items import Item, Problem, ProblemCode, Record, RefusalCode, Refused, Samples
from twin.intake.opening import open_upload

SAMPLES = Path(__file__).parents[2] / "samples" / "fit"
FILES = sorted(path.name for path in SAMPLES.glob("*.fit"))
ZONE = ZoneInfo("Europe/Berlin")

T0 = 1_000_000_000
"""2021-09-08T01:46:40Z as a FIT time."""
ENUM, UINT8, UINT16, UINT32, TEXT, FLOAT32, BYTES = 0x00, 0x02, 0x84, 0x86, 0x07, 0x88, 0x0D
UINT32Z, SINT16 = 0x8C, 0x83
CODES = {ENUM: "B", UINT8: "B", UINT16: "H", UINT32: "I", FLOAT32: "f", SINT16: "h", UINT32Z: "I"}

Field = tuple[int, int, Any]
TIME = 253


def at(time: int) -> int:
    """Milliseconds since 1970 of a FIT time."""
    return (631_065_600 + time) * 1000


def packed(base: int, value: Any, order: str) -> bytes:
    if isinstance(value, bytes):
        return value
    elements = value if isinstance(value, tuple) else (value,)
    return b"".join(struct.pack(order + CODES[base], element) for element in elements)


def message(name: str | int, *fields: Field, big_endian: bool = False, developer: bytes = b"") -> bytes:
    """A definition and one message of it; `developer` is the content of one developer field."""
    order = ">" if big_endian else "<"
    number = profile.number_of(name) if isinstance(name, str) else name
    contents = [packed(base, value, order) for _, base, value in fields]
    definition = bytes([0x60 if developer else 0x40, 0, big_endian]) + struct.pack(
        order + "HB", number, len(fields)
    )
    for (field, base, _), content in zip(fields, contents, strict=True):
        definition += bytes([field, len(content), base])
    if developer:
        definition += bytes([1, 0, len(developer), 0])
    return definition + b"\x00" + b"".join(contents) + developer


def checksum(content: bytes) -> bytes:
    return struct.pack("<H", fitdecode.utils.compute_crc(content))


def fit_file(*messages: bytes, length: int | None = None) -> bytes:
    body = b"".join(messages)
    header = (
        struct.pack("<2BHI4s", 14, 0x20, 2132, len(body) if length is None else length, b".FIT") + b"\0\0"
    )
    return header + body + checksum(header + body)


FILE_ID = message("file_id", (0, ENUM, 4), (1, UINT16, 1), (2, UINT16, 2697), (3, UINT32Z, 77))


def heart_rate(time: int, value: int) -> bytes:
    return message("record", (TIME, UINT32, time), (3, UINT8, value))


def monitoring_info(time: int, local: int) -> bytes:
    return message("monitoring_info", (TIME, UINT32, time), (0, UINT32, local))


def counted(time: int, activity: int, **totals: int) -> bytes:
    numbers = {"steps": 3, "distance": 2, "energy": 19}
    sizes = {"steps": UINT32, "distance": UINT32, "energy": UINT16}
    fields = [(numbers[name], sizes[name], total) for name, total in totals.items()]
    return message("monitoring", (TIME, UINT32, time), (5, ENUM, activity), *fields)


def read(content: bytes) -> list[Item]:
    return list(fit.read(io.BytesIO(content), zone=ZONE))


def values(items: Sequence[Item]) -> list[tuple[str, int, int, float]]:
    """Kind, start, duration and value of every sample."""
    return [
        (item.kind, *sample)
        for item in items
        if isinstance(item, Samples)
        for sample in zip(
            item.columns.start.tolist(),
            item.columns.duration.tolist(),
            item.columns.value.tolist(),
            strict=True,
        )
    ]


def problems(items: Sequence[Item]) -> list[tuple[ProblemCode, str, int]]:
    return [(item.code, item.example, item.count) for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize(
    ("name", "source", "count", "lowest", "highest", "mean", "first", "last", "offset"),
    [
        ("activity-small-fenix2-run", "Garmin fenix2", 2808, 69, 178, 153.976, "14:45:08", "15:32:21", 120),
        ("developer-types-sample", "Stryd", 3424, 94, 146, 130.839, "17:06:47", "18:03:50", None),
        ("garmin-fenix-5-bike", "Garmin fenix5", 19, 77, 114, 98.579, "16:09:22", "16:10:23", -420),
        ("garmin-fenix-5-run", "Garmin fenix5", 21, 56, 112, 84.952, "14:34:09", "14:35:06", -420),
    ],
)
def test_read_of_an_activity_gives_its_heart_rate(
    name: str,
    source: str,
    count: int,
    lowest: float,
    highest: float,
    mean: float,
    first: str,
    last: str,
    offset: int | None,
) -> None:
    items = read((SAMPLES / f"{name}.fit").read_bytes())

    (samples,) = (item for item in items if isinstance(item, Samples))
    assert (samples.kind, samples.source, samples.unit) == ("heart_rate", source, "/min")
    columns = samples.columns
    ends = [datetime.fromtimestamp(int(edge) / 1000, UTC) for edge in (columns.start[0], columns.start[-1])]
    assert [f"{end:%H:%M:%S}" for end in ends] == [first, last]
    assert (len(columns), columns.value.min(), columns.value.max()) == (count, lowest, highest)
    assert round(columns.value.mean(), 3) == mean
    assert (None if columns.offset is None else set(columns.offset.tolist())) == (
        None if offset is None else {offset}
    )


@pytest.mark.parametrize(
    ("name", "sport", "text", "start", "end", "distance", "calories"),
    [
        ("activity-small-fenix2-run", "running", "Running", (2015, 8, 15, 14, 45, 8), 2832.0, 9008.22, 516),
        ("developer-types-sample", "running", "Running", (2017, 1, 17, 17, 6, 47), 3424.0, 6753.99, 0),
        ("garmin-fenix-5-bike", "cycling", "Cycling", (2017, 6, 12, 16, 9, 22), 60.363, 459.52, 7),
        ("garmin-fenix-5-run", "running", "Running", (2017, 6, 11, 14, 34, 9), 56.887, 157.56, 5),
        ("invalid_activity-filecrc", "running", "Running", (2012, 4, 9, 21, 22, 26), 13.749, 5.73, 0),
    ],
)
def test_read_of_an_activity_gives_its_session(
    name: str, sport: str, text: str, start: tuple[int, ...], end: float, distance: float, calories: int
) -> None:
    items = read((SAMPLES / f"{name}.fit").read_bytes())

    (record,) = (item for item in items if isinstance(item, Record))
    assert (record.type, record.code, record.text, record.topic) == ("activity", sport, text, "vitals")
    assert record.start == datetime(*start, tzinfo=UTC)
    assert record.end is not None
    assert (record.end - record.start).total_seconds() == end
    facts = ("sport", "total_elapsed_time", "total_distance", "total_calories")
    assert [record.body[fact] for fact in facts] == [sport, end, distance, calories]
    assert not [key for key in record.body if "position" in key]
    assert json.loads(json.dumps(record.body, allow_nan=False)) == record.body


def test_read_of_a_day_gives_steps_and_energy_that_add_up() -> None:
    items = read((SAMPLES / "MonitoringFile.fit").read_bytes())

    steps, energy = (item for item in items if isinstance(item, Samples))
    midnight = int(datetime(2014, 12, 27, 6, tzinfo=UTC).timestamp()) * 1000
    assert (steps.kind, steps.source, steps.unit) == ("steps", "Garmin vivo fit", "{steps}")
    assert steps.columns.value.sum() == 3142 + 31
    assert steps.columns.start[0] == midnight
    assert steps.columns.start[-1] + steps.columns.duration[-1] == midnight + DAY
    ends = steps.columns.start + steps.columns.duration
    assert ends[:-1].tolist() == steps.columns.start[1:].tolist()
    assert values([energy]) == [("active_energy", midnight, DAY, 68.0 + 1.0)]
    assert steps.columns.offset is not None
    assert set(steps.columns.offset.tolist()) == {-360}


def test_read_of_a_scale_gives_weight_and_fat() -> None:
    assert values(read((SAMPLES / "WeightScaleSingleUser.fit").read_bytes())) == [
        ("weight", 1_252_532_280_000, 0, 75.8),
        ("weight", 1_252_535_880_000, 0, 76.09),
        ("body_fat", 1_252_532_280_000, 0, 22.3),
        ("body_fat", 1_252_535_880_000, 0, 25.1),
    ]


def test_read_of_a_file_without_dates_counts_every_value_and_keeps_the_session() -> None:
    items = read((SAMPLES / "compressed-speed-distance.fit").read_bytes())

    (record,) = (item for item in items if isinstance(item, Record))
    assert (record.start, record.end, record.body["total_distance"]) == (None, None, 10248.67)
    assert values(items) == []
    assert [problem for problem in problems(items) if problem[0] is ProblemCode.BAD_TIME] == [
        (ProblemCode.BAD_TIME, "a session without a date", 1),
        (ProblemCode.BAD_TIME, "17217869 s after the device was switched on", 754),
    ]


def test_read_of_settings_alone_gives_nothing() -> None:
    assert read((SAMPLES / "Settings.fit").read_bytes()) == []


def test_read_of_a_file_with_a_wrong_checksum_keeps_what_it_says() -> None:
    items = read((SAMPLES / "invalid_activity-filecrc.fit").read_bytes())

    assert (ProblemCode.MALFORMED, "the checksum is wrong", 1) in problems(items)
    assert (ProblemCode.NOT_MEASURED, "record without a value", 14) in problems(items)


@pytest.mark.parametrize("name", FILES)
def test_messages_of_a_published_file_are_those_that_fitdecode_reads(name: str) -> None:
    stream = io.BytesIO((SAMPLES / name).read_bytes())
    wanted = dict.fromkeys(range(1 << 16), protocol.EVERY)
    (file,) = protocol.files(stream)

    ours = [(m.number, m.time, m.fields) for m in protocol.messages(stream, file, wanted)]

    reader = fitdecode.FitReader(SAMPLES / name, processor=None, check_crc=fitdecode.CrcCheck.DISABLED)
    assert ours == [as_read(frame) for frame in reader if isinstance(frame, fitdecode.FitDataMessage)]


def as_read(frame: fitdecode.FitDataMessage) -> tuple[int, int | None, dict[int, Any]]:
    fields, time = {}, None
    for one in frame.fields:
        raw = bytes(one.raw_value) if one.base_type.name == "byte" and one.raw_value else one.raw_value
        empty = raw is None or (isinstance(raw, tuple) and all(element is None for element in raw))
        if one.def_num == TIME and one.parent_field is None:
            time = raw
        elif one.field_def is not None and not one.field_def.is_dev and not empty:
            fields[one.field_def.def_num] = raw
    return frame.global_mesg_num, time, fields


@pytest.mark.parametrize(
    ("content", "kind", "unit", "value"),
    [
        (message("record", (TIME, UINT32, T0), (108, UINT16, 1450)), "resp_rate", "/min", 14.5),
        (message("weight_scale", (TIME, UINT32, T0), (13, UINT16, 231)), "bmi", "kg/m2", 23.1),
        (message("spo2_data", (TIME, UINT32, T0), (0, UINT8, 97)), "spo2", "%", 97.0),
        (message("respiration_rate", (TIME, UINT32, T0), (0, SINT16, 1325)), "resp_rate", "/min", 13.25),
        (
            message("monitoring_hr_data", (TIME, UINT32, T0), (0, UINT8, 55), (1, UINT8, 53)),
            "resting_heart_rate",
            "/min",
            53.0,
        ),
        (message("hrv_value", (TIME, UINT32, T0), (0, UINT16, 5440)), "hrv_rmssd", "ms", 42.5),
        (message("max_met_data", (0, UINT32, T0), (2, UINT16, 513)), "vo2max", "mL/kg/min", 51.3),
        (
            message("skin_temp_overnight", (TIME, UINT32, T0), (1, FLOAT32, -0.25)),
            "skin_temp_delta",
            "K",
            -0.25,
        ),
        (message("monitoring", (TIME, UINT32, T0), (27, UINT8, 61)), "heart_rate", "/min", 61.0),
    ],
)
def test_read_of_one_measurement(content: bytes, kind: str, unit: str, value: float) -> None:
    (samples,) = read(fit_file(FILE_ID, content))

    assert isinstance(samples, Samples)
    assert (samples.source, samples.unit) == ("Garmin fenix5", unit)
    assert values([samples]) == [(kind, at(T0), 0, value)]


def test_read_of_a_cuff_gives_pressure_and_pulse_and_counts_the_rest() -> None:
    content = message(
        "blood_pressure",
        (TIME, UINT32, T0), (0, UINT16, 128), (1, UINT16, 81), (2, UINT16, 97), (6, UINT8, 66), (8, ENUM, 4),
    )  # fmt: skip

    items = read(fit_file(FILE_ID, content))

    assert values(items) == [
        ("sbp", at(T0), 0, 128.0),
        ("dbp", at(T0), 0, 81.0),
        ("heart_rate", at(T0), 0, 66.0),
    ]
    assert problems(items) == [(ProblemCode.UNKNOWN_KIND, "blood_pressure.mean_arterial_pressure", 1)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (heart_rate(T0, 0xFF), (ProblemCode.NOT_MEASURED, "record without a value", 1)),
        (heart_rate(T0, 0), (ProblemCode.NOT_MEASURED, "0", 1)),
        (
            heart_rate(17_217_864, 60),
            (ProblemCode.BAD_TIME, "17217864 s after the device was switched on", 1),
        ),
        (message("record", (3, UINT8, 60)), (ProblemCode.BAD_TIME, "no timestamp", 1)),
        (
            message("weight_scale", (TIME, UINT32, T0), (0, UINT16, 65534)),
            (ProblemCode.NOT_MEASURED, "65534", 1),
        ),
        (
            message("blood_pressure", (TIME, UINT32, T0), (0, UINT16, 128), (8, ENUM, 1)),
            (ProblemCode.ERROR_CODE, "error_incomplete_data", 1),
        ),
        (
            message("respiration_rate", (TIME, UINT32, T0), (0, SINT16, -100)),
            (ProblemCode.NOT_MEASURED, "-100", 1),
        ),
        (
            message("stress_level", (0, SINT16, 25), (1, UINT32, T0)),
            (ProblemCode.UNKNOWN_KIND, "stress level", 1),
        ),
        (
            message("hrv", (0, UINT16, (801, 799, 0xFFFF))),
            (ProblemCode.UNKNOWN_KIND, "time between beats", 2),
        ),
        (message("hrv", (0, UINT16, 801)), (ProblemCode.UNKNOWN_KIND, "time between beats", 1)),
        (message("lap", (TIME, UINT32, T0)), (ProblemCode.UNSUPPORTED_RESOURCE, "lap", 1)),
        (message(233, (2, BYTES, b"\0\1\2\3")), (ProblemCode.UNSUPPORTED_RESOURCE, "message 233", 1)),
        (
            message("monitoring", (TIME, UINT32, T0), (24, BYTES, b"\x48")),
            (ProblemCode.UNKNOWN_KIND, "activity and intensity", 1),
        ),
        (
            message("monitoring", (26, UINT16, 500), (27, UINT8, 60)),
            (ProblemCode.BAD_TIME, "no date to count from", 1),
        ),
        (message("monitoring", (TIME, UINT32, T0), (27, UINT8, 0)), (ProblemCode.NOT_MEASURED, "0", 1)),
        (counted(T0, 2, steps=500), (ProblemCode.UNKNOWN_KIND, "steps of cycling", 1)),
        (counted(T0, 6, steps=500), (ProblemCode.BAD_TIME, "500 {steps} before the file begins", 1)),
    ],
)
def test_read_of_what_is_no_sample_is_counted(content: bytes, problem: tuple[ProblemCode, str, int]) -> None:
    items = read(fit_file(FILE_ID, content))

    assert (values(items), problems(items)) == ([], [problem])


def test_read_hands_on_a_time_in_2085() -> None:
    in_2085 = 3_029_000_000

    assert values(read(fit_file(FILE_ID, heart_rate(in_2085, 60)))) == [("heart_rate", at(in_2085), 0, 60.0)]


def test_read_of_either_byte_order_is_the_same() -> None:
    fields = (TIME, UINT32, T0), (3, UINT8, 61)
    little, big = (message("record", *fields, big_endian=big) for big in (False, True))

    for content in (little, big):
        assert values(read(fit_file(FILE_ID, content))) == [("heart_rate", at(T0), 0, 61.0)]


def test_read_passes_over_developer_fields() -> None:
    content = message("record", (TIME, UINT32, T0), (3, UINT8, 61), developer=b"\xff\x00\x01")

    assert values(read(fit_file(FILE_ID, content, heart_rate(T0 + 1, 62)))) == [
        ("heart_rate", at(T0), 0, 61.0),
        ("heart_rate", at(T0 + 1), 0, 62.0),
    ]


def test_read_of_compressed_timestamps_goes_on_from_the_last_time() -> None:
    # T0 ends in the five bits of 0: 31 s later, and 2 s after that.
    short = b"\x40\0\0" + struct.pack("<HB", 20, 1) + bytes([3, 1, UINT8])
    base = T0 & ~0x1F
    content = fit_file(FILE_ID, heart_rate(base, 60), short, b"\x9f\x3d", b"\x81\x3e")

    assert [(start, value) for _, start, _, value in values(read(content))] == [
        (at(base), 60.0),
        (at(base + 31), 61.0),
        (at(base + 33), 62.0),
    ]


def test_read_of_sixteen_bit_times_counts_on_over_their_end() -> None:
    begin = (T0 & ~0xFFFF) + 65_000
    short = [message("monitoring", (26, UINT16, low), (27, UINT8, 60)) for low in (65_100, 65_500, 20)]

    items = read(fit_file(FILE_ID, monitoring_info(begin, begin + 7200), *short))

    assert [start for _, start, _, _ in values(items)] == [at(begin + 100), at(begin + 500), at(begin + 556)]


@pytest.mark.parametrize(
    ("ahead", "offset"), [(7200, 120), (7190, 120), (-12_600, -210), (0, 0), (7000, None), (999_999, None)]
)
def test_read_takes_the_offset_that_an_activity_states_last(ahead: int, offset: int | None) -> None:
    activity = message("activity", (TIME, UINT32, T0 + 60), (5, UINT32, T0 + 60 + ahead))

    (samples,) = read(fit_file(FILE_ID, heart_rate(T0, 60), activity))

    assert isinstance(samples, Samples)
    assert (None if samples.columns.offset is None else samples.columns.offset.tolist()) == (
        None if offset is None else [offset]
    )


def test_read_of_a_night_takes_the_offset_of_a_correlation_of_its_clocks() -> None:
    correlation = message("timestamp_correlation", (TIME, UINT32, T0), (3, UINT32, T0 + 3600))

    (samples,) = read(
        fit_file(FILE_ID, message("hrv_value", (TIME, UINT32, T0), (0, UINT16, 5440)), correlation)
    )

    assert isinstance(samples, Samples)
    assert samples.columns.offset is not None
    assert samples.columns.offset.tolist() == [60]


def test_read_of_a_traveller_takes_each_days_own_offset() -> None:
    pulses = [message("spo2_data", (TIME, UINT32, time), (0, UINT8, 97)) for time in (T0 + 60, T0 + 90_000)]

    items = read(
        fit_file(
            FILE_ID,
            monitoring_info(T0, T0 + 7200),
            pulses[0],
            monitoring_info(T0 + 86_400, T0 + 86_400 - 18_000),
            pulses[1],
        )
    )

    (samples,) = (item for item in items if isinstance(item, Samples))
    assert samples.columns.offset is not None
    assert samples.columns.offset.tolist() == [120, -300]


MIDNIGHT = T0 - T0 % 86_400 - 7200
"""A midnight, two hours east of Greenwich."""


def hours(number: float) -> int:
    return round(number * 3600)


def test_read_of_counters_gives_what_was_added_and_begins_anew_at_midnight() -> None:
    items = read(
        fit_file(
            FILE_ID,
            monitoring_info(MIDNIGHT, MIDNIGHT + 7200),
            counted(MIDNIGHT + hours(8), 6, steps=300, distance=20_000),
            counted(MIDNIGHT + hours(9), 6, steps=700, distance=50_000),
            counted(MIDNIGHT + hours(9), 1, steps=1000, distance=120_000),
            counted(MIDNIGHT + hours(24), 6, steps=900, distance=60_000),
            counted(MIDNIGHT + hours(32), 6, steps=1200, distance=80_000),
        )
    )

    def span(start: float, end: float) -> tuple[int, int]:
        return at(MIDNIGHT + hours(start)), hours(end - start) * 1000

    assert values(items) == [
        ("steps", *span(0, 8), 300.0),
        ("steps", *span(8, 9), 1400.0),
        ("steps", *span(9, 24), 200.0),
        ("steps", *span(24, 32), 1200.0),
        ("distance", *span(0, 8), 20_000.0),
        ("distance", *span(8, 9), 150_000.0),
        ("distance", *span(9, 24), 10_000.0),
        ("distance", *span(24, 32), 80_000.0),
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 6]), st.integers(0, 500), st.integers(1, 20 * 60 * 60)), max_size=40
    )
)
def test_daily_counter_adds_up_to_all_that_was_counted(taken: list[tuple[int, int, int]]) -> None:
    """Whoever counts from midnight on, and however often it is read: nothing is lost, nothing twice."""
    counter, offset, now = DailyCounter(0), 0, 0
    totals: dict[tuple[int, int], int] = {}
    added: list[Increment] = []
    for activity, steps, seconds in taken:
        now += seconds * 1000
        midnight = midnight_before(now, offset)
        assert midnight is not None
        totals[activity, midnight] = totals.get((activity, midnight), 0) + steps
        complete, unplaced = counter.read(activity, totals[activity, midnight], now, midnight)
        added += [complete] if complete else []
        assert unplaced == 0.0
    added += [last] if (last := counter.rest()) else []

    assert sum(increment.value for increment in added) == sum(totals.values())
    assert all(one.start + one.duration <= next_.start for one, next_ in pairwise(added))
    for midnight in {midnight for _, midnight in totals}:
        of_day = [one.value for one in added if midnight <= one.start < midnight + DAY]
        assert sum(of_day) == sum(total for (_, day), total in totals.items() if day == midnight)


def test_daily_counter_of_a_file_that_begins_at_noon_leaves_out_what_came_before() -> None:
    noon = DAY // 2
    counter = DailyCounter(noon)

    assert counter.read(6, 5000, noon + 60_000, 0) == (None, 5000)
    assert counter.read(6, 5200, noon + 120_000, 0) == (None, 0.0)
    assert counter.rest() == Increment(noon + 60_000, 60_000, 200.0)


def test_daily_counter_goes_on_from_where_it_stands_when_the_file_begins() -> None:
    noon = DAY // 2
    counter = DailyCounter(noon)

    assert counter.read(6, 5000, noon, 0) == (None, 0.0)
    assert counter.read(6, 5200, noon + 120_000, 0) == (None, 0.0)
    assert counter.rest() == Increment(noon, 120_000, 200.0)


@pytest.mark.parametrize(
    ("at", "offset", "midnight"),
    [(DAY, 0, 0), (DAY + 1, 0, DAY), (0, 60, -3_600_000), (DAY, None, None), (DAY, -60, 3_600_000)],
)
def test_midnight_before(at: int, offset: int | None, midnight: int | None) -> None:
    assert midnight_before(at, offset) == midnight


def event(time: int, kind: int, what: int = 74) -> bytes:
    return message("event", (TIME, UINT32, time), (0, ENUM, what), (1, ENUM, kind))


def level(time: int, stage: int) -> bytes:
    return message("sleep_level", (TIME, UINT32, time), (0, ENUM, stage))


def test_read_of_a_night_ends_each_stage_at_its_message() -> None:
    items = read(
        fit_file(
            FILE_ID,
            event(T0, 0),
            level(T0 + 1800, 2),
            level(T0 + 3600, 3),
            level(T0 + 3900, 1),
            level(T0 + 5400, 4),
            event(T0 + 5400, 1),
        )
    )

    light, deep, rem = (
        (at(T0), 1_800_000, 30.0),
        (at(T0 + 1800), 1_800_000, 30.0),
        (at(T0 + 3900), 1_500_000, 25.0),
    )
    assert values(items) == [
        ("sleep_duration", *light),
        ("sleep_duration", *deep),
        ("sleep_duration", *rem),
        ("sleep_stage_light", *light),
        ("sleep_stage_deep", *deep),
        ("sleep_stage_rem", *rem),
    ]
    assert problems(items) == [(ProblemCode.NOT_SLEEP, "awake", 1)]


@pytest.mark.parametrize(
    "content",
    [
        [level(T0, 2)],
        [event(T0, 0), level(T0 + 100_000, 2)],
        [event(T0, 0), level(T0, 2)],
        [event(T0, 0), event(T0 + 60, 1), level(T0 + 120, 2)],
        [level(17_217_864, 2)],
    ],
)
def test_read_of_a_stage_of_unknown_length_is_counted(content: list[bytes]) -> None:
    items = read(fit_file(FILE_ID, *content))

    assert (values(items), problems(items)) == (
        [],
        [(ProblemCode.BAD_TIME, "light sleep of unknown length", 1)],
    )


def test_read_of_chained_files_reads_each_with_its_own_device() -> None:
    scale = message("file_id", (0, ENUM, 9), (1, UINT16, 255), (8, TEXT, b"Bathroom\0"))
    weight = message("weight_scale", (TIME, UINT32, T0), (0, UINT16, 8000))

    items = read(fit_file(FILE_ID, heart_rate(T0, 60)) + fit_file(scale, weight))

    assert [(item.kind, item.source) for item in items if isinstance(item, Samples)] == [
        ("heart_rate", "Garmin fenix5"),
        ("weight", "Development Bathroom"),
    ]


def test_read_of_a_damaged_file_goes_on_with_the_next_one() -> None:
    undefined = b"\x05\x01\x02"

    items = read(fit_file(FILE_ID, heart_rate(T0, 60), undefined) + fit_file(FILE_ID, heart_rate(T0 + 9, 61)))

    assert [value for *_, value in values(items)] == [60.0, 61.0]
    assert problems(items) == [(ProblemCode.MALFORMED, "a message of no defined kind", 1)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            fit_file(FILE_ID, heart_rate(T0, 60))[:-1],
            (ProblemCode.TRUNCATED, "the file ends before its checksum", 1),
        ),
        (
            fit_file(FILE_ID, heart_rate(T0, 60), length=500),
            (ProblemCode.TRUNCATED, "the file ends in the middle of its messages", 1),
        ),
        (
            fit_file(FILE_ID, heart_rate(T0, 60), length=0),
            (ProblemCode.MALFORMED, "the header states no length", 1),
        ),
        (
            fit_file(FILE_ID, heart_rate(T0, 60)) + b"and more",
            (ProblemCode.MALFORMED, "no header of a FIT file", 1),
        ),
        (
            fit_file(FILE_ID, heart_rate(T0, 60), b"\x40\0\0\x14\0\xff"),
            (ProblemCode.MALFORMED, "a message goes on beyond the end of its file", 1),
        ),
    ],
)
def test_read_of_a_broken_end_keeps_what_came_before(
    content: bytes, problem: tuple[ProblemCode, str, int]
) -> None:
    items = read(content)

    assert values(items) == [("heart_rate", at(T0), 0, 60.0)]
    assert problems(items) == [problem]


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", fit_file(), fit_file(b"\x05"), b"\x0e" + bytes(7) + b".FIT", fit_file(FILE_ID)[:20]],
)
def test_read_of_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(content)

    assert refused.value.code is RefusalCode.MALFORMED


def test_read_of_a_definition_of_huge_fields_is_bounded() -> None:
    definition = b"\x40\0\0" + struct.pack("<HB", 20, 255) + bytes([3, 255, UINT8]) * 255

    items = read(fit_file(FILE_ID, heart_rate(T0, 60), definition, b"\0" + b"\1" * 255 * 255))

    assert values(items) == [("heart_rate", at(T0), 0, 60.0)]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_cut_or_changed_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    content = (SAMPLES / name).read_bytes()[:8_000]
    place = len(content) * sixteenth // 16
    for damaged in (
        content[:place],
        content[:place] + b"\x00" + content[place + 1 :],
        content[:place] + b"\xff" * 40 + content[place + 40 :],
        content[:place] + content[place + 7 :],
    ):
        assert_read_or_refused(damaged)


@given(st.binary(max_size=600))
def test_read_of_any_bytes_after_a_header_ends_in_items_or_a_refusal(body: bytes) -> None:
    assert_read_or_refused(fit_file(body))


@given(
    st.integers(0, len((SAMPLES / "garmin-fenix-5-run.fit").read_bytes()) - 1),
    st.binary(min_size=1, max_size=8),
)
def test_read_of_a_file_with_any_bytes_put_in_ends_in_items_or_a_refusal(place: int, change: bytes) -> None:
    content = (SAMPLES / "garmin-fenix-5-run.fit").read_bytes()
    assert_read_or_refused(content[:place] + change + content[place + len(change) :])


@given(
    st.sampled_from(
        ["record", "session", "monitoring", "monitoring_info", "activity", "sleep_level", "hrv", "file_id"]
    ),
    st.lists(st.tuples(st.integers(0, 255), st.sampled_from(range(32)), st.binary(max_size=9)), max_size=9),
)
def test_read_of_fields_of_any_type_ends_in_items_or_a_refusal(name: str, fields: list[Field]) -> None:
    content = message(name, *fields)
    assert_read_or_refused(fit_file(FILE_ID, monitoring_info(T0, T0), content, heart_rate(T0, 60)))


def assert_read_or_refused(content: bytes) -> None:
    try:
        items = read(content)
    except Refused:
        return
    assert all(isinstance(item, Samples | Record | Problem) for item in items)
    for item in items:
        if isinstance(item, Record):
            json.dumps(item.body, allow_nan=False)
    assert repr(read(content)) == repr(items)


@pytest.mark.parametrize(
    "head", [b"", b"PK\x03\x04", b"\x0e\x10", b"\x0b" + bytes(7) + b".FIT", b"<?xml", bytes(64)]
)
def test_sniff_leaves_other_files_alone(head: bytes) -> None:
    assert not fit.sniff(head)


@pytest.mark.parametrize("name", FILES)
def test_sniff_knows_a_file_by_its_header_alone(name: str) -> None:
    assert fit.sniff((SAMPLES / name).read_bytes()[:14])


def test_open_upload_of_garmins_archive_in_an_archive_reads_its_files(tmp_path: Path) -> None:
    inner, path = io.BytesIO(), tmp_path / "export.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("MonitoringFile.fit", "WeightScaleSingleUser.fit"):
            archive.write(SAMPLES / name, name)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DI_CONNECT/DI-Connect-Uploaded-Files/UploadedFiles_0-_Part1.zip", inner.getvalue())

    upload = open_upload(path, zone=ZONE)

    assert upload.format == "fit"
    kinds = {item.kind for item in upload.items if isinstance(item, Samples)}
    assert kinds == {"steps", "active_energy", "weight", "body_fat"}
