"""A NAT between a SIP client and its server, on UDP; nothing is rewritten.

    nat = Nat(("127.0.0.1", 5060), inside="127.0.0.71", outside="127.0.0.72")
    # the client takes nat.addr for the server, which sees nat.outer
    nat.move()                       # another port outside, the old one is shut
"""
import select
import socket
import threading


def udp(ip):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((ip, 0))
    return s


class Nat:
    def __init__(self, server, inside, outside):
        self.server, self.outside = server, outside
        self.inner, self.outer_sock = udp(inside), udp(outside)
        self.addr = self.inner.getsockname()
        self.client = None
        self.came_in = []            # datagrams of the server
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def outer(self):
        return "%s:%d" % self.outer_sock.getsockname()

    def move(self):
        old, self.outer_sock = self.outer_sock, udp(self.outside)
        old.close()

    def run(self):
        while not self.over:
            try:
                outer = self.outer_sock
                ready = select.select([self.inner, outer], [], [], 0.05)[0]
                for s in ready:
                    data, peer = s.recvfrom(65536)
                    if s is self.inner:
                        self.client = peer
                        self.outer_sock.sendto(data, self.server)
                    elif self.client:
                        self.came_in.append(data)
                        self.inner.sendto(data, self.client)
            except (OSError, ValueError):
                continue             # it moved

    def close(self):
        self.over = True
        self.thread.join()
        self.inner.close()
        self.outer_sock.close()
