"""`olmotool verify` on real files: each fault is refused, called what it is and found where it is; what is equal is accepted."""
import json
import random
import shutil
import subprocess

import torch
import transformers
from safetensors.torch import load_file, save_file

import faults
import official
from converter import Converter
from faults import NOT_RUN, UNSEEN, Fault, Files
from harness import last_line
from models import YARN, Shape, save

DOLMA2 = dict(layers=4, eos=513, pad=533)
OLMO1 = dict(layers=4, eos=539, pad=1, context=2048)
WINDOW = 8  # and sequences of 128 tokens, more than the context of 64 that YaRN extends
MODELS = (
    Shape("olmo2-mha", dtype="bf16", **DOLMA2),
    Shape("olmo2-gqa", dtype="bf16", kv_heads=2, extra=dict(bos_token_id=513), **DOLMA2),
    Shape("olmo3-yarn", "olmo3", "bf16", context=512, extra=dict(sliding_window=WINDOW, rope_scaling=dict(YARN)), **DOLMA2),
    Shape("olmo1-clip", "olmo", "bf16", extra=dict(clip_qkv=1.0), **OLMO1),
)
F32 = Shape("olmo2-f32", **DOLMA2)
NMSE = 1e-2  # llama.cpp's examples/model-conversion accept logits up to here
OFFICIAL = 1e-4  # and OLMo-core's script logits of 60 random tokens, absolute and relative


