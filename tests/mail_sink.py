"""A mail server on a real socket. It refuses `450@` and `550@` with these, and answers nothing to `hang@`."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass(slots=True)
class MailSink:
    port: int = 0
    mails: list[Message] = field(default_factory=list)
    connections: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper().strip()
            if word == b"RCPT":
                name = line.partition(b"<")[2].partition(b"@")[0].decode()
                if name == "hang":
                    continue
                writer.write(f"{name} no\r\n".encode() if name.isdigit() else b"250 ok\r\n")
            elif word == b"DATA":
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(message_from_bytes(content[:-5]))
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    """The server on a free port of this machine, in a thread of its own, until the block ends."""
    made = MailSink()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(made.talk, "127.0.0.1", 0))
    made.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    talks = asyncio.all_tasks() - {asyncio.current_task()}
    for one in talks:
        one.cancel()
    await asyncio.gather(*talks, return_exceptions=True)
    # A transport that is closed lets go of its socket in the loop's next turn.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
