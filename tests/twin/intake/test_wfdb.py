"""WFDB recordings: calibrated by their headers, waveforms told apart, no file read without the other."""

import io
import zipfile
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import wfdb
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples
from twin.intake.opening import OpenUpload, open_upload
from twin.intake.wfdb.encodings import ENCODINGS, Frames
from twin.intake.wfdb.header import read_header

BERLIN = ZoneInfo("Europe/Berlin")
SAMPLES = Path(__file__).parents[2] / "samples"
PAIR = SAMPLES / "wfdb" / "3975656n.zip"


def open_files(tmp_path: Path, files: dict[str, bytes]) -> OpenUpload:
    """An archive of these."""
    path = tmp_path / "upload.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return open_upload(path, zone=BERLIN)


def read(header: str, files: dict[str, bytes]) -> list[Item]:
    """The items of a recording whose other files lie beside it."""
    beside = {name: io.BytesIO(content) for name, content in files.items()}
    return list(wfdb.read(io.BytesIO(header.encode()), zone=BERLIN, sibling=beside.get))


def refusal(header: str, files: dict[str, bytes]) -> Refused:
    with pytest.raises(Refused) as refused:
        read(header, files)
    return refused.value


def values(items: list[Item]) -> list[tuple[str, str, str, list[float]]]:
    return [
        (item.kind, item.source, item.unit, item.columns.value.tolist())
        for item in items
        if isinstance(item, Samples)
    ]


def starts(items: list[Item]) -> list[int]:
    return [start for item in items if isinstance(item, Samples) for start in item.columns.start.tolist()]


def problems(items: list[Item]) -> list[tuple[ProblemCode, str, str, int]]:
    return [(one.code, one.example, one.place, one.count) for one in items if isinstance(one, Problem)]


def int16(*numbers: int) -> bytes:
    return np.array(numbers, "<i2").tobytes()


HEART = "a 1 1 3 12:00:00 01/07/2024\na.dat 16 10/bpm 16 0 0 {sum} 0 HR\n"
NOON = 1_719_828_000_000
"""Of 1 July 2024 in Berlin."""


def test_read_the_pair_gives_what_its_table_says() -> None:
    items = list(open_upload(PAIR, zone=BERLIN).items)
    found = Counter(
        {(item.kind, item.source): len(item.columns) for item in items if isinstance(item, Samples)}
    )
    assert found == {
        ("heart_rate", "ECG"): 1890,
        ("heart_rate", "Pulse oximeter"): 1573,
        ("resp_rate", "ECG"): 1891,
        ("spo2", "Pulse oximeter"): 1573,
        ("sbp", "Arterial line"): 7,
        ("dbp", "Arterial line"): 7,
        ("sbp", "Cuff"): 152,
        ("dbp", "Cuff"): 152,
    }
    table = (SAMPLES / "table" / "mimic_numerics_3975656n.csv").read_text().splitlines()[1:]
    told = [float(row.split(",")[1]) for row in table]
    (heart,) = [own for kind, source, _, own in values(items) if (kind, source) == ("heart_rate", "ECG")]
    assert heart == [value for value in told if value]
    codes = {one.code for one in items if isinstance(one, Problem)}
    assert codes == {ProblemCode.NOT_MEASURED, ProblemCode.UNKNOWN_KIND}


def test_read_times_go_on_from_the_wall_clock_of_the_header() -> None:
    items = read(HEART.format(sum=1830), {"a.dat": int16(600, 610, 620)})
    assert values(items) == [("heart_rate", "", "/min", [60.0, 61.0, 62.0])]
    assert starts(items) == [NOON, NOON + 1000, NOON + 2000]
    (samples,) = (item for item in items if isinstance(item, Samples))
    assert samples.columns.offset is not None
    assert samples.columns.offset.tolist() == [120, 120, 120]


def test_read_a_night_in_which_the_clock_changes_is_as_long_as_it_was() -> None:
    header = "a 1 0.000277777778 4 01:00:00 27/10/2024\na.dat 16 1/bpm 16 0 0 240 0 HR\n"
    items = read(header, {"a.dat": int16(60, 60, 60, 60)})
    (samples,) = (item for item in items if isinstance(item, Samples))
    assert np.diff(samples.columns.start).tolist() == [3_600_000] * 3
    assert samples.columns.offset is not None
    assert samples.columns.offset.tolist() == [120, 120, 60, 60]


