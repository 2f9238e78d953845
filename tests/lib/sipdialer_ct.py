"""The shared library by ctypes: only what the tests need.

    with Engine(library, {"sip.server": "127.0.0.1"}) as d:
        d.start()
        call = d.call("4930123400")
        d.wait("call_ended", call=call)
"""
import ctypes
import json
import time

VERBS = {
    "create": [ctypes.c_void_p], "destroy": [ctypes.c_void_p],
    "set": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p],
    "account_add": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
    "account_remove": [ctypes.c_void_p, ctypes.c_char_p],
    "start": [ctypes.c_void_p], "stop": [ctypes.c_void_p],
    "next_event": [ctypes.c_void_p, ctypes.c_int],
    "event_json": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t],
    "call": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p,
             ctypes.c_void_p],
    "call_answer": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p],
    "call_reject": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int],
    "call_redirect": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p],
    "call_early": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p],
    "call_hangup": [ctypes.c_void_p, ctypes.c_uint64],
    "call_dtmf": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p],
    "call_play": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p,
                  ctypes.c_uint32],
    "call_record": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p,
                    ctypes.c_int],
    "call_bridge": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64],
    "call_unbridge": [ctypes.c_void_p, ctypes.c_uint64],
    "call_hold": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int],
    "call_transfer": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p],
    "call_transfer_attended": [ctypes.c_void_p, ctypes.c_uint64,
                               ctypes.c_uint64],
    "call_refer_accept": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p,
                          ctypes.c_void_p],
    "call_refer_reject": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int],
    "stats": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t],
    "last_error": [], "strerror": [ctypes.c_int],
}


class Refused(Exception):
    """A verb returned an error: .name and the text."""

    def __init__(self, name, text):
        super().__init__("%s: %s" % (name, text))
        self.name, self.text = name, text


class Engine:
    def __init__(self, library, options=()):
        self.lib = ctypes.CDLL(library)
        for name, types in VERBS.items():
            getattr(self.lib, "sipdialer_" + name).argtypes = types
        self.lib.sipdialer_destroy.restype = None
        for name in ("last_error", "strerror"):
            getattr(self.lib, "sipdialer_" + name).restype = ctypes.c_char_p
        self.lib.sipdialer_next_event.restype = ctypes.c_void_p
        self.p = ctypes.c_void_p()
        self.seen = []
        self.verb("create", ctypes.byref(self.p))
        for name, value in dict(options).items():
            self.set(name, value)

    def verb(self, name, *args):
        rc = getattr(self.lib, "sipdialer_" + name)(*args)
        if rc < 0:
            raise Refused(self.lib.sipdialer_strerror(rc).decode(),
                          self.lib.sipdialer_last_error().decode())
        return rc

    def set(self, name, value):
        self.verb("set", self.p, name.encode(), str(value).encode())

    def account_add(self, name, options=()):
        texts = [("%s=%s" % o).encode() for o in dict(options).items()]
        texts.append(None)
        self.verb("account_add", self.p, name.encode(),
                  (ctypes.c_char_p * len(texts))(*texts))

    def account_remove(self, name):
        self.verb("account_remove", self.p, name.encode())

    def start(self):
        self.verb("start", self.p)

    def stop(self):
        self.verb("stop", self.p)
        return self.wait("stopped")

    def call(self, to, *options):
        call = ctypes.c_uint64()
        texts = [o.encode() for o in options] + [None]
        self.verb("call", self.p, to.encode(),
                  (ctypes.c_char_p * len(texts))(*texts),
                  ctypes.byref(call))
        return call.value

    def answer(self, call, *options):
        texts = [o.encode() for o in options] + [None]
        self.verb("call_answer", self.p, call,
                  (ctypes.c_char_p * len(texts))(*texts))

    def early(self, call, *options):
        texts = [o.encode() for o in options] + [None]
        self.verb("call_early", self.p, call,
                  (ctypes.c_char_p * len(texts))(*texts))

    def redirect(self, call, to):
        self.verb("call_redirect", self.p, call, to.encode())

    def reject(self, call, status=486):
        self.verb("call_reject", self.p, call, status)

    def refer_accept(self, call):
        new = ctypes.c_uint64()
        self.verb("call_refer_accept", self.p, call, None, ctypes.byref(new))
        return new.value

    def hangup(self, call):
        self.verb("call_hangup", self.p, call)

    def dtmf(self, call, digits):
        self.verb("call_dtmf", self.p, call, digits.encode())

    def play(self, call, path, repeat=1):
        self.verb("call_play", self.p, call, path.encode(), repeat)

    def record(self, call, path, stereo=False):
        self.verb("call_record", self.p, call, path.encode(), int(stereo))

    def event(self, seconds=0):
        """The next event as a dict, or None."""
        ev = self.lib.sipdialer_next_event(self.p, int(seconds * 1000))
        if not ev:
            return None
        n = self.lib.sipdialer_event_json(ev, None, 0)
        text = ctypes.create_string_buffer(n + 1)
        self.lib.sipdialer_event_json(ev, text, n + 1)
        e = json.loads(text.value)
        self.seen.append(e)
        return e

    def wait(self, name, seconds=10, **fields):
        """The next event of that name whose fields are as given."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            e = self.event(max(0, left)) if left > 0 else None
            if e is None:
                raise AssertionError("no %s %r within %g s; there were %s" % (
                    name, fields, seconds, self.seen))
            if e["event"] == name and all(e[k] == v
                                          for k, v in fields.items()):
                return e

    def port(self):
        """Where it listens, as STARTED says."""
        started = self.all("started") or [self.wait("started")]
        return int(started[0]["text"].split(":")[-1])

    def all(self, name):
        return [e for e in self.seen if e["event"] == name]

    def stats(self):
        text = ctypes.create_string_buffer(32768)
        self.verb("stats", self.p, text, len(text))
        return json.loads(text.value)

    def destroy(self):
        if self.p:
            self.lib.sipdialer_destroy(self.p)
            self.p = None

    close = destroy

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()
