"""What the manifest of the corpus expects, as rules over what was seen.

The manifest speaks for many kinds of peers; ours takes no calls, so that an
INVITE it likes is 480, and it is stricter than the collections of other
parsers: what RFC 3261 8.1.1 and 7.5 ask of every request is asked."""
import os
import re

HEADERS = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id",
           b"l": b"content-length"}
STILL = "what was changed is a value we do not read: an OPTIONS still"
FINAL = r"[2-6]\d\d"
SILENT = "silence"

# expected -> what may come back for a request from the server
REQUESTS = [
    (r"known atypical scheme: 416", r"416"),
    (r"^VALID.*405/501", r"405|501"),
    (r"415/200", r"2\d\d|4\d\d"),
    (r"406 or final error|: 415 with Accept|415, no body", r"4\d\d"),
    (r"may accept|ignore the field|ignore headers|400 allowed|or use first",
     FINAL + "|" + SILENT),
    (r"^INVALID|^duplicate single|discard/400", r"[456]\d\d|" + SILENT),
    (r"answer 4xx or silence", r"[45]\d\d|" + SILENT),
    (r"^VALID|UAS answers|kept inside", FINAL),
    (r"no crash|per policy|ignored", FINAL + "|" + SILENT),
]


def fields(data):
    """(method of the line, header fields by their long names, the body), or
    None where lines do not end in CRLF."""
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end or re.search(rb"(?<!\r)\n", head):
        return None
    got = {}
    lines = re.sub(rb"\r\n[ \t]+", b" ", head).split(b"\r\n")
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        got.setdefault(HEADERS.get(name, name), []).append(value.strip())
    return lines[0].split(b" ")[0], got, body


def lacks(data):
    """What RFC 3261 asks of every request and this one has not; None: it is
    whole."""
    read = fields(data)
    if not read:
        return "no CRLF at its line ends, or no end of its head"
    method, got, body = read
    for name in (b"from", b"to", b"call-id", b"cseq", b"max-forwards"):
        if len(got.get(name, ())) != 1:
            return "not one " + name.decode().title()
    if b"via" not in got or b"branch=" not in got[b"via"][0]:
        return "no branch in its Via"
    if not re.search(rb";\s*tag\s*=", got[b"from"][0], re.I):
        return "no tag in its From"
    if not re.fullmatch(rb"0*\d{1,10}\s+" + re.escape(method),
                        got[b"cseq"][0]):
        return "CSeq of another method"
    length = got.get(b"content-length", [b"%d" % len(body)])
    if len(length) != 1 or not length[0].isdigit() or \
            int(length[0]) > len(body):
        return "a body shorter than it says"
    return None


# Not as the manifest says, and why that is right here.
KNOWN = {
    "sip-jsip-msg/jsip352-message.sip": (200, "a comma in a display name is "
                                         "let through, as in baddn"),
    "sip-jsip-msg/jsip361-message.sip": (None, "libre reads no From of "
                                         "another scheme"),
    "sip-responses/no_contact.sip": ("answered", "the call goes on with its "
                                     "Request-URI: RFC 3261 12.1.2 has no "
                                     "other, and its BYE gets there"),
    "sip-mutants/ipv6-bug-abnf-3-colons-m3.sip": (200, STILL),
    "sip-mutants/lwsdisp-m2.sip": (200, STILL),
    "sip-mutants/semiuri-m2.sip": (200, STILL),
    "sip-mutants/via-received-param-no-delim-m3.sip": (200, STILL),
    "sip-mutants/zeromf-m5.sip": (200, STILL),
}


def response(data):
    return data.lstrip(b"\r\n").startswith(b"SIP/")


def word_of(got):
    if not got:
        return "ignored"
    return "answered" if min(got) < 300 else "refused"


