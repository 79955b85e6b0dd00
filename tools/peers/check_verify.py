"""`olmotool verify` on real files: a fault is refused, called what it is and found where it is; what is equal is accepted."""
import functools
import json
import random
import shutil
import subprocess
from dataclasses import replace

import torch
import transformers
from safetensors.torch import load_file, save_file

import faults
import official
from converter import Converter
from faults import NOT_RUN, UNSEEN, Checkpoint, Fault
from harness import last_line
from models import YARN, Shape

DOLMA2 = dict(layers=4, eos=513, pad=533)
# verify makes up 128 tokens: more than the window, and than the context of 64 that YaRN extends.
MODELS = (
    Shape("olmo2-mha", dtype="bf16", **DOLMA2),
    Shape("olmo2-gqa", dtype="bf16", kv_heads=2, extra=dict(bos_token_id=513), **DOLMA2),
    Shape("olmo3-yarn", "olmo3", "bf16", context=512, extra=dict(sliding_window=8, rope_scaling=dict(YARN)), **DOLMA2),
    Shape("olmo1-clip", "olmo", "bf16", layers=4, eos=539, pad=1, context=2048, extra=dict(clip_qkv=1.0)),
)
F32 = Shape("olmo2-f32", **DOLMA2)
NMSE = 1e-2  # up to here llama.cpp's examples/model-conversion accepts logits
OFFICIAL = 1e-4  # absolute and relative: OLMo-core's script asks this of 60 random tokens


class Verify:
    def __init__(self, h):
        self.h = h
        self.converter = Converter(h.peers)
        self.quantize = h.peers / "llama-build" / "bin" / "llama-quantize"
        self.bars = []  # of each fault: whether llama.cpp's check accepts it, and whether the official one does
        official.add_paths(h.peers)

    def check(self):
        for shape in MODELS:
            ref = source(self.h, shape)
            self.logits = Logits(ref, shape)
            for fault in faults.faults(shape):
                self.check_fault(shape, ref, fault, lambda: self.make(fault, ref))
            self.check_ggufs(shape, ref)
            self.check_layouts(shape, ref)
        self.check_casts()
        self.count_bars()

    def new(self, name="cand"):
        """A path at which there is nothing."""
        out = self.h.work / "verify" / name
        out.parent.mkdir(exist_ok=True)
        shutil.rmtree(out, ignore_errors=True)
        return out

    def make(self, fault, ref):
        files = Checkpoint(ref)
        fault.edit(files)
        return files.save(self.new())

    # -- what is wrong --

    def check_fault(self, shape, ref, fault, make):
        """Refused, called what it is in verdict and details, and found by the forward pass alone where it is."""
        def body(note):
            cand = make()
            doc = answer(self.h, 1, ref, cand)
            called(doc["weights"], fault)
            words = [fault.verdict] if fault.verdict else [
                *fault.tensors.values(), *fault.missing, *fault.extra, *fault.config, *fault.tokenizer]
            assert any(w in doc["verdict"] for w in words), f"the verdict is {doc['verdict']}"
            self.located(ref, cand, fault)
            note(self.others(doc, cand))

        self.h.check("verify fault", f"{shape.name} {fault.name}", body)

    def located(self, ref, cand, fault):
        doc = answer(self.h, 0 if fault.site == UNSEEN else 1, ref, cand, "--forward")
        assert "weights" not in doc
        forward = doc.get("forward", {})
        found = forward.get("first_divergence")
        if fault.site in (UNSEEN, NOT_RUN):
            assert not found and bool(doc.get("forward_not_run")) == (fault.site == NOT_RUN), f"{doc['verdict']}"
        else:
            assert found and (found["layer"], found["site"]) == (fault.layer, fault.site), f"found in {found}"

    def others(self, doc, cand):
        """What other checks say of a fault."""
        nmse = doc["forward"]["metrics"]["nmse"] if "forward" in doc else None
        passes = nmse is not None and nmse < NMSE
        if cand.is_file():
            cand = self.h.convert(cand, self.new("back"), "--dtype", "f32")
        accepted, why = self.logits.compare(cand)
        self.bars.append((passes, accepted))
        found = "not run" if "forward" not in doc else "no number" if nmse is None else f"{nmse:.2g}"
        return f"NMSE {found}{', accepted by llama.cpp' if passes else ''}; 60 tokens: {why}"

    def count_bars(self):
        def body(note):
            llama, theirs, both = (sum(map(f, self.bars)) for f in (lambda b: b[0], lambda b: b[1], all))
            note(f"of {len(self.bars)} faults NMSE < {NMSE:g} accepts {llama}, 60 tokens at {OFFICIAL:g} {theirs}, both {both}")

        self.h.check("verify fault", "other checks", body)

    def check_ggufs(self, shape, ref):
        """The converter's file and llama-quantize's of it are accepted; with q and k in another order neither is."""
        first = shape.model_type == "olmo"
        bf16, q8_0 = (self.new(f"{shape.name}-{t}.gguf") for t in ("bf16", "q8_0"))

        def written(file):
            if not bf16.exists():
                self.converter(ref, bf16, "bf16", pretokenizer="olmo" if first else "dbrx")
                subprocess.run([self.quantize, bf16, q8_0, "q8_0"], capture_output=True, check=True)
            return file

        wrong = dict.fromkeys((faults.at(m, i) for i in range(shape.layers) for m in (faults.Q, faults.K)),
                              "from interleaved to half-split" if first else "from half-split to interleaved")
        fault = Fault("not permuted" if first else "permuted as OLMo 1", None, "q_proj", 0, wrong)
        for kind, file in (("bf16", bf16), ("q8_0", q8_0)):
            self.h.check("verify same", f"{shape.name} gguf {kind}", lambda _: self.same(ref, written(file)))
            named = replace(fault, name=f"gguf {kind} {fault.name}")
            self.check_fault(shape, ref, named, lambda: self.reordered(shape, written(file)))

    def reordered(self, shape, file):
        """A GGUF whose q and k have the order of llama.cpp's olmo if it is none, and have it not if it is."""
        import gguf  # the converter's own
        out = shutil.copyfile(file, self.new("cand.gguf"))
        half = shape.hidden // shape.heads // 2
        pairs = (half, 2) if shape.model_type == "olmo" else (2, half)
        for t in gguf.GGUFReader(out, "r+").tensors:
            if t.name.endswith(("attn_q.weight", "attn_k.weight")):
                t.data[:] = t.data.reshape(-1, *pairs, t.data.shape[1]).swapaxes(1, 2).reshape(t.data.shape)
        return out

    # -- what is equal --

    def same(self, ref, cand):
        answer(self.h, 0, ref, cand)
        answer(self.h, 0, ref, cand, "--forward")

    def check_layouts(self, shape, ref):
        """The same weights in other files, by the software that defines them."""
        def shards(out):
            shutil.copytree(ref, out, ignore=shutil.ignore_patterns("*.safetensors"))
            tensors = load_file(ref / "model.safetensors")
            names = random.Random(1).sample(sorted(tensors), len(tensors))
            files = {n: f"model-{i % 3 + 1:05}-of-00003.safetensors" for i, n in enumerate(names)}
            for f in set(files.values()):
                save_file({n: tensors[n] for n in names if files[n] == f}, out / f, {"format": "pt"})
            (out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))

        def hf_bin(out):
            shutil.copytree(ref, out, ignore=shutil.ignore_patterns("*.safetensors"))
            torch.save(load_file(ref / "model.safetensors"), out / "pytorch_model.bin")

        layouts = {"shards": shards, "hf-bin": hf_bin}
        if shape.model_type != "olmo3":
            layouts["OLMo"] = lambda out: official.save_legacy(self.h.model(shape), out)
        if shape.model_type == "olmo2":
            layouts["OLMo-core"] = lambda out: official.save_core(self.h.model(shape), out)
        for name, write in layouts.items():
            def body(_):
                out = self.new()
                write(out)
                self.same(ref, out)

            self.h.check("verify same", f"{shape.name} {name}", body)

    def check_casts(self):
        """Rounded by torch to another type it is the same model; F32 cut off to BF16 it is not."""
        for shape, dtypes in ((MODELS[0], (torch.float32, torch.float16)), (F32, (torch.bfloat16, torch.float16))):
            ref = source(self.h, shape)
            self.logits = Logits(ref, shape)
            for dtype in dtypes:
                def body(note):
                    files = Checkpoint(ref)
                    files.tensors = {n: t.to(dtype) for n, t in files.tensors.items()}
                    files.config["dtype"] = str(dtype).removeprefix("torch.")
                    self.same(ref, out := files.save(self.new()))
                    note(f"60 tokens: {self.logits.compare(out)[1]}")

                self.h.check("verify same", f"{shape.name} to {dtype}", body)
        names = (n for n in Checkpoint(ref).tensors if f".{faults.LAYER}." in n)
        fault = Fault("truncated", faults.truncate, "q_proj", tensors=dict.fromkeys(names, "truncated to BF16"))
        self.check_fault(F32, ref, fault, lambda: self.make(fault, ref))