@pytest.mark.parametrize(
    ("gain", "zero", "digits", "expected"),
    [
        ("10/bpm", "0", 600, [60.0]),
        ("10(100)/bpm", "0", 700, [60.0]),
        ("10/bpm", "100", 700, [60.0]),
        ("10(0)/bpm", "100", 600, [60.0]),
        ("2.5e1/bpm", "-100", 1400, [60.0]),
    ],
)
def test_read_gain_and_baseline_make_numbers_values(
    gain: str, zero: str, digits: int, expected: list[float]
) -> None:
    header = f"a 1 1 1 12:00:00 01/07/2024\na.dat 16 {gain} 16 {zero} 0 {digits} 0 HR\n"
    assert values(read(header, {"a.dat": int16(digits)})) == [("heart_rate", "", "/min", expected)]


@pytest.mark.parametrize(
    ("line", "digits", "expected"),
    [
        ("a.dat 16 10/bpm 16 0 0 {sum} 0 HR", -32768, (ProblemCode.NOT_MEASURED, "no sample")),
        ("a.dat 16 10/bpm 16 0 0 {sum} 0 HR", 0, (ProblemCode.NOT_MEASURED, "0 bpm")),
        ("a.dat 16 10/bpm 16 0 0 {sum} 0 Mood", 600, (ProblemCode.UNKNOWN_KIND, "Mood")),
        ("a.dat 16 0/bpm 16 0 0 {sum} 0 HR", 600, (ProblemCode.UNKNOWN_UNIT, "no calibration")),
    ],
)
def test_read_a_number_that_is_no_value_is_counted(
    line: str, digits: int, expected: tuple[ProblemCode, str]
) -> None:
    header = "a 1 1 1 12:00:00 01/07/2024\n" + line.format(sum=digits)
    place = "a.dat, signal " + line.rsplit(" ", 1)[1]
    assert read(header, {"a.dat": int16(digits)}) == [
        Problem(expected[0], expected[1], place, 1, "" if "Mood" in line else "heart_rate")
    ]


@pytest.mark.parametrize(
    "begins", ["", " 12:00:00", " 12:00:00 0/0/0", " 25:00:00 01/07/2024", " 12:00:00 31/02/2024", " noon"]
)
def test_read_a_recording_without_a_date_has_no_times(begins: str) -> None:
    items = read(
        HEART.format(sum=1830).replace(" 12:00:00 01/07/2024", begins), {"a.dat": int16(600, 610, 620)}
    )
    example = begins.strip() or "no date"
    assert problems(items) == [(ProblemCode.BAD_TIME, example, "a.dat, signal HR", 3)]


def test_read_a_waveform_is_counted_once_and_its_file_read_for_the_numbers_beside_it() -> None:
    header = "a 2 1 2 12:00:00 01/07/2024\na.dat 16x4 200/mV 16 0 0 10 0 II\na.dat 16 1/bpm 16 0 0 121 0 HR\n"
    items = read(header, {"a.dat": int16(1, 1, 1, 1, 60, 2, 2, 1, 1, 61)})
    assert values(items) == [("heart_rate", "", "/min", [60.0, 61.0])]
    assert problems(items) == [(ProblemCode.UNSUPPORTED_RESOURCE, "II, a waveform", "a.dat, signal II", 1)]


def test_read_an_ecg_is_no_heart_rate() -> None:
    header = "a 1 360 4 12:00:00 01/07/2024\na.dat 212 200/bpm 11 1024 995 0 0 HR\n"
    assert problems(read(header, {"a.dat": bytes(6)})) == [
        (ProblemCode.UNSUPPORTED_RESOURCE, "HR, a waveform", "a.dat, signal HR", 1)
    ]


def test_read_a_signal_format_of_waveforms_is_counted() -> None:
    header = "a 1 1 4 12:00:00 01/07/2024\na.dat 310 1/bpm 11 0 0 0 0 HR\n"
    assert problems(read(header, {"a.dat": bytes(8)})) == [
        (ProblemCode.UNSUPPORTED_RESOURCE, "HR, signal format 310", "a.dat, signal HR", 1)
    ]


