#!/usr/bin/env python3
"""The digest of `olmotool digest`, from the safetensors files given. Needs Python 3 alone."""
import hashlib, json, struct, sys

sha = lambda b: hashlib.sha256(b).digest()
u64 = lambda *ns: struct.pack(f"<{len(ns)}Q", *ns)
MIB = 1 << 20


def widen(dtype, b):  # F16 or BF16 to F32, exactly
    halves = [b[i : i + 2] for i in range(0, len(b), 2)]
    return b"".join(struct.pack("<f", *struct.unpack("<e", h)) if dtype == "F16" else b"\0\0" + h for h in halves)


found = {}
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    for name, t in json.loads(data[8:start]).items():
        if name != "__metadata__":
            dtype, b = t["dtype"], data[start + t["data_offsets"][0] : start + t["data_offsets"][1]]
            if len(t["shape"]) == 1 and dtype in ("F16", "BF16"):
                dtype, b = "F32", widen(dtype, b)
            content = sha(b"".join(sha(b[i : i + MIB]) for i in range(0, len(b), MIB)))
            found[name] = dtype.encode(), t["shape"], content
if found.get("lm_head.weight") == found.get("model.embed_tokens.weight"):
    found.pop("lm_head.weight", None)  # a copied head counts as tied
model = hashlib.sha256(b"olmotool model 1\n")
for name in sorted(found, key=str.encode):
    (d, shape, content), n = found[name], name.encode()
    model.update(sha(b"olmotool tensor 1\n" + u64(len(n)) + n + u64(len(d)) + d + u64(len(shape), *shape) + content))
print("sha256:" + model.hexdigest())
