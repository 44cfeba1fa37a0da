"""What a reader yields: samples, records, problems and remarks. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from twin.series.columns import Columns


class ProblemCode(StrEnum):
    """Every reason for which something in a file was not stored as it stood."""

    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_UNIT = "unknown_unit"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_NUMBER = "not_a_number"
    BAD_TIME = "bad_time"
    IMPLAUSIBLE_TIME = "implausible_time"
    ENTERED_IN_ERROR = "entered_in_error"
    OTHER_PATIENT = "other_patient"
    UNSUPPORTED_RESOURCE = "unsupported_resource"
    DUPLICATE_ROW = "duplicate_row"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    NOT_WORN = "not_worn"
    NOT_SLEEP = "not_sleep"
    NOT_MEASURED = "not_measured"
    ERROR_CODE = "error_code"
    SKIPPED_MEMBER = "skipped_member"
    TOO_MANY_SOURCES = "too_many_sources"


class RemarkCode(StrEnum):
    """Every thing that a file's owner should know of it, though nothing of the file was lost."""

    ZONE_ASSUMED = "zone_assumed"
    DATE_ORDER_ASSUMED = "date_order_assumed"
    GENOME_BUILD = "genome_build"
    VARIANTS_READ = "variants_read"


class RefusalCode(StrEnum):
    """Every reason for which a whole file is refused."""

    UNKNOWN_FORMAT = "unknown_format"
    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    MALFORMED = "malformed"
    ENTITIES_FORBIDDEN = "entities_forbidden"
    UNSUPPORTED_VERSION = "unsupported_version"
    SEVERAL_PEOPLE = "several_people"
    UNSAFE_ARCHIVE = "unsafe_archive"
    ENCRYPTED = "encrypted"
    NOTHING_USABLE = "nothing_usable"
    READING_FAILED = "reading_failed"


class RecordType(StrEnum):
    """The sparse clinical facts that are kept as rows."""

    CONDITION = "condition"
    MEDICATION = "medication"
    ALLERGY = "allergy"
    IMMUNIZATION = "immunization"
    PROCEDURE = "procedure"
    REPORT = "report"
    OBSERVATION = "observation"
    ACTIVITY = "activity"
    TREATMENT = "treatment"
    VARIANT = "variant"


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of one kind and one source as the file gave them, in the file's own unit.

    `kind` is a catalogue code; `source` is empty when the file does not say.
    """

    kind: str
    source: str
    unit: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Record:
    """One clinical fact; `identity` is stable across uploads of a source, `body` is the source's JSON."""

    type: RecordType
    identity: str
    system: str
    code: str
    text: str
    status: str
    start: datetime | None
    end: datetime | None
    body: dict[str, Any]
    topic: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the owner must be told; `count` things of this sort, `example` and `place` show the first."""

    code: ProblemCode
    example: str
    place: str
    count: int = 1
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """How something of the file was understood; it makes no upload partial. `text` is a few words of fact."""

    code: RemarkCode
    text: str


class Refused(Exception):
    """The whole file cannot be read; the message is a sentence for its owner."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


Item = Samples | Record | Problem | Remark