def test_read_a_wrong_sum_is_told_and_the_values_are_kept() -> None:
    items = read(HEART.format(sum=1831), {"a.dat": int16(600, 610, 620)})
    assert values(items) == [("heart_rate", "", "/min", [60.0, 61.0, 62.0])]
    sum_ = "the sum of its samples is another than its header says"
    assert problems(items) == [(ProblemCode.MALFORMED, sum_, "a.dat, signal HR", 1)]


def test_read_a_sum_that_has_run_over_is_right() -> None:
    header = "a 1 1 3 12:00:00 01/07/2024\na.dat 16 500/bpm 16 0 0 24464 0 HR\n"
    assert problems(read(header, {"a.dat": int16(30_000, 30_000, 30_000)})) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (int16(600, 610), (ProblemCode.TRUNCATED, "the file ends after 2 frames", "a.dat", 1)),
        (int16(600, 610) + b"\1", (ProblemCode.TRUNCATED, "the file ends after 2 frames", "a.dat", 1)),
        (
            int16(600, 610, 620, 630),
            (ProblemCode.MALFORMED, "the file goes on after its 3 frames", "a.dat", 1),
        ),
    ],
)
def test_read_a_file_of_another_length_keeps_what_the_header_covers(
    content: bytes, expected: tuple[ProblemCode, str, str, int]
) -> None:
    items = read(HEART.format(sum=1830), {"a.dat": content})
    assert values(items)[0][3] == [60.0, 61.0, 62.0][: len(content) // 2]
    assert problems(items) == [expected]


def test_read_without_a_count_goes_to_the_end_of_the_file() -> None:
    items = read("a 1 1\na.dat 16 10/bpm 16 0 0 0 0 HR\n", {"a.dat": int16(600, 610) + b"\1"})
    assert problems(items) == [
        (ProblemCode.BAD_TIME, "no date", "a.dat, signal HR", 2),
        (ProblemCode.TRUNCATED, "the file ends after 2 frames", "a.dat", 1),
    ]


def test_read_a_preamble_is_passed_over_and_a_skew_moves_a_signal() -> None:
    header = "a 1 1 3 12:00:00 01/07/2024\na.dat 16:2+4 10/bpm 16 0 0 1830 0 HR\n"
    items = read(header, {"a.dat": b"head" + int16(600, 610, 620)})
    assert starts(items) == [NOON - 2000, NOON - 1000, NOON]


def test_read_segments_follow_each_other_with_the_gaps_between_them() -> None:
    items = read(
        "m/4 1 1 9 12:00:00 01/07/2024\nm_layout 0\nm1 2\n~ 5\nm2 2\n",
        {
            "m_layout.hea": b"m_layout 1 1 0\n~ 0 1/bpm 16 0 0 0 0 HR\n",
            "m1.hea": b"m1 1 1 2\nm1.dat 16 1/bpm 16 0 0 121 0 HR\n",
            "m1.dat": int16(60, 61),
            "m2.hea": b"m2 1 1 2\nm2.dat 16 1/bpm 16 0 0 125 0 HR\n",
            "m2.dat": int16(62, 63),
        },
    )
    assert [value for *_, own in values(items) for value in own] == [60, 61, 62, 63]
    assert starts(items) == [NOON, NOON + 1000, NOON + 7000, NOON + 8000]
    assert problems(items) == []


def test_read_a_segment_that_is_missing_or_damaged_is_told() -> None:
    items = read(
        "m/3 1 1 6 12:00:00 01/07/2024\nm1 2\nm2 2\nm3 2\n",
        {
            "m1.hea": b"m1 1 1 2\nm1.dat 16 1/bpm 16 0 0 121 0 HR\n",
            "m1.dat": int16(60, 61),
            "m2.hea": b"nothing of the kind",
        },
    )
    assert starts(items) == [NOON, NOON + 1000]
    assert [(code, place) for code, _, place, _ in problems(items)] == [
        (ProblemCode.MALFORMED, "m2.hea"),
        (ProblemCode.MALFORMED, "m3.hea"),
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a 1 1 3\n", "names 0 of 1"),
        ("a 1 0 3\na.dat 16\n", "frequency is 0"),
        ("a 1 1e-99 3\na.dat 16\n", "frequency is 1e-99"),
        ("a 1 1e999 3\na.dat 16\n", "frequency is 1e999"),
        ("a 300 1 3\n" + "a.dat 16\n" * 300, "more than 256 signals"),
        ("a 1 1 3\na.dat\n", "describes no signal"),
        ("a 1 1 3\na.dat 16 bpm\n", "describes no signal"),
        ("a 1 1 3\na.dat 16 1 16 x\n", "describes no signal"),
        ("a/1 1 1 3\na b\n", "names no segment"),
        ("hello\n", "names no recording"),
        ("#" * 2**20 + "#\n", "too long"),
    ],
)
def test_read_a_header_that_says_something_else_is_refused(header: str, words: str) -> None:
    refused = refusal(header, {"a.dat": bytes(10)})
    assert refused.code is RefusalCode.MALFORMED
    assert words in refused.message


