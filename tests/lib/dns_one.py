"""A name server that knows one address, whatever the name."""
import socket
import struct
import threading


class Dns:
    def __init__(self, ip, address, ttl=60):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ip, 53))
        self.address = socket.inet_aton(address)
        self.ttl = ttl
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, peer = self.sock.recvfrom(2000)
            except OSError:
                return
            end = query.index(0, 12) + 5
            good = struct.unpack("!H", query[end - 4:end - 2])[0] == 1
            self.sock.sendto(
                query[:2] + struct.pack("!5H", 0x8580, 1, good, 0, 0) +
                query[12:end] + (b"\xc0\x0c" + struct.pack(
                    "!HHIH", 1, 1, self.ttl, 4) + self.address if good
                    else b""), peer)

    def close(self):
        self.sock.close()
