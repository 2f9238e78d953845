"""Call a number and say how it came out: hello.py sip:1001@192.0.2.10"""
import ctypes, json, sys
lib = ctypes.CDLL("libsipdialer.so.0")
lib.sipdialer_next_event.restype = ctypes.c_void_p
lib.sipdialer_last_error.restype = ctypes.c_char_p

d, call = ctypes.c_void_p(), ctypes.c_uint64()
lib.sipdialer_create(ctypes.byref(d))
options = (ctypes.c_char_p * 2)(b"call.hangup_after_play=yes", None)
if lib.sipdialer_start(d) or lib.sipdialer_call(
        d, sys.argv[1].encode(), options, ctypes.byref(call)):
    sys.exit(lib.sipdialer_last_error().decode())

text = ctypes.create_string_buffer(4096)
event = {"event": None}
while event["event"] != "call_ended":
    lib.sipdialer_event_json(ctypes.c_void_p(lib.sipdialer_next_event(d, -1)), text, 4096)
    event = json.loads(text.value)
    print(event["event"], event.get("disposition", ""))
lib.sipdialer_destroy(d)
