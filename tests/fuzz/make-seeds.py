#!/usr/bin/env python3
"""Write the small seeds of the fuzz targets: make-seeds.py DIRECTORY."""
import os
import sys

CSV = [
    b'number,name\n+15550100001,Ann\n',
    b'\xef\xbb\xbfPhone Number;Full Name;city\r\n(212) 555-0123;"Ann ""A"" B";Bonn\r\n',
    b'sep=;\r\nnumber;name\r\n1001;Ann\r\n',
    b'number\tname\rpriority\r1001\tx\r',
    b'number,name\n1001,"open\n1002,Bob\n1003,"two\nlines"\n',
    b'number,name\n1001,"Ann"x\n1002,\xff\n1003,a\x00b\n',
    b'number,first_name,last_name,priority,a,b,\n1001,A,B,5,"x\ny","\\",\xc3\xa4\n',
    b'number\n' + b'1' * 25 + b'\n' + b'"' + b'x' * 5000 + b'"\n1001\n',
    b'number,number\n1,2\n',
    b'PK\x03\x04\x00\x00',
    b'a,b,c\n' + b',' * 200 + b'\n',
    b'number,n\n1,"' + b'y\n' * 40000,
]
NUMBERS = [
    '(212) 555-0123', '+44 (0)20 7946 0018', '0049 30 1234567',
    '030 / 123 45 67', '+39 06 1234 5678', '8 10 49 30 1234567',
    '011 15 2345-6789', '0 15 11 96123-4567', '**21*100#', '911',
    '\uff0b\uff11\uff15\uff15\uff15', '\u0661\u06f5', "'+15550100001",
    '+1555010000O', '+15550100001;ext=12', '\u202a+12125550123\u202c', '+',
]
SDP = [
    b'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n'
    b'm=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\na=sendonly\r\n',
    b'v=0\no=- 1 1 IN IP6 ::1\ns=-\nt=0 0\nm=video 4002 RTP/AVP 31\nc=IN IP4 192.0.2.3\n'
    b'm=audio 4004 RTP/AVPF 96 0\nc=IN IP4 0.0.0.0\na=rtpmap:96 pcma/8000/1\na=rtcp:4007 IN IP4 192.0.2.9\n'
    b'a=rtcp-mux\na=maxptime:10\na=inactive\n',
    b'v=0\r\nc=IN IP4 224.0.0.1/127\r\nm=audio 4000/2 RTP/SAVP 0 999 -1\r\n\r\nm=audio 1 x\r\n',
]
HEAD = (b'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;rport\r\nFrom: "A \\" %c3%a4" <sip:1%2B2@x>;tag=f1\r\n'
        b'To: <sip:us@192.0.2.1>\r\nCall-ID: c1\r\nMax-Forwards: 70\r\n')
