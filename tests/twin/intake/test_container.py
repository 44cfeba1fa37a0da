"""Zip archives: what is safe is streamed, what is not is refused in words."""

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twin.intake import container
from twin.intake.container import Archive
from twin.intake.items import RefusalCode, Refused


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return bytearray(packed.getvalue())


def refusal_of(content: bytes) -> RefusalCode:
    with pytest.raises(Refused) as refusal:
        Archive(io.BytesIO(content))
    return refusal.value.code


def contents(content: bytes) -> dict[str, bytes]:
    archive = Archive(io.BytesIO(content))
    return {info.filename: archive.open(info).read() or b"" for info in archive.members}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_members_are_streamed_without_the_folders(method: int) -> None:
    members = [
        ("apple_health_export/", b""),
        ("apple_health_export/导出.xml", b"<a/>" * 1000),
        ("b.csv", b""),
    ]
    assert contents(zipped(*members, method=method)) == dict(members[1:])


def test_member_rewound_reads_again() -> None:
    archive = Archive(io.BytesIO(zipped(("a", b"0123456789"))))
    member = archive.open(archive.members[0])
    assert member.read(4) == b"0123"
    assert member.seek(0) == 0
    assert member.read() == b"0123456789"


@pytest.mark.parametrize(
    "name",
    [
        "../outside.xml",
        "a/../../outside.xml",
        "/etc/passwd",
        "C:/boot.ini",
        "..\\outside.xml",
        "\\\\host\\share\\x",
    ],
)
def test_archive_with_a_name_that_leads_outside_is_refused(name: str) -> None:
    assert refusal_of(zipped(("export.xml", b"<a/>"), (name, b"x"))) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_with_a_link_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("export.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal_of(packed.getvalue()) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_with_a_name_cut_at_nul_is_refused() -> None:
    assert refusal_of(zipped(("a.xmlZ", b"x")).replace(b"a.xmlZ", b"a.xml\0")) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_with_two_members_of_one_name_is_refused() -> None:
    twice = zipped(("a.xml", b"one"), ("b.xml", b"two")).replace(b"b.xml", b"a.xml")
    assert refusal_of(twice) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_with_a_password_is_refused() -> None:
    locked = zipped(("export.xml", b"<a/>"))
    directory = locked.rindex(b"PK\x01\x02")
    locked[directory + 8] |= 1
    assert refusal_of(locked) is RefusalCode.ENCRYPTED


def test_archive_that_unpacks_to_hundreds_of_times_its_size_is_refused() -> None:
    bomb = zipped(("export.xml", bytes(container.RATIO_COUNTS_FROM + 1)))
    assert len(bomb) < 100_000
    assert refusal_of(bomb) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_whose_members_share_their_bytes_is_refused() -> None:
    bomb = zipped(("a", bytes(1000)), ("b", bytes(1000)))
    second = bomb.rindex(b"PK\x01\x02")
    bomb[second + 42 : second + 46] = struct.pack("<I", 0)
    assert refusal_of(bomb) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_that_claims_more_than_its_limit_is_refused() -> None:
    huge = zipped(("a", b"a"), ("b", b"b"))
    for start in (huge.index(b"PK\x01\x02"), huge.rindex(b"PK\x01\x02")):
        huge[start + 24 : start + 28] = struct.pack("<I", 2**32 - 2)
    assert refusal_of(huge) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_of_too_many_members_is_refused() -> None:
    members = [(str(number), b"") for number in range(container.MOST_MEMBERS + 1)]
    assert len(Archive(io.BytesIO(zipped(*members[1:]))).members) == container.MOST_MEMBERS
    assert refusal_of(zipped(*members)) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_whose_directory_would_fill_the_memory_is_refused_unread() -> None:
    entry = zipped(("x" * 60_000, b""))
    directory = entry.rindex(b"PK\x01\x02")
    end = entry.rindex(b"PK\x05\x06")
    swollen = entry[:directory] + entry[directory:end] * 100 + entry[end:]
    at = swollen.rindex(b"PK\x05\x06")
    swollen[at + 8 : at + 16] = struct.pack("<HHI", 100, 100, (end - directory) * 100)
    assert refusal_of(swollen) is RefusalCode.UNSAFE_ARCHIVE


def test_archive_inside_an_archive_is_a_member_like_any_other() -> None:
    inner = bytes(zipped(("export.xml", b"<a/>")))
    assert contents(zipped(("inner.zip", inner))) == {"inner.zip": inner}


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_archive_cut_off_is_refused(sixteenth: int) -> None:
    whole = zipped(("export.xml", bytes(range(256)) * 40), method=zipfile.ZIP_STORED)
    assert refusal_of(whole[: len(whole) * sixteenth // 16]) is RefusalCode.MALFORMED


def test_member_damaged_inside_ends_early_and_says_so() -> None:
    damaged = zipped(("export.xml", bytes(range(256)) * 400), method=zipfile.ZIP_STORED)
    damaged[60_000] ^= 0xFF
    archive = Archive(io.BytesIO(damaged))
    member = archive.open(archive.members[0])
    whole = member.read()
    assert "CRC" in member.damage
    assert len(whole or b"") < 256 * 400


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_member_of_another_compression_is_empty_and_says_so(method: int) -> None:
    archive = Archive(io.BytesIO(zipped(("export.xml", b"<a/>"), method=method)))
    member = archive.open(archive.members[0])
    assert member.read() == b""
    assert "compression method" in member.damage


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(0, 255))
@example(b"", 1183, 0)  # the first character of a name is nothing, and so is the name
def test_archive_any_damage_is_refused_or_contained(tail: bytes, place: int, byte: int) -> None:
    content = zipped(("a/export.xml", b"<HealthData/>" * 50), ("b.csv", b"start,kind"))
    content[place % len(content)] = byte
    try:
        archive = Archive(io.BytesIO(bytes(content) + tail))
    except Refused:
        return
    for info in archive.members:
        archive.open(info).read()
