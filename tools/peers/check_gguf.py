"""GGUF: the converter's bytes, and llama.cpp's opinion of them."""
import math
import re
import subprocess

import torch

from converter import Converter
from harness import last_line, same_file

OUTTYPES = ("f32", "f16", "bf16", "q8_0")
CONTEXT = 64
# Of the log perplexity, relative. Without YaRN, with another window or an unpermuted q it moves by 2e-4 to 1e-2 in f32.
TOLERANCE = {"f32": 5e-5, "f16": 1e-4, "bf16": 4e-4, "q8_0": 2e-3}
TEXT = " ".join(f"In room {i % 17} of the old house somebody counted {i * i % 101} lamps, and wrote it down;"
                f" the {('first', 'second', 'last')[i % 3]} of them was never lit." for i in range(12))


class GGUF:
    def __init__(self, h):
        self.h = h
        self.convert = Converter(h.peers)
        self.convert.cache_tokenizers()
        self.bin = h.peers / "llama-build" / "bin"
        self.nll = {}  # by the model's name
        self.text = h.work / "text.txt"
        self.text.write_text(TEXT)

    def outputs(self, source, outtype):
        stem = f"{source.name}-{outtype}.gguf"
        for d in ("gguf-ours", "gguf-peer"):
            (self.h.work / d).mkdir(exist_ok=True)
        return self.h.work / "gguf-ours" / stem, self.h.work / "gguf-peer" / stem

    def check_converter(self, shape, source):
        """convert_hf_to_gguf.py's file, byte for byte."""
        for outtype in OUTTYPES:
            def body(_):
                ours, theirs = self.outputs(source, outtype)
                self.convert(source, theirs, outtype)
                self.h.convert(source, ours, "--dtype", outtype)
                try:
                    same_file(ours, theirs)
                except AssertionError as e:
                    raise AssertionError(f"{difference(ours, theirs)} ({e})") from None
                finally:
                    theirs.unlink()

            self.h.check("gguf = converter", f"{shape.name} {outtype}", body)

    def check_llama(self, shape, source, tokenizer):
        """llama-perplexity loads the file, and finds the perplexity that transformers computes from the HF model.

        So the permutation of q and k, the RoPE scaling, the sliding window and the tokenizer mean to llama.cpp
        what they mean to transformers. The allowance is for llama.cpp's own arithmetic: f16 keys and values,
        activations rounded to 8 bits before a q8_0 product.
        """
        for outtype in OUTTYPES:
            def body(_):
                ours, _peers = self.outputs(source, outtype)
                if not ours.exists():
                    self.h.convert(source, ours, "--dtype", outtype)
                want, got = self.expected(shape, tokenizer), self.perplexity(ours)
                ours.unlink()
                assert abs(got - want) < TOLERANCE[outtype] * want, f"log perplexity {got:.5f}, transformers {want:.5f}"

            self.h.check("gguf perplexity", f"{shape.name} {outtype}", body)

    def expected(self, shape, tokenizer):
        if shape.name not in self.nll:
            self.nll[shape.name] = nll(self.h.model(shape), tokenizer)
        return self.nll[shape.name]

    def perplexity(self, path):
        p = subprocess.run([self.bin / "llama-perplexity", "-m", path, "-f", self.text, "-c", str(CONTEXT), "-t", "2"],
                           capture_output=True, text=True)
        found = re.search(r"Final estimate: PPL = (\S+)", p.stdout + p.stderr)
        assert p.returncode == 0 and found, f"llama-perplexity exits {p.returncode}: {errors(p.stderr)}"
        ppl = float(found.group(1))
        assert math.isfinite(ppl), f"perplexity is {ppl}"
        return math.log(ppl)

    def check_split(self, shape, source):
        """Our shards are the converter's, and llama-gguf-split merges them to the tensors of our single file."""
        def body(_):
            whole, _peers = self.outputs(source, "bf16")
            out = self.h.work / "split"
            out.mkdir(exist_ok=True)
            self.h.convert(source, whole, "--dtype", "bf16")
            self.h.convert(source, out / "ours.gguf", "--dtype", "bf16", "--split-max-tensors", "7")
            self.convert(source, out / "theirs.gguf", "bf16", args=["--split-max-tensors", "7"])
            got, want = sorted(out.glob("ours-*.gguf")), sorted(out.glob("theirs-*.gguf"))
            assert len(got) == len(want) > 1, f"{len(got)} shards, the converter writes {len(want)}"
            for a, b in zip(got, want):
                same_file(a, b)
            p = subprocess.run([self.bin / "llama-gguf-split", "--merge", got[0], out / "merged.gguf"],
                               capture_output=True, text=True)
            assert p.returncode == 0, f"llama-gguf-split exits {p.returncode}: {last_line(p.stderr)}"
            d = difference(out / "merged.gguf", whole, skip=("split.", "GGUF."))
            assert not d, d

        self.h.check("gguf split", f"{shape.name} bf16", body)


