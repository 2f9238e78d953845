"""Call a number and say how it came out: hello.py sip:1001@192.0.2.10"""
import sys
import sipdialer

with sipdialer.Dialer() as dialer:
    call = dialer.call(sys.argv[1], call_hangup_after_play=True)
    for event in dialer:
        print(event.name, event.get("disposition", ""))
        if event.name == "call_ended":
            break
