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


main()
