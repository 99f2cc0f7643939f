"""A TCP proxy in front of a broker that breaks connections around the end of transactions.

Only EndTxn requests (API key 26) are touched, each with the probability given, in one of four ways:
  dropped   the connection is cut before the broker has heard of it
  lost      the broker has done it, the answer is lost with the connection
  delayed   it reaches the broker up to three seconds late
  stale     the client's connection is cut at once, and the request reaches the broker up to eight seconds later, when the
            client may long have begun another transaction: the case that KIP-890 is about
"""

import asyncio
import random
import struct
import threading

END_TXN = 26
WAYS = ("dropped", "lost", "delayed", "stale")
DELAY_S = 3
STALE_S = 8


async def read_frame(reader):
    head = await reader.readexactly(4)
    return head + await reader.readexactly(struct.unpack(">i", head)[0])


class Proxy:
    """Listens on a free loopback port from `start` on, for clients of the broker at `target`. One thread of its own."""

    def __init__(self, share, seed):
        self.share = share
        self.random = random.Random(seed)
        self.target = None  # port
        self.port = None
        self.done = dict.fromkeys(WAYS, 0)
        self.seen = 0
        self.tasks = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def start(self):
        self.thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self.serve, "127.0.0.1", 0), self.loop).result()
        self.port = server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        lost = set()  # correlation ids of requests whose answers are to be lost
        self.tasks.add(asyncio.current_task())  # the loop itself holds tasks only weakly
        requests = asyncio.ensure_future(self.requests(reader, upstream_writer, writer, lost))
        answers = asyncio.ensure_future(self.answers(upstream_reader, writer, lost))
        await asyncio.wait([requests, answers], return_when=asyncio.FIRST_COMPLETED)
        writer.close()
        for task in (requests, answers):
            task.cancel()
        await asyncio.gather(requests, answers, return_exceptions=True)
        upstream_writer.close()
        self.tasks.discard(asyncio.current_task())

    async def requests(self, reader, upstream, client, lost):
        try:
            while True:
                frame = await read_frame(reader)
                key, _, correlation = struct.unpack(">hhi", frame[4:12])
                if key == END_TXN:
                    self.seen += 1
                if key != END_TXN or self.random.random() >= self.share:
                    upstream.write(frame)
                    await upstream.drain()
                    continue
                way = self.random.choice(WAYS)
                self.done[way] += 1
                if way == "dropped":
                    return
                if way == "lost":
                    lost.add(correlation)
                if way == "delayed":
                    await asyncio.sleep(self.random.uniform(0.2, DELAY_S))
                if way == "stale":
                    client.close()
                    await self.late(frame, upstream)
                    return
                upstream.write(frame)
                await upstream.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass

    async def late(self, frame, upstream):
        await asyncio.sleep(self.random.uniform(0.5, STALE_S))
        upstream.write(frame)
        await upstream.drain()
        await asyncio.sleep(0.5)  # until the broker has read it: what follows is the end of the connection

    async def answers(self, upstream, client, lost):
        try:
            while True:
                frame = await read_frame(upstream)
                if struct.unpack(">i", frame[4:8])[0] in lost:
                    return
                if client.is_closing():
                    continue  # nobody is there for it
                client.write(frame)
                await client.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
