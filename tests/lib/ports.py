"""Ports of the tests: none is given twice by a process, and none is one that
the kernel hands out by itself, to a socket bound to port 0 or to a connection
that goes out.  So a port given stays free until the test takes it, and where
no one takes it no one listens.
"""
import contextlib
import errno
import random
import socket
import threading

LOW, STEP = 2048, 4
SIPP = range(8888, 8948)    # each takes one for itself, on all addresses
given, lock = set(), threading.Lock()


def top():
    """Ports below it are given."""
    with open("/proc/sys/net/ipv4/ip_local_port_range",
              encoding="ascii") as f:
        return max(2 * LOW, min(int(f.read().split()[0]), 30000))


def free(ip, ports):
    """Are they all, for UDP and for TCP?"""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with contextlib.ExitStack() as held:
            for port in ports:
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    s = held.enter_context(socket.socket(family, kind))
                    s.bind((ip, port))
    except OSError:
        return False
    return True


def free_port(ip):
    """One, and the three after it: sipp's media take four."""
    with lock:
        for port in random.SystemRandom().sample(
                range(LOW, top() - STEP, STEP), 400):
            if port not in given and port not in SIPP and \
                    free(ip, range(port, port + STEP)):
                given.add(port)
                return port
    raise AssertionError("no %d free ports on %s" % (STEP, ip))


media_port = free_port


def bound(ip, port, bind):
    """What bind(port) gives, with a free port for 0.  Another process may
    have taken it meanwhile: 127.0.0.1 is everybody's."""
    for _ in range(10):
        try:
            return bind(port or free_port(ip))
        except OSError as e:
            if port or e.errno != errno.EADDRINUSE:
                raise
    raise AssertionError("all ports of %s are taken at once" % ip)
