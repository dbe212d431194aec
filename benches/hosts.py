"""The server: hosts on loopback, each with limits of its own.

    hosts.py KIND FOLDER

It prints its port, serves the files of the folder over HTTP/1.1 with keep-alive, and ends when its standard input does.
`GET /-/counts` returns the counts since the previous such request: requests, refusals, the most at once.
"""
import asyncio
import json
import os
import socket
import struct
import sys
import threading

# The behaviour of each host. `delay`: seconds before each response; `each`, `all`: bytes per second for each response,
# for all of them; `refuse`, `reset`: how many concurrent requests are too many; `rate`: how many requests per second
# are too many.
KINDS = {
    "rtt-50ms": {"delay": 0.05},
    "wait-80ms": {"delay": 0.08},
    "each-1MBps": {"delay": 0.02, "each": 1_000_000},
    "all-15MBps": {"delay": 0.02, "all": 15_000_000},
    "429-over-6": {"delay": 0.09, "refuse": 6},
    "reset-over-4": {"delay": 0.09, "reset": 4},
    "429-over-25ps": {"delay": 0.03, "rate": 25},
}
PIECE = 16 << 10


class Host:
    """State shared by all connections: the files, the active requests, and the counts."""

    def __init__(self, kind, folder):
        self.rules = KINDS[kind]
        self.files = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                self.files["/" + name] = file.read()
        self.loop = asyncio.get_running_loop()
        self.live = 0
        self.reset()

    def reset(self):
        """Resets the counts and the record of requests."""
        self.requests = self.refusals = self.peak = 0
        self.free = 0.0
        self.tokens = float(self.rules.get("rate", 0))
        self.filled = self.loop.time()

    def counts(self):
        """Returns the counts."""
        return {"requests": self.requests, "refusals": self.refusals, "peak": self.peak}

    def is_too_often(self):
        """Returns whether this request exceeds the rate: a token bucket with one second's worth."""
        rate = self.rules.get("rate")
        if rate is None:
            return False
        now = self.loop.time()
        self.tokens = min(rate, self.tokens + rate * (now - self.filled))
        self.filled = now
        if self.tokens < 1:
            return True
        self.tokens -= 1
        return False


class Connection(asyncio.Protocol):
    """One connection: reads requests, and responds to them one after the other."""

    def __init__(self, host):
        self.host = host
        self.buffer = b""
        self.task = None

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, _):
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data):
        self.buffer += data
        self.next()

    def next(self):
        """Starts the next response if a complete request is there and none is being served."""
        if self.task is None and b"\r\n\r\n" in self.buffer:
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            self.task = asyncio.create_task(self.answer(head))
            self.task.add_done_callback(self.answered)

    def answered(self, task):
        if not task.cancelled() and task.exception() is None:
            self.task = None
            self.next()

    async def answer(self, head):
        """Responds to one request as this host does."""
        host = self.host
        line, *fields = head.decode("latin-1").split("\r\n")
        path = line.split(" ")[1]
        if path == "/-/counts":
            self.send("200 OK", json.dumps(host.counts()).encode(), "application/json")
            host.reset()
            return
        host.live += 1
        host.requests += 1
        host.peak = max(host.peak, host.live)
        try:
            if host.live > host.rules.get("reset", host.live):
                host.refusals += 1
                # No lingering: unsent data is discarded and the peer gets a reset.
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.transport.abort()
            elif host.live > host.rules.get("refuse", host.live) or host.is_too_often():
                host.refusals += 1
                self.send("429 Too Many Requests", b"slow down", "text/plain", "Retry-After: 1\r\n")
            elif path not in host.files:
                self.send("404 Not Found", b"not here", "text/plain")
            else:
                await asyncio.sleep(host.rules["delay"])
                await self.file(host.files[path], fields)
        finally:
            host.live -= 1

    async def file(self, body, fields):
        """Sends a file, or the rest of it, at this host's speed."""
        status, more = "200 OK", "Accept-Ranges: bytes\r\nETag: \"%d\"\r\n" % len(body)
        for field in fields:
            name, _, value = field.partition(":")
            if name.lower() == "range" and value.strip().startswith("bytes="):
                first, _, last = value.strip()[6:].partition("-")
                start, end = int(first or 0), int(last or len(body) - 1)
                status = "206 Partial Content"
                more += "Content-Range: bytes %d-%d/%d\r\n" % (start, end, len(body))
                body = body[start:end + 1]
        rules = self.host.rules
        if "each" not in rules and "all" not in rules:
            self.send(status, body, "image/jpeg", more)
            return
        self.send(status, b"", "image/jpeg", more, len(body))
        free = self.host.loop.time()
        for at in range(0, len(body), PIECE):
            piece = body[at:at + PIECE]
            now = self.host.loop.time()
            if "all" in rules:
                free = self.host.free = max(self.host.free, now) + len(piece) / rules["all"]
            else:
                free += len(piece) / rules["each"]
            await asyncio.sleep(free - now)
            self.transport.write(piece)

    def send(self, status, body, kind, more="", length=None):
        length = len(body) if length is None else length
        head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, length, more)
        self.transport.write(head.encode() + body)


async def serve(kind, folder):
    """Serves until standard input ends, that is, until the parent process is gone."""
    host = Host(kind, folder)
    server = await host.loop.create_server(lambda: Connection(host), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    wait = threading.Thread(target=lambda: (sys.stdin.read(), host.loop.call_soon_threadsafe(ended.set)), daemon=True)
    wait.start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
