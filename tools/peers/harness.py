"""What every check needs: olmotool, the peers, a folder to work in, and the table of results."""
import filecmp
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import torch
from safetensors import safe_open

from models import build, save

OK, NOTE, FAIL = "ok", "note", "FAIL"


class Harness:
    def __init__(self, tool, peers, tree, work, only=""):
        self.tool, self.peers, self.tree, self.work, self.only = tool, peers, tree, work, only
        self.rows, self.sources, self.models = [], {}, {}

    # -- results --

    def record(self, check, case, status, detail=""):
        self.rows.append((check, case, status))
        print(f"{check:<22} | {case:<34} | {status}{': ' + detail if detail else ''}", flush=True)

    def check(self, check, case, body):
        """One row of the table. body(note) fails by raising; what it passes to note stands beside its ok."""
        if self.only not in f"{check} {case}":
            return
        notes = []
        try:
            body(notes.append)
        except Exception as e:
            self.record(check, case, FAIL, one_line(e))
        else:
            self.record(check, case, NOTE if notes else OK, "; ".join(notes))

    def summary(self):
        count = {s: sum(r[2] == s for r in self.rows) for s in (OK, NOTE, FAIL)}
        print(f"{len(self.rows)} checks: {count[OK]} ok, {count[NOTE]} ok with a note, {count[FAIL]} failed")
        return 1 if count[FAIL] or not self.rows else 0

    # -- olmotool --

    def run(self, *args, ok=(0,)):
        p = subprocess.run([str(self.tool), *map(str, args)], capture_output=True, text=True)
        if p.returncode not in ok:
            raise AssertionError(f"olmotool {' '.join(map(str, args[:1]))} exits {p.returncode}: {last_line(p.stderr)}")
        return p

    def convert(self, src, dst, *args):
        """Into a new DST; returns it."""
        dst = pathlib.Path(dst)
        shutil.rmtree(dst, ignore_errors=True) if dst.is_dir() else dst.unlink(missing_ok=True)
        self.run("convert", src, dst, "--quiet", "--no-progress", *args)
        return dst

    def digest(self, path, *args):
        return json.loads(self.run("digest", path, "--json", *args).stdout)["digest"]

    # -- sources: HF directories by real transformers, each made once --

    def source(self, shape, tokenizer):
        if shape.name not in self.sources:
            out = self.work / "hf" / shape.name
            self.models[shape.name] = save(shape, out, tokenizer)
            self.sources[shape.name] = out
        return self.sources[shape.name]

    def model(self, shape):
        if shape.name not in self.models:
            self.models[shape.name] = build(shape)
        return self.models[shape.name]

    def forget(self, shape):
        shutil.rmtree(self.sources.pop(shape.name), ignore_errors=True)
        self.models.pop(shape.name, None)

    def peer(self, script, *args, path=()):
        """Runs a peer's script in a Python of its own."""
        env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONWARNINGS": "ignore"}
        p = subprocess.run([sys.executable, str(script), *map(str, args)], capture_output=True, text=True, env=env)
        if p.returncode:
            raise AssertionError(f"{pathlib.Path(script).name} fails: {last_line(p.stderr)}")
        return p.stdout


def one_line(e):
    return re.sub(r"\s+", " ", f"{'' if isinstance(e, AssertionError) else type(e).__name__ + ': '}{e}")[:400]


def last_line(text):
    return (text.strip().splitlines() or ["(no output)"])[-1]


def same_file(a, b):
    """Raises unless the files are equal byte for byte."""
    a, b = pathlib.Path(a), pathlib.Path(b)
    for f in (a, b):
        assert f.is_file(), f"{f.name} is missing in {f.parent.name}"
    if not filecmp.cmp(a, b, shallow=False):
        x, y = a.read_bytes(), b.read_bytes()
        at = next((i for i, (p, q) in enumerate(zip(x, y)) if p != q), min(len(x), len(y)))
        raise AssertionError(f"{a.name}: {len(x)} and {len(y)} bytes, first difference at {at}")


def weights(directory):
    """The names of the weight files and of their index."""
    return sorted(p.name for p in pathlib.Path(directory).iterdir()
                  if p.suffix in (".safetensors", ".bin", ".pt") or p.name.endswith(".index.json"))


def same_weights(a, b):
    assert weights(a) == weights(b), f"files {weights(a)} and {weights(b)}"
    for name in weights(a):
        same_file(pathlib.Path(a) / name, pathlib.Path(b) / name)


def load_torch(path):
    return torch.load(path, weights_only=True, mmap=True)


def load_safetensors(directory):
    out = {}
    for f in sorted(pathlib.Path(directory).glob("*.safetensors")):
        with safe_open(f, "pt") as s:
            out |= {k: s.get_tensor(k) for k in s.keys()}
    return out


def same_tensors(got, want):
    """Raises unless names, dtypes, shapes and bytes agree."""
    missing, extra = want.keys() - got.keys(), got.keys() - want.keys()
    assert not missing and not extra, f"lacks {sorted(missing)[:3]}, has too many {sorted(extra)[:3]}"
    for name, w in want.items():
        g = got[name]
        assert g.dtype == w.dtype and g.shape == w.shape, f"{name}: {g.dtype} {tuple(g.shape)}, want {w.dtype} {tuple(w.shape)}"
        a, b = (t.detach().contiguous().flatten().view(torch.uint8) if t.dim() else t for t in (g, w))
        assert torch.equal(a, b), f"{name}: other values"