class Verify:
    def __init__(self, h):
        self.h = h
        self.converter = Converter(h.peers)
        self.quantize = h.peers / "llama-build" / "bin" / "llama-quantize"
        self.bars = []  # of each fault: whether llama.cpp's check and the official one would have accepted it

    def check(self):
        for shape in MODELS:
            ref = self.model(shape)
            self.theirs = Logits(ref, shape)
            for fault in faults.faults(shape):
                self.check_fault(shape, ref, fault, lambda: self.make(fault, ref))
            self.check_ggufs(shape, ref)
            self.check_layouts(shape, ref)
            self.check_goldens(shape, ref)
        self.check_casts()
        self.check_refused()
        self.count_bars()

    def model(self, shape):
        tokenizer = self.h.tree / "testdata" / "tokenizers" / ("olmo1-tiny" if shape.model_type == "olmo" else "dolma2-tiny")
        out = self.h.work / "verify" / shape.name
        save(shape, out, tokenizer)
        return out

    def new(self, name):
        out = self.h.work / "verify" / name
        shutil.rmtree(out, ignore_errors=True)
        return out

    def make(self, fault, ref):
        files = Files(ref)
        fault.edit(files)
        return files.save(self.new("cand"))

    # -- what is wrong --

    def check_fault(self, shape, ref, fault, make):
        """Refused, called what it is, and found by the forward pass alone where it is."""
        def body(note):
            cand = make()
            doc = self.verify(ref, cand, 1)
            called(doc["weights"], fault)
            words = doc["reasons"][0]
            wanted = [fault.verdict] if fault.verdict else (*fault.tensors.values(), *fault.missing, *fault.extra, *fault.config, *fault.tokenizer)
            assert any(w in words for w in wanted), f"the verdict says {words}"
            self.located(ref, cand, fault)
            note(self.others(doc, cand))

        self.h.check("verify fault", f"{shape.name} {fault.name}", body)

    def located(self, ref, cand, fault):
        """What the forward pass makes of it by itself."""
        doc = self.verify(ref, cand, 0 if fault.site == UNSEEN else 1, "--forward")
        assert "weights" not in doc
        if fault.site == UNSEEN:
            assert not doc["forward"].get("first_divergence")
        elif fault.site == NOT_RUN:
            assert "forward" not in doc and doc["forward_not_run"], "the forward pass was run"
        else:
            d = doc["forward"]["first_divergence"]
            assert (d["layer"], d["site"]) == (fault.layer, fault.site), f"found in layer {d['layer']}, {d['site']}"

    def others(self, doc, cand):
        """What other checks would have said."""
        forward = doc.get("forward")
        nmse = forward["metrics"]["nmse"] if forward else None
        passes = nmse is not None and nmse < NMSE
        official, why = self.theirs.compare(cand if cand.is_dir() else self.h.convert(cand, self.new("back")))
        self.bars.append((passes, official))
        bar = "not run" if not forward else "no number" if nmse is None else f"{nmse:.2g}"
        return f"NMSE {bar}{', accepted by llama.cpp' if passes else ''}; 60 tokens: {why}"

    def count_bars(self):
        def body(note):
            llama, theirs, both = (sum(map(f, self.bars)) for f in (lambda b: b[0], lambda b: b[1], all))
            note(f"of {len(self.bars)} faults NMSE < {NMSE:g} accepts {llama}, 60 tokens at {OFFICIAL:g} {theirs}, both {both}")

        self.h.check("verify fault", "other checks", body)

    def verify(self, ref, cand, status, *args):
        p = self.h.run("verify", ref, cand, "--json", *args, ok=(0, 1, 2, 3, 4))
        assert p.returncode == status, f"verify {' '.join(map(str, args))} exits {p.returncode}, want {status}: {last_line(p.stderr) if p.stderr else json.loads(p.stdout)['verdict']}"
        doc = json.loads(p.stdout)
        assert doc["accepted"] == (status == 0)
        return doc

    # -- GGUF --

    def check_ggufs(self, shape, ref):
        """The converter's file is accepted; with q and k in the order of another architecture it is not."""
        file = self.h.work / "verify" / f"{shape.name}.gguf"
        self.converter(ref, file, "bf16", pretokenizer="olmo" if shape.model_type == "olmo" else "dbrx")
        self.h.check("verify same", f"{shape.name} gguf of llama.cpp", lambda _: self.same(ref, file))
        import gguf  # the converter's own
        first = shape.model_type == "olmo"

        def reordered():
            out = self.h.work / "verify" / "cand.gguf"
            shutil.copyfile(file, out)
            half = shape.hidden // shape.heads // 2
            for t in gguf.GGUFReader(out, "r+").tensors:
                if t.name.endswith(("attn_q.weight", "attn_k.weight")):
                    heads = t.data.reshape(-1, *((half, 2) if first else (2, half)), t.data.shape[1])
                    t.data[:] = heads.swapaxes(1, 2).reshape(t.data.shape)
            return out

        says = "from interleaved to half-split" if first else "from half-split to interleaved"
        names = [faults.at(m, i) for i in range(shape.layers) for m in (faults.Q, faults.K)]
        fault = Fault("gguf without permutation" if first else "gguf with permutation", None, "q_proj", 0, dict.fromkeys(names, says))
        self.check_fault(shape, ref, fault, reordered)

    # -- what is equal --

    def same(self, ref, cand, *args):
        self.verify(ref, cand, 0, *args)
        self.verify(ref, cand, 0, "--forward", *args)

    def check_layouts(self, shape, ref):
        def shards(_):
            """In another order, in other files."""
            out = shutil.copytree(ref, self.new("cand"))
            tensors = load_file(out / "model.safetensors")
            (out / "model.safetensors").unlink()
            names = sorted(tensors)
            random.Random(1).shuffle(names)
            files = {n: f"model-{i % 3 + 1:05}-of-00003.safetensors" for i, n in enumerate(names)}
            for f in set(files.values()):
                save_file({n: tensors[n] for n in names if files[n] == f}, out / f, {"format": "pt"})
            (out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": files}))
            self.same(ref, out)

        def hf_bin(_):
            out = shutil.copytree(ref, self.new("cand"))
            torch.save(load_file(out / "model.safetensors"), out / "pytorch_model.bin")
            (out / "model.safetensors").unlink()
            self.same(ref, out)

        model = lambda: transformers.AutoModelForCausalLM.from_pretrained(ref, dtype="auto")

        def legacy(_):
            official.save_legacy(model(), self.new("cand"))
            self.same(ref, self.h.work / "verify" / "cand")

        def core(_):
            official.save_core(model(), self.new("cand"))
            self.same(ref, self.h.work / "verify" / "cand")

        self.h.check("verify same", f"{shape.name} shards", shards)
        self.h.check("verify same", f"{shape.name} hf-bin", hf_bin)
        if shape.model_type != "olmo3":
            self.h.check("verify same", f"{shape.name} OLMo", legacy)
        if shape.model_type == "olmo2":
            self.h.check("verify same", f"{shape.name} OLMo-core", core)

    def check_casts(self):
        pass

    def check_goldens(self, shape, ref):
        pass

    def check_refused(self):
        pass


def called(weights, fault):
    """Raises unless the comparison of weights says of each thing what it should, and nothing else."""
    got = {t["name"]: t["diagnosis"] for t in weights["failures"]}
    assert got.keys() == fault.tensors.keys(), f"fails {sorted(got)}, want {sorted(fault.tensors)}"
    for name, words in fault.tensors.items():
        assert words in got[name], f"{name}: {got[name]!r}, want {words!r}"
    for field, want in (("missing", fault.missing), ("extra", fault.extra), ("config_changes", fault.config), ("tokenizer_changes", fault.tokenizer)):
        got = weights[field]
        assert len(got) == len(want) and all(w in g for w, g in zip(want, got)), f"{field}: {got}, want {want}"


class Logits:
    """The official check: logits of 60 random tokens by transformers, in f32."""

    def __init__(self, directory, shape):
        self.ids = torch.randint(0, shape.vocab, (1, 60), generator=torch.Generator().manual_seed(60))
        self.want = self.of(directory)

    def of(self, directory):
        with torch.no_grad():
            return transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()(self.ids).logits

    def compare(self, directory):
        """Whether it accepts, and what it says."""
        try:
            got = self.of(directory)
        except Exception as e:
            return False, f"not loaded ({type(e).__name__})"
        try:
            torch.testing.assert_close(got, self.want, atol=OFFICIAL, rtol=OFFICIAL)
        except AssertionError:
            d = (got - self.want).abs().max() if got.shape == self.want.shape else torch.nan
            return False, f"refused, {d:.2g}"
        return True, "accepted"
