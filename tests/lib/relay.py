"""A UDP relay between a SIP client and a server that damages the traffic.

    relay = Relay(("127.0.0.1", 5060), loss=0.05, duplicate=0.05,
                  reorder=0.1, delay=(0.0, 0.02), seed=1)
    # point the client at relay.addr

Each client (by its address) gets a socket of its own towards the server, so
that answers find their way back, and Contacts are rewritten, so that requests
of the server come through, too.  RTP goes directly, by the addresses in the
SDP.  A thread of its own; seeded.
"""
import heapq
import random
import re
import select
import socket
import threading
import time


class Relay:
    def __init__(self, server, ip="127.0.0.1", loss=0.0, duplicate=0.0,
                 reorder=0.0, delay=(0.0, 0.0), seed=1):
        self.server = server
        self.loss, self.duplicate, self.reorder = loss, duplicate, reorder
        self.delay = delay
        self.rng = random.Random(seed)
        self.cut = False                 # nothing passes while it is set
        self.passed = self.dropped = self.doubled = 0
        self.ip = ip
        self.front = self.bind()
        self.addr = self.front.getsockname()
        self.back = {}                   # client address -> socket
        self.clients = {}                # socket -> client address
        self.queue = []                  # (due, order, socket, data, to)
        self.order = 0
        self.ending = False
        self.wake = socket.socketpair()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def bind(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((self.ip, 0))
        return s

    def put(self, s, data, to):
        if self.cut or self.rng.random() < self.loss:
            self.dropped += 1
            return
        copies = 1
        if self.rng.random() < self.duplicate:
            copies = 2
            self.doubled += 1
        for _ in range(copies):
            due = time.monotonic() + self.rng.uniform(*self.delay)
            if self.rng.random() < self.reorder:
                due += 0.03
            self.order += 1
            heapq.heappush(self.queue, (due, self.order, s, data, to))
        self.passed += 1

    def from_client(self, data, client):
        s = self.back.get(client)
        if not s:
            s = self.back[client] = self.bind()
            self.clients[s] = client
        here = "%s:%d" % s.getsockname()
        # so that the server's requests come through here as well
        data = re.sub(rb"(?m)^(Contact: *<sip:(?:[^@>\r\n]*@)?)[\d.]+:\d+",
                      lambda m: m.group(1) + here.encode(), data)
        self.put(s, data, self.server)

    def from_server(self, data, s):
        here = "%s:%d" % self.addr
        data = re.sub(rb"(?m)^(Contact: *<sip:(?:[^@>\r\n]*@)?)[\d.]+:\d+",
                      lambda m: m.group(1) + here.encode(), data)
        self.put(self.front, data, self.clients[s])

    def run(self):
        while not self.ending:
            now = time.monotonic()
            while self.queue and self.queue[0][0] <= now:
                _, _, s, data, to = heapq.heappop(self.queue)
                try:
                    s.sendto(data, to)
                except OSError:
                    pass                 # nobody there: lost
            wait = max(0, self.queue[0][0] - now) if self.queue else None
            ready = select.select([self.front, self.wake[0], *self.clients],
                                  [], [], wait)[0]
            for s in ready:
                if s is self.wake[0]:
                    continue
                try:
                    data, addr = s.recvfrom(65535)
                except OSError:
                    continue             # port unreachable of a send before
                if s is self.front:
                    self.from_client(data, addr)
                else:
                    self.from_server(data, s)

    def close(self):
        self.ending = True
        self.wake[1].send(b"!")
        self.thread.join()
        for s in [self.front, *self.clients, *self.wake]:
            s.close()