def test_read_signals_that_cannot_share_a_file_are_told() -> None:
    lines = "a.dat 16 1/bpm 16 0 0 0 0 HR\na.dat 212 1/bpm 16 0 0 0 0 PULSE\n"
    items = read("a 2 1 3 12:00:00 01/07/2024\n" + lines, {"a.dat": bytes(20)})
    assert problems(items) == [(ProblemCode.MALFORMED, "its signals cannot stand in one file", "a.dat", 1)]


def test_read_a_header_alone_asks_for_its_files() -> None:
    refused = refusal((SAMPLES / "wfdb" / "s00001-2896-10-10-00-31n.hea").read_text(), {})
    assert refused.code is RefusalCode.INCOMPLETE
    assert refused.message.endswith("the files that it names: 3975656n.dat.")


def test_open_upload_signals_alone_ask_for_their_header(tmp_path: Path) -> None:
    for given_ in (
        lambda: open_upload(SAMPLES / "unknown" / "3975656n.dat", zone=BERLIN, name="3975656n.DAT"),
        lambda: open_files(tmp_path, {"a.dat": int16(600)}),
    ):
        with pytest.raises(Refused) as refused:
            given_()
        assert refused.value.code is RefusalCode.INCOMPLETE
        assert ".hea" in refused.value.message


def test_open_upload_a_header_in_an_archive_without_its_file_is_refused(tmp_path: Path) -> None:
    upload = open_files(tmp_path, {"a.hea": HEART.format(sum=0).encode(), "notes.txt": b"hello"})
    with pytest.raises(Refused) as refused:
        list(upload.items)
    assert refused.value.code is RefusalCode.INCOMPLETE


def test_open_upload_parts_are_read_with_their_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "upload.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b/a.hea", HEART.format(sum=1830))
        archive.writestr("b/a.dat", int16(600, 610, 620))
        archive.writestr("c/a.dat", int16(700, 710, 720))
        archive.writestr("m.hea", "m/1 1 1 3 12:00:00 02/07/2024\nm1 3\n")
        archive.writestr("m1.hea", "m1 1 1 3\nm1.dat 16 1/bpm 16 0 0 183 0 HR\n")
        archive.writestr("m1.dat", int16(60, 61, 62))
    upload = open_upload(path, zone=BERLIN)
    items = list(upload.items)
    assert upload.format == "wfdb"
    assert [own for *_, own in values(items)] == [[60.0, 61.0, 62.0]] * 2
    assert problems(items) == [(ProblemCode.SKIPPED_MEMBER, "a.dat", "c", 1)]


def test_open_upload_a_file_that_two_headers_name_is_read_once(tmp_path: Path) -> None:
    header = HEART.format(sum=1830).encode()
    items = list(
        open_files(tmp_path, {"a.hea": header, "b.hea": header, "a.dat": int16(600, 610, 620)}).items
    )
    assert [own for *_, own in values(items)] == [[60.0, 61.0, 62.0]]
    assert [(code, place) for code, _, place, _ in problems(items)] == [(ProblemCode.SKIPPED_MEMBER, "b.hea")]


