"""What inspect says of files, and what the software that defines them says."""
import json
import struct

import numpy as np
import torch
import transformers
from gguf import GGUFReader, GGUFValueType
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from harness import load_torch
from models import Shape

TORCH = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.bool: "BOOL"}
GO_TYPES = {GGUFValueType.UINT32: "uint32", GGUFValueType.INT32: "int32", GGUFValueType.FLOAT32: "float32",
            GGUFValueType.BOOL: "bool", GGUFValueType.STRING: "string", GGUFValueType.UINT64: "uint64"}
SHOWN = 6  # elements of an array


class Inspect:
    def __init__(self, h):
        self.h = h
        self.dir = h.work / "inspect"

    def inspect(self, path, *args, ok=(0,)):
        return json.loads(self.h.run("inspect", path, "--tensors", "--json", *args, ok=ok).stdout)

    def check(self):
        """Files by transformers, safetensors, torch and the converter; and files that they would not have written."""
        for shape in (Shape("inspect-olmo2-gqa", kv_heads=2, shard="100KB"), Shape("inspect-olmo3", "olmo3", "bf16", layers=4, context=512, extra=dict(sliding_window=8)),
                      Shape("inspect-olmo1-tied", "olmo", extra=dict(tie_word_embeddings=True))):
            source = self.h.source(shape, None)
            self.h.check("inspect safetensors", shape.name, lambda _: self.safetensors(source))
            self.h.check("inspect model", shape.name, lambda _: self.model(shape, source))
            self.h.check("inspect cache", shape.name, lambda _: self.cache(shape, source))
            self.h.check("inspect torch", shape.name, lambda _: self.torch(shape, source))
            self.h.forget(shape)
        for f in sorted((self.h.tree / "testdata" / "torch").glob("torch-*.pt")):
            self.h.check("inspect torch", f.stem, lambda _: self.tensors(self.inspect(f), load_torch(f)))
        for f in sorted((self.h.tree / "testdata" / "layouts" / "olmo2-mha").glob("*.gguf")):
            self.h.check("inspect gguf", f.stem, lambda _: self.gguf(f))
        self.h.check("inspect lint", "by safetensors", lambda _: self.lint_safetensors())
        self.h.check("inspect lint", "by torch", lambda _: self.lint_torch())
        self.h.check("inspect --check", "NaN", lambda _: self.nan())

    def tensors(self, doc, want):
        """Names, shapes, types and the sum of parameters are those of a dict of torch tensors."""
        got = {t["source_name"]: (t["dtype"], tuple(t["shape"])) for t in doc["tensor_list"]}
        assert got == {k: (TORCH[v.dtype], tuple(v.shape)) for k, v in want.items()}, "tensors differ"
        assert doc["parameters"] == sum(v.numel() for v in want.values())
        assert doc["bytes"] == sum(v.numel() * v.element_size() for v in want.values())

    def safetensors(self, source):
        doc = self.inspect(source)
        assert doc["findings"] == [], doc["findings"]
        files = sorted(source.glob("*.safetensors"))
        state = {k: v for f in files for k, v in load_file(f).items()}
        self.tensors(doc, state)
        for f in files:
            with safe_open(f, "pt") as g:
                assert doc["metadata"] == g.metadata()
        for t in doc["tensor_list"]:  # the bytes are where it says
            with open(t["file"], "rb") as f:
                f.seek(t["offset"])
                b = np.frombuffer(f.read(t["bytes"]), np.uint8)
            assert np.array_equal(b, state[t["source_name"]].contiguous().view(torch.uint8).numpy().ravel()), t["source_name"]
        assert all(c["same"] for c in doc["containers"]), doc["containers"]

    def model(self, shape, source):
        """Parameters by module are those of transformers' modules."""
        doc, model = self.inspect(source), self.h.model(shape)
        want = dict(embedding=0, attention=0, mlp=0, norms=0, head=0)
        for name, p in model.named_parameters():  # a tied head is named once
            kind = ("embedding" if "embed_tokens" in name else "head" if "lm_head" in name else "norms" if "norm" in name
                    else "attention" if "self_attn" in name else "mlp")
            want[kind] += p.numel()
        assert {m["name"]: m["parameters"] for m in doc["modules"]} == {k: n for k, n in want.items() if n}, doc["modules"]
        layers = [sum(p.numel() for p in layer.parameters()) for layer in model.model.layers]
        assert [p["parameters"] for p in doc["layers"]] == layers
        assert doc["parameters"] == model.num_parameters()
        assert doc["non_embedding_parameters"] == model.num_parameters() - want["embedding"]

    def cache(self, shape, source):
        """The cache that transformers holds after so many tokens, at two bytes an element."""
        doc, model = self.inspect(source), self.h.model(shape)
        said = {c["context"]: c["bytes"] for c in doc["memory"]["kv_cache"] if c["type"] == "f16"}
        n = min(said)
        cache = transformers.DynamicCache(config=model.config)
        with torch.no_grad():
            for tokens in (n - 1, 1):  # one at the end, as in generation
                model(torch.ones(1, tokens, dtype=torch.long), past_key_values=cache, use_cache=True)
        held = 0
        for layer in cache.layers:
            window = getattr(layer, "sliding_window", None)
            # transformers drops what the next token will not see: it holds one less than the window.
            rows = layer.keys.shape[-2] + (1 if window and n >= window else 0)
            held += 2 * layer.keys.shape[1] * layer.keys.shape[3] * rows * 2
        assert said[n] == held, f"{said[n]} bytes at {n} tokens, transformers holds {held}"

    def torch(self, shape, source):
        """A state dict that torch saves: its keys, and the bytes are recognised as torch's."""
        self.dir.mkdir(exist_ok=True)
        f = self.dir / f"{shape.name}.pt"
        state = {k: v for k, v in self.h.model(shape).state_dict().items()}
        torch.save(state, f)
        doc = self.inspect(f)
        want = load_torch(f)
        got = {t["source_name"]: (t["dtype"], tuple(t["shape"])) for t in doc["tensor_list"]}
        assert got == {k: (TORCH[v.dtype], tuple(v.shape)) for k, v in want.items()}
        c = doc["containers"][0]
        assert c["same"] and c["unused_bytes"] == 0, c
        held = {v.untyped_storage().data_ptr(): v.untyped_storage().nbytes() for v in want.values()}
        assert c["tensor_bytes"] == sum(held.values()), c
        tied = shape.extra.get("tie_word_embeddings", False)
        assert [x["code"] for x in doc["findings"]] == (["aliased"] if tied else []), doc["findings"]
        self.inspect(f, "--check")

    def gguf(self, f):
        """Fields, tensors and alignment of gguf-py's reader."""
        doc, r = self.inspect(f), GGUFReader(f)
        got = {t["source_name"]: (t["dtype"], tuple(t["shape"]), t["offset"], t["bytes"]) for t in doc["tensor_list"]}
        want = {t.name: (t.tensor_type.name, tuple(int(n) for n in reversed(t.shape)), int(t.data_offset), int(t.n_bytes)) for t in r.tensors}
        assert got == want, "tensors differ"
        fields = {k: v for k, v in r.fields.items() if not k.startswith("GGUF.")}
        assert [kv["key"] for kv in doc["key_values"]] == list(fields)
        for kv in doc["key_values"]:
            field = fields[kv["key"]]
            value, kind = field.contents(), GO_TYPES[field.types[-1]]
            if field.types[0] == GGUFValueType.ARRAY:
                assert kv["type"] == kind + "[]" and kv["length"] == len(value) and kv["value"] == value[:SHOWN], kv
            elif field.types[0] == GGUFValueType.FLOAT32:
                assert kv["type"] == kind and np.float32(kv["value"]) == np.float32(value), kv
            else:
                assert kv["type"] == kind and kv["value"] == value, kv
        c = doc["containers"][0]
        assert c["same"] and c["header_bytes"] == r.data_offset, c
        facts = {x["name"]: x["value"] for x in c["facts"]}
        assert facts == {"version": str(r.fields["GGUF.version"].contents()), "alignment": str(r.alignment)}, facts

    def lint_safetensors(self):
        """A file that safetensors reads and would not have written, and one that it did write, with its own metadata."""
        self.dir.mkdir(exist_ok=True)
        f = self.dir / "x.safetensors"
        state = {"a": torch.ones(4, dtype=torch.bfloat16), "b": torch.ones(3)}
        for metadata, same in ((None, True), ({"format": "pt"}, True), ({"format": "pt", "k": "v", "z": "w"}, True)):
            save_file(state, f, metadata)
            c = self.inspect(f)["containers"][0]
            assert c["same"] == same, c
        data = f.read_bytes()
        n = struct.unpack("<Q", data[:8])[0]
        padded = data[8:8 + n] + b" " * 64
        f.write_bytes(struct.pack("<Q", len(padded)) + padded + data[8 + n:])
        load_file(f)
        doc = self.inspect(f)
        c = doc["containers"][0]
        assert not c["same"] and c["padding_bytes"] >= 64 and doc["findings"][0]["code"] == "header-slack", doc

    def lint_torch(self):
        """A part of a large tensor, saved without a copy, carries all of it: torch's own pitfall."""
        self.dir.mkdir(exist_ok=True)
        f = self.dir / "view.pt"
        torch.save({"part": torch.zeros(1000, 8)[10:20]}, f)
        doc = self.inspect(f)
        c = doc["containers"][0]
        stored = torch.load(f, weights_only=True)["part"].untyped_storage().nbytes()
        assert c["tensor_bytes"] == 320 and c["unused_bytes"] == stored - 320, c
        assert [x["code"] for x in doc["findings"]] == ["oversized-storage"], doc["findings"]
        assert doc["excess"][0]["code"] == "unused-bytes" and doc["excess"][0]["bytes"] == stored - 320

    def nan(self):
        """Values that torch says are not finite, in every float type, by safetensors and by torch."""
        self.dir.mkdir(exist_ok=True)
        g = torch.Generator().manual_seed(1)
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
            x = torch.randn(300, 70, generator=g).to(dtype)
            for i, v in zip(torch.randint(0, x.numel(), (9,), generator=g), (float("nan"), float("inf"), float("-inf")) * 3):
                x.view(-1)[i] = v
            state = {"x": x, "y": torch.zeros(7, dtype=dtype)}
            save_file(state, self.dir / "nan.safetensors")
            torch.save(state, self.dir / "nan.pt")
            want = {"name": "x", "nan": int(x.isnan().sum()), "inf": int(x.isinf().sum()), "first": int((~x.isfinite()).view(-1).nonzero()[0])}
            for f in ("nan.safetensors", "nan.pt"):
                got = self.inspect(self.dir / f, "--check", ok=(1,))["checked"]
                assert got["not_finite"] == [want], f"{dtype} {f}: {got['not_finite']}, want {want}"


def by_itself():
    """The checks alone: check_inspect.py TOOL"""
    import pathlib
    import sys
    import tempfile

    from harness import Harness
    with tempfile.TemporaryDirectory() as work:
        h = Harness(pathlib.Path(sys.argv[1]), None, pathlib.Path(__file__).resolve().parent.parent.parent, pathlib.Path(work))
        Inspect(h).check()
        return h.summary()


if __name__ == "__main__":
    raise SystemExit(by_itself())
