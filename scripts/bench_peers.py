"""What a call with a prompt costs in other programs, for bench.py: each calls
the simulated telephone network, which answers and sends back what it hears.

A function a program: what of a core a call takes, in percent, or RuntimeError
with the reason why it could not be told.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICK = os.sysconf("SC_CLK_TCK")

BARESIP = """module_path {modules}
module g711.so
module aufile.so
module_app account.so
module_app menu.so
audio_source aufile,{prompt}
audio_player aufile,{dir}/heard.wav
audio_alert aufile,{dir}/alert.wav
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
ringback_disabled yes
statmode_default off
call_max_calls {calls}
sip_listen 127.0.0.1:0
"""

SIPP = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="a prompt">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:bench@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:bench@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=bench 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:bench@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<nop><action><exec rtp_stream="%s,-1,0"/></action></nop>
<pause milliseconds="600000"/>
</scenario>
"""


def cpu_of(pid):
    """CPU seconds of a process so far, its threads included."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measured(command, core, calls, seconds, cwd, says=""):
    """A program that has its calls up 6 s after its start, by what is said to
    it after one."""
    with open(os.path.join(cwd, "peer.log"), "wb") as log, \
            subprocess.Popen(["taskset", "-c", str(core), *command],
                             stdin=subprocess.PIPE, stdout=log, stderr=log,
                             cwd=cwd) as p:
        try:
            time.sleep(1)
            p.stdin.write(says.encode())
            p.stdin.flush()
            time.sleep(5)
            t0, c0 = time.monotonic(), cpu_of(p.pid)
            time.sleep(seconds)
            used = (cpu_of(p.pid) - c0) / (time.monotonic() - t0)
            if p.poll() is not None:
                raise RuntimeError(f"{command[0]} ended by itself")
        finally:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
    return used * 100 / calls


def baresip(far, core, prompt, calls, seconds, work):
    """At most 16 calls: it takes no more commands at its start."""
    modules = next(iter(glob.glob("/usr/lib/baresip/modules") +
                        glob.glob("/usr/lib/*/baresip/modules")), None)
    if not shutil.which("baresip") or not modules:
        raise RuntimeError("no baresip (Debian: baresip-core)")
    home = os.path.join(work, "baresip")
    os.makedirs(home, exist_ok=True)
    for name, text in (
            ("config", BARESIP.format(modules=modules, prompt=prompt,
                                      dir=home, calls=calls + 4)),
            ("accounts", "<sip:bench@127.0.0.1>;regint=0;"
             "audio_codecs=PCMU/8000/1\n"),
            ("contacts", "")):
        with open(os.path.join(home, name), "w", encoding="ascii") as f:
            f.write(text)
    command = ["baresip", "-f", home]
    for i in range(calls):
        command += ["-e", f"/dial sip:4930{1000 + i}00@{far.address}"]
    return measured(command, core, calls, seconds, home)


def sipp(far, core, prompt, calls, seconds, work):
    if not shutil.which("sipp"):
        raise RuntimeError("no sipp (Debian: sip-tester)")
    sound = os.path.join(work, "prompt.ulaw")
    with open(prompt, "rb") as wav, open(sound, "wb") as f:
        # its prompt is a square wave: two codes
        f.write(bytes(0x9a if b & 0x80 else 0x1a
                      for b in wav.read()[45::2]))
    scenario = os.path.join(work, "prompt.xml")
    with open(scenario, "w", encoding="ascii") as f:
        f.write(SIPP % sound)
    return measured(
        ["sipp", "-sf", scenario, far.address, "-s", "493010000", "-r",
         str(calls), "-m", str(calls), "-l", str(calls), "-i", "127.0.0.1",
         "-mp", "30000", "-nostdin"], core, calls, seconds, work)


PJSUA = [
    "--null-audio", "--clock-rate=8000", "--snd-clock-rate=8000", "--no-vad",
    "--ec-tail=0", "--auto-play", "--no-tcp", "--local-port=0",
    "--ip-addr=127.0.0.1", "--rtp-port=20000", "--id=sip:bench@127.0.0.1",
    "--app-log-level=1", "--thread-cnt=1", *(
        f"--dis-codec={c}" for c in ("speex", "GSM", "iLBC", "G722", "PCMA"))]


def pjsua_calls():
    """How many calls the one that is here can hold."""
    return 200 if shutil.which("pjsua") else 4


def pjsua(far, core, prompt, calls, seconds, work):
    """Its program (built with PJSUA_MAX_CALLS of as many calls), else the
    module of PyPI, which holds four."""
    if shutil.which("pjsua"):
        return measured(
            ["pjsua", *PJSUA, f"--play-file={prompt}",
             f"--max-calls={calls}"], core, calls, seconds, work,
            "".join(f"m\nsip:4930{1000 + i}00@{far.address}\n"
                    for i in range(calls)))
    p = subprocess.run(
        ["taskset", "-c", str(core), sys.executable,
         os.path.join(ROOT, "tests", "bench", "peer_pjsua.py"), far.address,
         prompt, str(calls), str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        timeout=seconds * 2 + 60, check=False)
    line = next((x for x in p.stdout.splitlines() if x.startswith("{")), None)
    if not line:
        raise RuntimeError("no pjsua2 for this Python (PyPI: pjsua2-python)")
    r = json.loads(line)
    if r["calls"] < calls:
        raise RuntimeError(f"pjsua: {r['calls']} of {calls} calls came up")
    return r["percent_per_call"]