def test_open_upload_headers_that_name_each_other_are_counted(tmp_path: Path) -> None:
    header = "{} 1 1 3\n{}.hea 16 10/bpm 16 0 0 0 0 HR\n"
    first, second = header.format("a", "b").encode(), header.format("b", "a").encode()
    upload = open_files(tmp_path, {"a.hea": first, "b.hea": second})
    assert problems(list(upload.items)) == [(ProblemCode.SKIPPED_MEMBER, "a.hea", ".", 2)]


def test_open_upload_a_damaged_part_is_told(tmp_path: Path) -> None:
    content = int16(*([600] * 40_000))
    path = tmp_path / "upload.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.hea", "a 1 1 40000 12:00:00 01/07/2024\na.dat 16 10/bpm\n")
        archive.writestr("a.dat", content)
    raw = bytearray(path.read_bytes())
    raw[raw.index(content) + 70_000] ^= 1
    path.write_bytes(raw)
    codes = {code for code, *_ in problems(list(open_upload(path, zone=BERLIN).items))}
    assert {ProblemCode.MALFORMED, ProblemCode.TRUNCATED} <= codes


def pack(code: int, numbers: list[int]) -> bytes:
    """As the guide says, number by number."""
    match code:
        case 16 | 32:
            return b"".join(number.to_bytes(code // 8, "little", signed=True) for number in numbers)
        case 24:
            return b"".join(number.to_bytes(3, "little", signed=True) for number in numbers)
        case 61:
            return b"".join(number.to_bytes(2, "big", signed=True) for number in numbers)
        case 80:
            return bytes(number + 128 for number in numbers)
        case 160:
            return b"".join((number + 32768).to_bytes(2, "little") for number in numbers)
    packed = b""
    for first, second in zip(numbers[::2], [*numbers[1::2], 0], strict=False):
        low, high = first % 4096, second % 4096
        packed += bytes([low & 255, low >> 8 | high >> 8 << 4, high & 255])
    return packed


BITS = {16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12}


@given(data=st.data(), code=st.sampled_from(sorted(ENCODINGS)), width=st.integers(1, 5))
def test_frames_give_back_what_was_written(data: st.DataObject, code: int, width: int) -> None:
    most = 1 << (BITS[code] - 1)
    numbers = data.draw(st.lists(st.integers(-most, most - 1), min_size=width, max_size=60))
    whole = len(numbers) // width * width
    stream = io.BytesIO(b"ab" + pack(code, numbers[:whole]))
    found = Frames(stream, ENCODINGS[code], width, offset=2, most=data.draw(st.integers(1, 8)))
    read_ = [number for block in found for number in block.ravel().tolist()]
    assert read_[:whole] == numbers[:whole]
    assert len(read_) - whole < ENCODINGS[code].samples
    assert not found.is_cut
    assert ENCODINGS[code].missing == -most


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_read_any_bytes_end_in_items_or_a_refusal(head: bytes, signals: bytes) -> None:
    wfdb.sniff(head)
    for content in (head, b"a 1 1 3 12:00:00 01/07/2024\na.dat 16 " + head):
        try:
            list(wfdb.read(io.BytesIO(content), zone=BERLIN, sibling=lambda _: io.BytesIO(signals)))
        except Refused:
            continue


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("100 2 360 650000 0:0:0 0/0/0\n100.dat 212 200 11 1024 995 -22131 0 MLII\n", True),
        ("# a comment\n\n8l 16\r\ndata0 8\r\n", True),
        ("multi/3 2 360 45000\n100s 21600\n", True),
        ("a 0\n", False),
        ("rs4477212\t1\t82154\tAA\nrs3094315\t1\t752566\tAG\n", False),
        ("1 2 3\nfour five six\n", False),
        ("x" * 60_000, False),
        ("a 1 1\n" + "x " * 30_000, False),
    ],
)
def test_sniff_knows_a_header_by_its_first_two_lines(head: str, expected: bool) -> None:
    assert wfdb.sniff(head.encode()) is expected


def test_header_knows_its_clock_with_and_without_hours() -> None:
    header = "a 1 1 1 {}\na.dat 16\n"
    clocks = {"31:25.894 10/10/2015": 1_885_894, "23:0:1 10/10/2015": 82_801_000}
    for written, after_midnight in clocks.items():
        wall = read_header(io.BytesIO(header.format(written).encode())).wall
        assert wall is not None
        assert wall % 86_400_000 == after_midnight
