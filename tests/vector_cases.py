"""Cases with their expected answers: those in vectors/, or those of another folder of the same shape."""

import json
import os
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent / "vectors"


def vector_cases(name: str) -> list[dict[str, Any]]:
    """The cases of `<name>_vectors.json`, from the folder that POLLUX_VECTORS names if it names one."""
    folder = Path(os.environ.get("POLLUX_VECTORS") or _HERE)
    cases: list[dict[str, Any]] = json.loads((folder / f"{name}_vectors.json").read_text("utf-8"))["cases"]
    return cases
