"""The pages that promise something about the edges name everything there is."""

import inspect
import re
from pathlib import Path

from backend import live

DOCS = Path(__file__).parents[2] / "docs"


def named(page: str) -> set[str]:
    """What stands in code marks in the first cells of the page's tables."""
    lines = (DOCS / page).read_text().splitlines()
    return {match[1] for line in lines if (match := re.match(r"\| `?([\w]+)`? \|", line))}


def test_page_on_the_socket_names_every_command_event_and_code():
    source = inspect.getsource(live)
    events = set(re.findall(r'"type": "(\w+)"', source))
    codes = set(re.findall(r'(?:"code": |Refusal\()"(\w+)"', source))
    closes = {str(live.NOT_AUTHENTICATED), str(live.SESSION_ENDED), str(live.TRY_AGAIN)}
    assert events | codes | closes | set(live.COMMANDS) <= named("live.md")
    page = (DOCS / "live.md").read_text()
    numbers = {live.LONGEST_COMMAND, live.MOST_STREAMS, live.BATCH, int(live.HEARTBEAT)}
    assert numbers <= {int(number) for number in re.findall(r"\d+", page)}