def source(h, shape):
    """The directory of a model, with a tokenizer as small as it is."""
    tokenizer = "olmo1-tiny" if shape.model_type == "olmo" else "dolma2-tiny"
    return h.source(shape, h.tree / "testdata" / "tokenizers" / tokenizer)


def answer(h, status, *args):
    """The report of a verify that exits with this status."""
    p = h.run("verify", *args, "--json", ok=range(5))
    doc = json.loads(p.stdout or "{}")
    said = doc.get("verdict") or last_line(p.stderr)
    assert p.returncode == status, f"verify exits {p.returncode}, want {status}: {said}"
    assert doc["accepted"] == (status == 0), f"exit status {status}, and accepted is {doc['accepted']}"
    return doc


def called(weights, fault):
    """Raises unless the comparison of weights says of each thing what it should, and nothing else."""
    got = {t["name"]: t["diagnosis"] for t in weights["failures"]}
    assert got.keys() == fault.tensors.keys(), f"fails {sorted(got)}, want {sorted(fault.tensors)}"
    for name, words in fault.tensors.items():
        assert words in got[name], f"{name}: {got[name]!r}, want {words!r}"
    for field, want in (("missing", fault.missing), ("extra", fault.extra),
                        ("config_changes", fault.config), ("tokenizer_changes", fault.tokenizer)):
        got = weights[field]
        assert len(got) == len(want) and all(w in g for w, g in zip(want, got)), f"{field}: {got}, want {want}"


class Logits:
    """The official check of a conversion: logits of 60 random tokens, computed by transformers in f32."""

    def __init__(self, directory, shape):
        self.directory = directory
        self.ids = torch.randint(0, shape.vocab, (1, 60), generator=torch.Generator().manual_seed(60))

    @functools.cached_property
    def want(self):
        return self.of(self.directory)

    def of(self, directory):
        model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
        with torch.no_grad():
            return model.eval()(self.ids).logits

    def compare(self, directory):
        """Whether it accepts, and what it says."""
        try:
            got = self.of(directory)
        except Exception as e:
            return False, f"not loaded ({type(e).__name__})"
        if got.shape != self.want.shape:
            return False, "refused, another shape"
        try:
            torch.testing.assert_close(got, self.want, atol=OFFICIAL, rtol=OFFICIAL)
        except AssertionError:
            return False, f"refused, {(got - self.want).abs().max():.2g}"
        return True, "accepted"
