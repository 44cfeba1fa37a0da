"""numpy arrays to PostgreSQL's binary arrays and back, without a Python object for each number."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from backend import sql

_HEAD = struct.Struct(">iiI")  # dimensions, whether NULLs are in it, type of the elements
_DIMENSION = struct.Struct(">ii")  # elements, number of the first
_FLOAT8, _FLOAT8S, _INT4S = 701, 1022, 1007
_DOUBLES = np.dtype([("size", ">i4"), ("value", ">f8")])
_INTEGERS = np.dtype([("size", ">i4"), ("value", ">i4")])


@contextmanager
def cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor of the open transaction that takes arrays of doubles (`%b`), one after the other where they
    have rows, and gives float8[] and int4[] as arrays where it reads in binary; NULLs must not be in them.
    """
    with sql.cursor() as one:
        one.adapters.register_dumper(np.ndarray, _Doubles)
        one.adapters.register_loader(_FLOAT8S, _DoublesLoader)
        one.adapters.register_loader(_INT4S, _IntegersLoader)
        yield one


class _Doubles(Dumper):
    format = Format.BINARY
    oid = _FLOAT8S

    def dump(self, obj: npt.NDArray[np.float64]) -> Buffer:
        elements = np.empty(obj.size, _DOUBLES)
        elements["size"] = 8
        elements["value"] = obj.ravel()
        shape = _DIMENSION.pack(obj.size, 1) if obj.size else b""
        return _HEAD.pack(1 if obj.size else 0, 0, _FLOAT8) + shape + elements.tobytes()


class _DoublesLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.float64]:
        return _elements(data, _DOUBLES).astype(np.float64)


class _IntegersLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> npt.NDArray[np.int32]:
        return _elements(data, _INTEGERS).astype(np.int32)


def _elements(data: Buffer, layout: np.dtype[np.void]) -> npt.NDArray[Any]:
    dimensions, _, _ = _HEAD.unpack_from(data)
    start = _HEAD.size + dimensions * _DIMENSION.size
    return np.frombuffer(data, layout, offset=start)["value"] if dimensions else np.empty(0, layout)["value"]
