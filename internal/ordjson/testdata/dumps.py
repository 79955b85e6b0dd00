"""Writes dumps.json: documents, options, and what Python's json.dumps makes of them."""
import json
import struct
import sys

documents = [
    r'null', r'true', r'false', r'""', r'[]', r'{}', r'[[]]', r'[{}]', r'{"a":{}}', r'{"a":[]}',
    r'{"b":1,"a":[1,2,{"c":null}],"B":{"z":true,"y":false},"":""}',
    r'{"\ue000":1,"\ud83d\ude00":2,"é":3,"z":4,"Z":5,"_":6,"10":7,"2":8}',
    json.dumps("".join(map(chr, range(0x100))) + "\u2028\u2029\ud7ff\ue000\ufeff\uffff\U00010000\U0001f600\U0010ffff<>&/"),
    r'[0,-0,1,-1,123456789012345678901234567890]',
    r'[0.0,-0.0,1.0,-1.5,0.02,0.1,1e-4,1e-05,1e-06,0.00012345,500000.0,1e15,1e16,1e17,1e22,1e23]',
    r'[123456789012345680.0,9007199254740993.0,9999999999999998.0,5e-324,1.7976931348623157e308,3.141592653589793]',
    r'[10000.0,1e4,1E+4,100e-2,4294967296.0,1e100,1.5e300,2.5e-5,0.30000000000000004]',
]
bits = 0x9E3779B97F4A7C15
floats = []
while len(floats) < 500:
    bits = (bits * 6364136223846793005 + 1442695040888963407) % 2**64
    f = struct.unpack("<d", struct.pack("<Q", bits))[0]
    if f == f and abs(f) != float("inf"):
        floats.append(f)
    floats.append(bits / 2**(bits % 70))
documents.append("[" + ",".join("%.17g" % f for f in floats) + "]")

cases = []
for d in documents:
    v = json.loads(d)
    for indent in (None, 1, 2, 4):
        for sort in (False, True):
            for ascii in (False, True):
                if len(d) > 3000 and (indent or sort or ascii):
                    continue
                out = json.dumps(v, indent=indent, sort_keys=sort, ensure_ascii=ascii)
                cases.append(dict(input=d, indent=indent or 0, sort=sort, ascii=ascii, output=out))
json.dump(cases, open(sys.argv[1], "w"), indent=0)
