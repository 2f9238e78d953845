#!/usr/bin/env python3
"""What calls with a prompt cost in pjsua, for comparison (scripts/bench.py).

    peer_pjsua.py ADDRESS WAV CALLS SECONDS

Needs a module `pjsua2`, as the package pjsua2-python of PyPI has it; that one is
built for four calls.  One JSON object: calls that are up, and the share of a core
that a call takes: what the process takes with them, less what it takes without
(the bridge has its own clock).  The bridge runs at 8 kHz, without sound
device, echo canceller and silence detection, each call with the file player:
as cheap as it can be.
"""
import json
import sys
import time

import pjsua2 as pj


class Call(pj.Call):
    """Hears the file as soon as it has media."""
    player = None

    def onCallMediaState(self, prm):  # pylint: disable=unused-argument
        for i, media in enumerate(self.getInfo().media):
            if (media.type == pj.PJMEDIA_TYPE_AUDIO and
                    media.status == pj.PJSUA_CALL_MEDIA_ACTIVE):
                Call.player.startTransmit(self.getAudioMedia(i))


def configuration(calls):
    conf = pj.EpConfig()
    conf.logConfig.level = conf.logConfig.consoleLevel = 1
    conf.uaConfig.maxCalls = calls
    conf.uaConfig.threadCnt = 1
    media = conf.medConfig
    media.clockRate = media.sndClockRate = 8000
    media.channelCount = 1
    media.audioFramePtime = 20
    media.ptime = 20
    media.noVad = True
    media.ecTailLen = 0
    media.maxMediaPorts = calls + 8
    return conf


def percent(seconds):
    """Of a core, of this process."""
    t0, c0 = time.monotonic(), time.process_time()
    time.sleep(seconds)
    return (time.process_time() - c0) / (time.monotonic() - t0) * 100


def main():
    address, wav, calls, seconds = (sys.argv[1], sys.argv[2],
                                    int(sys.argv[3]), float(sys.argv[4]))
    end = pj.Endpoint()
    end.libCreate()
    end.libInit(configuration(calls))
    end.transportCreate(pj.PJSIP_TRANSPORT_UDP, pj.TransportConfig())
    end.libStart()
    end.audDevManager().setNullDev()
    for codec in end.codecEnum2():
        end.codecSetPriority(codec.codecId,
                             255 if codec.codecId.startswith("PCMU") else 0)
    Call.player = pj.AudioMediaPlayer()
    Call.player.createPlayer(wav)
    conf = pj.AccountConfig()
    conf.idUri = "sip:bench@127.0.0.1"
    account = pj.Account()
    account.create(conf)

    idle = percent(seconds)
    made = []
    for i in range(calls):
        call = Call(account)
        try:
            call.makeCall(f"sip:4930{1000 + i}00@{address}",
                          pj.CallOpParam(True))
        except pj.Error as e:
            print(e.reason, file=sys.stderr)
            break
        made.append(call)
    deadline = time.monotonic() + 15

    def up():
        return [c for c in made if c.isActive() and
                c.getInfo().state == pj.PJSIP_INV_STATE_CONFIRMED]

    while len(up()) < len(made) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    busy = percent(seconds)
    there = up()
    sent = [c.getStreamStat(0).rtcp.txStat.pkt for c in there]
    print(json.dumps({
        "peer": "pjsua", "version": end.libVersion().full,
        "calls": len(there), "idle_percent": round(idle, 2),
        "cpu_percent": round(busy, 2),
        "percent_per_call": round((busy - idle) / max(len(there), 1), 4),
        "packets_least": min(sent, default=0)}), flush=True)
    end.hangupAllCalls()
    time.sleep(0.5)
    end.libDestroy()


if __name__ == "__main__":
    main()