def errors(text):
    lines = [s for s in text.splitlines() if " E " in s or "error" in s]
    return lines[0] if lines else last_line(text)


def nll(model, tokenizer):
    """Mean negative log likelihood as llama-perplexity counts: of the second half of each whole window."""
    from transformers import AutoTokenizer
    tok = AutoTokenizer.from_pretrained(tokenizer)
    ids = tok(TEXT, add_special_tokens=False)["input_ids"]
    total, n, half = 0.0, 0, CONTEXT // 2
    f32 = type(model)(model.config).eval()
    f32.load_state_dict(model.state_dict())
    f32.float()
    for i in range(len(ids) // CONTEXT):
        window = torch.tensor([ids[i * CONTEXT:(i + 1) * CONTEXT]])
        with torch.no_grad():
            logp = f32(window).logits[0].log_softmax(-1)
        picked = logp[half:CONTEXT - 1].gather(1, window[0, half + 1:, None])
        total, n = total - picked.double().sum().item(), n + len(picked)
    return total / n


def difference(a, b, skip=("GGUF.",)):
    """Names the first key-value or tensor in which two GGUF files differ; the empty string if none does."""
    import gguf
    ra, rb = gguf.GGUFReader(a), gguf.GGUFReader(b)
    ka, kb = ([k for k in r.fields if not k.startswith(skip)] for r in (ra, rb))
    for k in kb:
        if k not in ra.fields:
            return f"key {k} is missing"
    for k in ka:
        if k not in rb.fields:
            return f"key {k} is too many"
        fa, fb = ra.fields[k], rb.fields[k]
        if fa.types != fb.types:
            return f"key {k}: types {[t.name for t in fa.types]}, want {[t.name for t in fb.types]}"
        va, vb = fa.contents(), fb.contents()
        if va != vb:
            if isinstance(va, list) and isinstance(vb, list):
                i = next((i for i, (x, y) in enumerate(zip(va, vb)) if x != y), min(len(va), len(vb)))
                return f"key {k}[{i}] of {len(va)}: {va[i:i + 1]!r}, want {vb[i:i + 1]!r} of {len(vb)}"
            return f"key {k}: {va!r}, want {vb!r}"
    if ka != kb:
        i = next(i for i, (x, y) in enumerate(zip(ka, kb)) if x != y)
        return f"key {i} is {ka[i]}, want {kb[i]}"
    na, nb = [t.name for t in ra.tensors], [t.name for t in rb.tensors]
    if na != nb:
        i = next((i for i, (x, y) in enumerate(zip(na, nb)) if x != y), min(len(na), len(nb)))
        return f"tensor {i} is {na[i:i + 1]}, want {nb[i:i + 1]}"
    for x, y in zip(ra.tensors, rb.tensors):
        if x.tensor_type != y.tensor_type or list(x.shape) != list(y.shape):
            return f"tensor {x.name}: {x.tensor_type.name} {x.shape.tolist()}, want {y.tensor_type.name} {y.shape.tolist()}"
        if x.data.tobytes() != y.data.tobytes():
            return f"tensor {x.name}: other bytes"
    return ""