SIP = [
    b'INVITE sip:us@192.0.2.1 SIP/2.0\r\n' + HEAD + b'CSeq: 7 INVITE\r\nContact: <sip:1@x>\r\n'
    b'P-Asserted-Identity: <tel:+4930123>\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n',
    b'INVITE sip:us@192.0.2.1 SIP/2.0\r\n' + HEAD + b'CSeq: 7 INVITE\r\nSession-Expires: 90;refresher=uac\r\n'
    b'Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--',
    b'SIP/2.0 401 Unauthorized\r\n' + HEAD + b'CSeq: 7 INVITE\r\nWWW-Authenticate: Digest realm="r", '
    b'nonce="n", qop="auth", algorithm=SHA-256, opaque="o"\r\nProxy-Authenticate: Digest realm=r, nonce="\\""\r\n\r\n',
    b'SIP/2.0 486 Busy\r\n' + HEAD + b'CSeq: 7 INVITE\r\nReason: Q.850;cause=17;text="x", SIP;cause=200\r\n\r\n',
    b'SIP/2.0 4294967496 OK\r\n' + HEAD + b'CSeq: 4294967303 INVITE\r\n\r\n',
]
RTP = [
    b''.join(bytes([len(x) + 12, 0x80, pt, n >> 8, n & 255, 0, 0, n * 160 >> 8, n * 160 & 255, 1, 2, 3, 4]) + x
             for n, pt, x in ((1, 1, b'U' * 160), (2, 3, b'V' * 160), (3, 4, b'\x08' + b'x' * 40), (5, 4, b'\x0b\x86' + b'y' * 90),
                              (7, 4, b'\xff\x03'), (9, 4, b'\xfc'), (11, 5, b'ab' * 60), (13, 6, b'cd' * 80), (15, 2, b'z'))),
    b'\x80\x00\x00\x01\x00\x00\x00\xa0\x01\x02\x03\x04' + b'\xff' * 160,
    b''.join(bytes([16, 0x80, 0x65 | m, 0, n, 0, 0, 9, 0, 1, 2, 3, 4, 5, e, 0, n * 16])
             for n, m, e in ((1, 128, 10), (2, 0, 10), (3, 0, 138), (4, 0, 138))),
    b''.join(bytes([52, 0x80, n & 1, n >> 8, n & 255, 0, 0, n, 0, 1, 2, 3, 4]) + b'\x55' * 40
             for n in (1, 2, 4, 3, 3, 200, 201, 202, 0)),
    b'\x81\xc8\x00\x0c' + b'\1\2\3\4' * 6 + b'\1\2\3\4' + b'\x10' * 20 + b'\x81\xca\x00\x02\1\2\3\4\1\0\0\0',
    b'\xb3\x00\x00\x01\x00\x00\x00\xa0\x01\x02\x03\x04' + b'\0' * 12 + b'\xbe\xde\x00\x01abcd' + b'x' * 30 + b'\4',
]
# four bytes a sound: kind, frequency or value, loudness, length
EAR = [
    bytes(range(256)) * 4,
    b'\7' + b'\3\xff\0\x3f' * 40 + b'\6\0\0\0' + b'\3\0\0\x3f' * 40,
    b'\7\6\0\0\0' + (b'\5\x3c\x0e\x0c' + b'\6\1\0\x09') * 8 + b'\0\x32\x0e\x13' + b'\6\1\0\x3f' * 3,
    b'\5' + (b'\1\x1c\x0d\x1f' + b'\2\0\x03\x1f') * 8 + b'\6\0\0\0' + b'\6\2\0\x20' + b'\2\0\x0b\x3f' * 4,
    b'\5\6\0\0\0' + b'\0\x2f\x0e\x10\0\x47\x0e\x10\0\x5a\x0e\x10' + b'\6\1\0\x3f\2\0\x06\x30' * 3,
    b'\1\6\0\0\0' + b'\7\0\0\x20' + bytes(i * i * 31 >> 3 & 255 for i in range(320 * 33)),
    b'\5\6\0\0\0' + (b'\4\x80\0\x03\4\x7f\0\xff\4\0\0\x20') * 6,
]


RECORD = [
    b'{date}/{time}-{call}.wav\n+4930123\nsip:anna@example.com\n',
    b'{campaign}/{contact}/{to}_{from}_{call}.wav\n../../etc/passwd\n..\n',
    b'{to}{to}{to}{to}{from}{call}.wav\n' + b'x' * 300 + b'\n.\n',
    b'a//../{call}.wav\n\n\n', b'.{call}.wav', b'{calls}{call}.wav',
    b'1/2/3/4/5/6/7/8/{call}.wav', b'\xff\xc3{call}.wav\n\x01\r\n/\n',
    b'{' * 60 + b'{call}.wav', b'{time}/' * 10 + b'{call}.wav\n{to}\n{from}\n',
]


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'wb') as f:
        f.write(data)


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: make-seeds.py DIRECTORY')
    for i, data in enumerate(CSV):
        # the first byte chooses the country and the size of blocks
        write(os.path.join(sys.argv[1], 'csv'), f'{i:02}', bytes([i * 5 + 1]) + data)
    for i, text in enumerate(NUMBERS):
        # the first two bytes choose the country
        for country in (0, 25, 33, 52, 54):
            write(os.path.join(sys.argv[1], 'number'), f'{i:02}-{country}',
                  bytes([0, country]) + text.encode())
    for name, seeds in (('sdp', SDP), ('sip', SIP), ('rtp', RTP), ('ear', EAR),
                        ('record', RECORD)):
        for i, data in enumerate(seeds):
            write(os.path.join(sys.argv[1], name), f'{i:02}', data)


main()
