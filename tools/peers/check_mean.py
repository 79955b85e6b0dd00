"""Means of checkpoints, as releases are made: from several layouts, beside OLMo-core's, the same however they are computed."""
import json
import signal
import subprocess
import time
from fractions import Fraction

import torch

import official
from check_verify import source
from converter import Converter
from harness import last_line, load_safetensors, same_file, same_tensors
from models import DTYPES, Shape, build

SHAPES = tuple(Shape(f"mean-{i}", eos=513, pad=533) for i in range(4))
CUTS = ("--method", "ties", "--param", "density=0.3", "--weights", "1,0.5", "--base")
DRAWN = ("--method", "dare_ties", "--param", "density=0.3", "--weights", "1,0.5", "--seed", 5, "--base")


class Means:
    def __init__(self, h):
        self.h = h
        self.converter = Converter(h.peers)
        official.add_paths(h.peers)

    def check(self):
        self.h.check("soup release", "three layouts to q8_0", self.release)
        for dtype in DTYPES:
            for n in (2, 3, 4):
                self.h.check("soup = OLMo-core's", f"{n} of {dtype}", lambda note, n=n, d=dtype: self.core_mean(n, d, note))
        self.h.check("soup threads", "linear, ties, dare_ties", self.threads)
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            self.h.check("soup stopped", sig.name, lambda _, sig=sig: self.stopped(sig))

    def path(self, *names):
        out = self.h.work.joinpath("mean", *names)
        out.parent.mkdir(parents=True, exist_ok=True)
        return out

    def soup(self, out, *args):
        self.h.run("soup", *args, "-o", out, "--force", "--quiet")
        return out

    def release(self, note):
        """transformers' directory, OLMo-core's folder and the converter's GGUF, in one command, give the q8_0 of a
        directory in between; that of llama.cpp's converter; and verify accepts it."""
        hf, second, third = (source(self.h, s) for s in SHAPES[:3])
        core, legacy, gguf = self.path("core"), self.path("legacy"), self.path("third.gguf")
        official.save_core(self.h.model(SHAPES[1]), core)
        official.save_legacy(self.h.model(SHAPES[1]), legacy)
        self.converter(third, gguf, "f32", pretokenizer="dbrx")
        one = self.soup(self.path("one", "soup.gguf"), hf, core, gguf, "--dtype", "q8_0")
        between = self.soup(self.path("soup"), hf, core, gguf)
        assert all(t.dtype == torch.float32 for t in load_safetensors(between).values()), "between is not f32"
        same_file(one, self.h.convert(between, self.path("two", "soup.gguf"), "--dtype", "q8_0"))
        same_file(one, self.soup(self.path("legacy", "soup.gguf"), hf, legacy, gguf, "--dtype", "q8_0"))
        same_tensors(load_safetensors(self.soup(self.path("hf"), hf, second, third)), load_safetensors(between))
        self.converter(between, theirs := self.path("theirs", "soup.gguf"), "q8_0", pretokenizer="dbrx")
        same_file(one, theirs)
        doc = json.loads(self.h.run("verify", between, one, "--json").stdout)
        assert doc["accepted"], doc["verdict"]
        rounded = self.soup(self.path("bf16"), hf, core, gguf, "--dtype", "bf16")
        other = self.h.convert(rounded, self.path("bf16-two", "soup.gguf"), "--dtype", "q8_0")
        a, b = (f.read_bytes() for f in (one, other))
        note(f"equal by way of f32; by way of bf16 {100 * sum(x != y for x, y in zip(a, b)) / len(a):.2g} % of the bytes differ"
             f" (verify: {doc['verdict']})")
        assert a != b, "rounding twice shows nowhere"

    def core_mean(self, n, dtype, note):
        """Their sum in float32, divided, then rounded. Where that is not ours, ours is right by exact arithmetic."""
        states = []
        for s in SHAPES[:n]:
            model = build(s).to(DTYPES[dtype])
            model.save_pretrained(self.path(f"{s.name}-{dtype}"))
            states.append(model.state_dict())
        merged = load_safetensors(self.soup(self.path(f"{n}-{dtype}"), *(self.path(f"{s.name}-{dtype}") for s in SHAPES[:n])))
        total = differ = 0
        for name, ours in merged.items():
            total_in_f32 = states[0][name].float()
            for s in states[1:]:
                total_in_f32 = total_in_f32 + s[name].float()
            theirs = (total_in_f32 / n).to(ours.dtype)
            total += ours.numel()
            for at in map(tuple, (ours != theirs).nonzero().tolist()):
                differ += 1
                mean = sum(Fraction(s[name][at].item()) for s in states) / n
                a, b = (abs(Fraction(t[at].item()) - mean) for t in (ours, theirs))
                assert a < b or a == b and even(ours[at]), f"{name} {list(at)}: ours is not the mean, rounded"
        if differ:
            note(f"{differ} of {total} differ; of each, ours is the exact mean, rounded")

    def threads(self, note):
        base, *models = (source(self.h, s) for s in SHAPES[:3])
        for name, args in (("linear", ()), ("ties", (*CUTS, base)), ("dare_ties", (*DRAWN, base))):
            want = None
            for n in (1, 2, 3, 8):
                hf = self.soup(self.path(f"threads-{n}"), *models, *args, "--threads", n, "--max-shard-size", "200KB")
                gguf = self.soup(self.path("threads.gguf"), *models, *args, "--threads", n, "--dtype", "q8_0", "--pretokenizer", "dbrx")
                got = {p.name: p.read_bytes() for p in (*sorted(hf.iterdir()), gguf)}
                want = want or got
                assert len(got) > 5 and got == want, f"{name}: {n} threads give other bytes"

    def stopped(self, sig):
        """In the middle of writing over an older output, which remains; a run that is killed leaves its hidden directory."""
        there = self.path(f"stopped-{sig.name}", "soup")
        self.h.convert("random:tiny", there)
        before = {p.name: p.read_bytes() for p in there.iterdir()}
        p = subprocess.Popen([self.h.tool, "soup", "random:1b,seed=1", "random:1b,seed=2", "-o", there, "--force", "--threads", "1",
                              "--no-progress"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            while not any(f.stat().st_size > 1 << 20 for f in there.parent.glob(".*/*.safetensors")):
                assert p.poll() is None, f"ends early: {last_line(p.stderr.read())}"
                time.sleep(0.01)
            p.send_signal(sig)
            said = p.communicate(timeout=20)[1]
        finally:
            p.kill()
        left = [f.name for f in there.parent.iterdir() if f != there]
        if sig == signal.SIGKILL:
            assert p.returncode == -sig and len(left) == 1 and left[0].startswith(".soup."), f"exits {p.returncode}, leaves {left}"
        else:
            assert p.returncode == 130 and not left, f"exits {p.returncode}, leaves {left}: {said}"
        assert {p.name: p.read_bytes() for p in there.iterdir()} == before, "the older output is not what it was"


def even(t):
    """Whether the last bit of a number is zero."""
    return t.reshape(1).view(torch.uint8)[0].item() % 2 == 0
