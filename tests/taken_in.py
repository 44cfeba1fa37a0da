"""What tests of readers share: items as plain rows, and files damaged in every way."""

from collections.abc import Iterable, Iterator

from twin.intake.items import Item, Problem, ProblemCode, Samples


def rows(items: Iterable[Item]) -> list[tuple[str, str, str, int, int, float]]:
    """Kind, source, unit, start, duration and value of every sample."""
    return [
        (one.kind, one.source, one.unit, *row)
        for one in items
        if isinstance(one, Samples)
        for row in zip(
            one.columns.start.tolist(), one.columns.duration.tolist(), one.columns.value.tolist(), strict=True
        )
    ]


def series(items: Iterable[Item]) -> list[tuple[str, str, str, list[float], list[int] | None]]:
    """Kind, source, unit, values and flags of every batch."""
    return [
        (
            one.kind,
            one.source,
            one.unit,
            one.columns.value.tolist(),
            None if one.columns.flags is None else one.columns.flags.tolist(),
        )
        for one in items
        if isinstance(one, Samples)
    ]


def problems(items: Iterable[Item]) -> list[tuple[ProblemCode, str, str, int, str]]:
    """Code, example, place, number and kind of every problem."""
    return [
        (one.code, one.example, one.place, one.count, one.kind) for one in items if isinstance(one, Problem)
    ]


def damaged(raw: bytes, sixteenth: int, mark: bytes) -> Iterator[bytes]:
    """The file cut there, with a NUL or `mark` in the place of the byte there, and with `mark` before it."""
    place = len(raw) * sixteenth // 16
    yield raw[:place]
    yield raw[:place] + b"\x00" + raw[place + 1 :]
    yield raw[:place] + mark + raw[place + 1 :]
    yield raw[:place] + mark + raw[place:]