def of_request(file, data, got, udp):
    """(right or wrong, the word for the table); got: statuses."""
    word = word_of(got)
    if file.folder == "stun" or response(data):
        return not got, word
    if udp and len(got) > 1:
        return False, "answered twice"
    if re.match(rb"ACK ", data.lstrip(b"\r\n")):
        return not got, word
    known = KNOWN.get(file.name)
    if known and set(got) <= {known[0]}:
        return True, word
    why = lacks(data)
    if udp and not got and data.startswith(b"\r\n"):
        return True, word            # RFC 3261 7.5 asks it of streams only
    if why and (not got or min(got) >= 400):
        return True, word
    for expected, allowed in REQUESTS:
        if re.search(expected, file.expected):
            return all(re.fullmatch(allowed, str(n)) for n in
                       got or [SILENT]), word
    return False, word


# ---- answers to an INVITE ----------------------------------------------------

def documented():
    """status -> disposition, from the tables of docs/dispositions.md."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                        "..", "..", "docs", "dispositions.md")
    with open(path, encoding="utf-8") as f:
        return dict(re.findall(r"^\| `sip (\d{3})` \| `(\w+)`", f.read(),
                               re.M))


def by_status(file, status):
    if status < 200:
        return "no_answer"           # it rang until the limit of the call
    if status < 300:
        return "answered" if b"v=0" in file.data else "failed"
    return documented().get(str(status), "failed")


def of_response(file, end, sent):
    """(right or wrong, why); sent: the INVITEs, repetitions too."""
    what, disposition = file.expected, end["disposition"]
    tries = len({m.cseq for m in sent})
    proofs = {m.get("authorization") + m.get("proxy-authorization")
              for m in sent} - {""}
    seen = "%s %s, %d INVITEs, %d with digest" % (
        disposition, end["sip_status"], tries, len(proofs))
    if any(not p.startswith("Digest ") for p in proofs):
        return False, seen + ", not Digest"
    if file.name in KNOWN:
        return disposition == KNOWN[file.name][0] and tries == 1, seen
    status = int(re.search(r"(\d+)\.sip", file.name + "0.sip")[1])
    if "SIP-code map" in what:
        return disposition == by_status(file, status) and tries == 1, seen
    if what in ("same",) or "one retry" in what or "digest leak" in what:
        # one of 8 kB and more does not reach us over UDP
        wanted = "failed" if len(file.data) < 8000 else "no_answer"
        return disposition == wanted and tries <= 2 and \
            len(proofs) <= 1, seen
    if what.startswith(("dropped", "refused", "PRACK", "fails")):
        return disposition in ("no_answer", "failed") and tries == 1, seen
    if what.startswith("not followed"):
        return disposition == "failed" and tries == 1, seen
    if what.startswith("honoured"):
        return disposition == "congestion" and tries == 1, seen
    if "re-INVITE loop" in what:
        return disposition == "answered" and tries <= 3, seen
    return tries == 1 and disposition in (
        "answered", "failed", "no_answer", "congestion", "rejected"), seen


# ---- descriptions, sounds ----------------------------------------------------

def of_answer(file, end):
    if file.expected.startswith("VALID"):
        return end["disposition"] == "answered"
    if file.expected.startswith("no DNS") and re.search(
            r"255|999|-1|IN$", file.case):
        return end["disposition"] == "failed"
    return end["disposition"] in ("answered", "failed", "no_answer")


def of_offer(file, status):
    if status is None:               # over 8,192 bytes libre reads nothing
        return len(file.data) > 7000
    if file.expected.startswith("VALID"):
        return status == 200
    if file.expected.startswith("no DNS") and re.search(
            r"255|999|-1|IN$", file.case):
        return status == 488
    return status in (200, 400, 415, 488)


def of_sound(file, end, played):
    """A clear error, or it was played."""
    errors = [e for e in [end, *played] if e["error"]]
    word = "refused" if errors else "played"
    good = end["disposition"] in ("answered", "failed") and \
        all(e["reason"] for e in errors)
    if re.match(r"VALID$|VALID \(|VALID: ", file.expected):
        return good and not errors, word
    if file.expected.startswith("reject"):
        return good and len(errors) == 1, word
    return good, word
