"""The library in this process, by ctypes: just what the fault tests need."""
import ctypes
import json
import os
import time

LIB = ctypes.CDLL(os.environ["LIBRARY"])
P, U64, INT = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int
HANDLER = ctypes.CFUNCTYPE(None, P, P)

for name, result, args in (
        ("create", INT, [ctypes.POINTER(P)]), ("destroy", None, [P]),
        ("set", INT, [P, ctypes.c_char_p, ctypes.c_char_p]),
        ("start", INT, [P]), ("stop", INT, [P]),
        ("next_event", P, [P, INT]), ("dispatch", INT, [P, INT]),
        ("on", INT, [P, INT, HANDLER, P]),
        ("event_json", INT, [P, ctypes.c_char_p, ctypes.c_size_t]),
        ("stats", INT, [P, ctypes.c_char_p, ctypes.c_size_t]),
        ("call", INT, [P, ctypes.c_char_p, P, ctypes.POINTER(U64)]),
        ("last_error", ctypes.c_char_p, [])):
    f = getattr(LIB, "sipdialer_" + name)
    f.restype, f.argtypes = result, args


class Engine:
    def __init__(self, addr, **options):
        self.p = P()
        assert LIB.sipdialer_create(ctypes.byref(self.p)) == 0
        self.set("sip.server", addr[0])
        self.set("sip.port", str(addr[1]))
        for name, value in options.items():
            self.set(name.replace("__", "."), value)
        self.hooks = []

    def set(self, name, value):
        assert LIB.sipdialer_set(self.p, name.encode(), value.encode()) == 0, \
            LIB.sipdialer_last_error()

    def start(self):
        return LIB.sipdialer_start(self.p)

    def stop(self):
        return LIB.sipdialer_stop(self.p)

    def destroy(self):
        LIB.sipdialer_destroy(self.p)
        self.p = None

    def call(self, number):
        call = U64()
        err = LIB.sipdialer_call(self.p, number.encode(), None,
                                 ctypes.byref(call))
        assert err == 0, LIB.sipdialer_last_error()
        return call.value

    @staticmethod
    def decode(ev):
        buf = ctypes.create_string_buffer(65536)
        LIB.sipdialer_event_json(ev, buf, len(buf))
        return json.loads(buf.value)

    def next(self, timeout):
        ev = LIB.sipdialer_next_event(self.p, int(timeout * 1000))
        return self.decode(ev) if ev else None

    def wait(self, condition, timeout):
        """Events up to the first that meets the condition; None: too late."""
        end, got = time.monotonic() + timeout, []
        while time.monotonic() < end:
            e = self.next(max(0, end - time.monotonic()))
            if e:
                got.append(e)
                if condition(e):
                    return got
        return None

    def on_all(self, h):
        """h(event) within dispatch(), for every kind."""
        hook = HANDLER(lambda ev, arg: h(self.decode(ev)))
        self.hooks.append(hook)
        assert LIB.sipdialer_on(self.p, 0, hook, None) == 0

    def dispatch(self, timeout):
        return LIB.sipdialer_dispatch(self.p, int(timeout * 1000))

    def stats(self):
        buf = ctypes.create_string_buffer(65536)
        LIB.sipdialer_stats(self.p, buf, len(buf))
        return buf.value.decode()
