"""Merges: olmotool's and mergekit's of one recipe, and the truth: mergekit's functions on the same weights as float64."""
import json
import os
import subprocess
from dataclasses import dataclass, field

import yaml

from harness import FAIL, last_line, load_safetensors
from models import DTYPES, Shape, build, values
from soup_truth import Comparison, certain, linear, ramplus

CHECK = "soup beside mergekit"
SHAPE = Shape("soup-base", eos=513, pad=533)
NOISE = 0.02  # of an ingredient: the share of a tensor's own spread by which it differs from the base
MODELS = ("a", "b", "c", "far")  # far is another model altogether


@dataclass
class Merge:
    name: str
    method: str
    models: str                  # names, apart by blanks
    base: bool = False
    params: dict = field(default_factory=dict)
    per_model: dict = field(default_factory=dict)  # lists, in the order of models
    listed: bool = False         # mergekit counts the base among the models
    random: bool = False         # there is no truth
    limit: float = 1e-5          # share of the elements that may differ from the truth


KEPT = 0.3
W3 = {"weight": [0.5, 0.3, 0.4]}
DENSE = W3 | {"density": [0.5, 0.3, 0.7]}
MERGES = (
    Merge("linear", "linear", "a b c", per_model=W3),
    Merge("passthrough", "passthrough", "a", per_model={"scale": [0.75]}),
    Merge("slerp", "slerp", "a", True, {"t": 0.3}, listed=True),
    Merge("slerp far", "slerp", "far", True, {"t": 0.3}, listed=True),
    Merge("nuslerp", "nuslerp", "a far", per_model={"weight": [0.6, 0.4]}),
    Merge("nuslerp base", "nuslerp", "a b", True, per_model={"weight": [0.6, 0.4]}),
    Merge("nuslerp rows", "nuslerp", "a far", params={"nuslerp_flatten": False}, per_model={"weight": [0.6, 0.4]}),
    Merge("nuslerp columns", "nuslerp", "a far", params={"nuslerp_flatten": False, "nuslerp_row_wise": True},
          per_model={"weight": [0.6, 0.4]}),
    Merge("multislerp", "multislerp", "a b far", per_model=W3),
    Merge("multislerp base", "multislerp", "a b c", True, per_model=W3),
    Merge("karcher", "karcher", "a b far"),
    Merge("task_arithmetic", "task_arithmetic", "a b c", True, {"lambda": 0.7}, W3),
    Merge("ties", "ties", "a b c", True, per_model=DENSE),
    Merge("breadcrumbs", "breadcrumbs", "a b c", True, per_model=DENSE | {"gamma": [0.02, 0.02, 0.02]}),
    Merge("breadcrumbs_ties", "breadcrumbs_ties", "a b c", True, per_model=DENSE | {"gamma": [0.02, 0.02, 0.02]}),
    Merge("model_stock", "model_stock", "a b c", True),
    Merge("model_stock rows", "model_stock", "a b c", True, {"filter_wise": True}),
    # Which elements of equal variance are kept is not said, and weighs on all others.
    Merge("sce", "sce", "a b c", True, {"select_topk": 0.5}, limit=0.02),
    Merge("nearswap", "nearswap", "a", True, {"t": 0.0005}),
    Merge("ram", "ram", "a b c", True, {"epsilon": 0.002}),
    Merge("ramplus_tl", "ramplus_tl", "a b c", True, {"epsilon": 0.002}),
    Merge("arcee_fusion", "arcee_fusion", "a", True),
    # Of one model there is nothing to agree on: what is drawn is the result.
    *(Merge(x, x, "a", True, per_model={"weight": [1.0], "density": [KEPT]}, random=True) for x in ("dare_linear", "dare_ties")),
    *(Merge(x, x, "a", True, per_model={"weight": [1.0], "density": [KEPT], "epsilon": [0.1]}, random=True)
      for x in ("della_linear", "della")),
)


class Soup:
    def __init__(self, h):
        self.h = h
        self.dir = h.work / "soup"
        self.python = h.peers / "mergekit" / "bin" / "python"

    def check(self):
        """In f32 and bf16 ours is the truth, rounded once. How far mergekit is from it is noted."""
        cases = [(m, d) for m in MERGES for d in ("f32", "bf16") if self.h.only in f"{CHECK} {m.name} {d}"]
        if not cases:
            return
        for dtype in {d for _, d in cases}:
            self.make(dtype)
        if fails := self.by_mergekit(cases):
            self.h.record(CHECK, "mergekit", FAIL, fails)
            return
        for m, dtype in cases:
            body = self.lots if m.random else self.rounded
            self.h.check(CHECK, f"{m.name} {dtype}", lambda note, m=m, dtype=dtype, body=body: body(m, dtype, note))

    def rounded(self, m, dtype, note):
        ours = self.by_olmotool(m, dtype)
        theirs, truth = (load_safetensors(self.path(m, dtype, x)) for x in ("mergekit", "truth"))
        assert ours.keys() == theirs.keys() == truth.keys(), "other names"
        assert all(t.dtype == DTYPES[dtype] for t in ours.values()), "other dtypes"
        if wrong := sorted({str(t.dtype) for t in theirs.values()} - {str(DTYPES[dtype])}):
            note(f"mergekit writes {', '.join(wrong)}")
        models = [load_safetensors(self.dir / dtype / x) for x in m.models.split()]
        base = load_safetensors(self.dir / dtype / "base") if m.base else {}
        c = Comparison()
        for name, t in truth.items():
            x = [x[name] for x in models]
            if m.method == "linear":
                t = linear(x, **m.per_model)
            elif m.method == "ramplus_tl":
                t = ramplus(x, base[name], **m.params)
            c.add(ours[name], theirs[name].to(DTYPES[dtype]), t, certain(m, x, base.get(name)))
        note(str(c))
        if c.n < sum(t.numel() for t in truth.values()):
            note(f"of {c.n} elements that no cut touches")
        assert c.wrong <= m.limit * c.n, f"{c.wrong} of {c.n} elements are not the truth, rounded"

    def lots(self, m, dtype, note):
        """What is drawn differs; the share that is kept and its sum of magnitudes must not."""
        base = load_safetensors(self.dir / dtype / "base")
        full = load_safetensors(self.dir / dtype / "a")
        shares = []
        for out in (self.by_olmotool(m, dtype), load_safetensors(self.path(m, dtype, "mergekit"))):
            kept = n = 0
            for name, b in base.items():
                d, f = out[name].double() - b.double(), full[name].double() - b.double()
                changed = (f != 0).sum().item()
                kept, n = kept + (d != 0).sum().item(), n + changed
                if changed > 1000 and dtype == "f32":
                    ratio = (d.abs().sum() / f.abs().sum()).item()
                    assert abs(ratio - 1) < 1e-4, f"{name}: magnitudes are {ratio:.6f} of all"
            shares.append(kept / n)
        note(f"kept: ours {shares[0]:.4f}, mergekit {shares[1]:.4f}")
        sigma = (KEPT * (1 - KEPT) / n) ** 0.5
        # In bf16 what is kept may be lost when it is added to the base, and della keeps what is larger.
        assert dtype != "f32" or abs(shares[0] - KEPT) < 4 * sigma, f"we keep {shares[0]:.4f} of {n}"

    # -- the three --

    def path(self, m, dtype, what):
        p = self.dir / dtype / f"{m.name.replace(' ', '-')}-{what}"
        p.mkdir(parents=True, exist_ok=True)
        return p

    def by_olmotool(self, m, dtype):
        out = self.path(m, dtype, "ours") / "out"
        self.h.run("soup", "--config", self.recipe(m, dtype), "-o", out, "--force", "--seed", 1)
        return load_safetensors(out)

    def by_mergekit(self, cases):
        """All of them, in one process; returns what it failed with."""
        jobs = []
        for m, dtype in cases:
            models = [str(self.dir / dtype / x) for x in m.models.split()]
            base = str(self.dir / dtype / "base") if m.base else None
            truth = None if m.random else dict(
                method=m.method, models=models, base=base, params=m.params, model_params=m.per_model,
                file=str(self.path(m, dtype, "truth") / "model.safetensors"))
            jobs.append(dict(config=str(self.recipe(m, dtype)), out=str(self.path(m, dtype, "mergekit")), truth=truth))
        file = self.dir / "jobs.json"
        file.write_text(json.dumps(jobs))
        # Without the seed of hashes the order of models is not the same in every run.
        env = os.environ | {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1"}
        p = subprocess.run([self.python, str(self.h.tree / "tools" / "peers" / "run_mergekit.py"), file], capture_output=True, text=True, env=env)
        return last_line(p.stderr) if p.returncode else ""

    def recipe(self, m, dtype):
        at = self.dir / dtype
        config = {"merge_method": m.method, "dtype": {"f32": "float32", "bf16": "bfloat16"}[dtype]}
        config["models"] = [{"model": str(at / "base")}] if m.listed else []
        for i, x in enumerate(m.models.split()):
            entry = {"model": str(at / x)}
            if m.per_model:
                entry["parameters"] = {k: v[i] for k, v in m.per_model.items()}
            config["models"].append(entry)
        if m.base:
            config["base_model"] = str(at / "base")
        if m.params:
            config["parameters"] = m.params
        file = at / f"{m.name.replace(' ', '-')}.yml"
        file.write_text(yaml.safe_dump(config))
        return file

    def make(self, dtype):
        """base, what noise makes of it, and a model that has nothing to do with it."""
        for name in ("base", *MODELS):
            model = build(Shape("far" if name == "far" else SHAPE.name, eos=SHAPE.eos, pad=SHAPE.pad))
            if name in "abc":
                for k, p in model.named_parameters():
                    v = values(f"soup-{name}", k, tuple(p.shape))
                    p.data += NOISE * p.data.std() * (v - v.mean()) / v.std()
            model.to(DTYPES[dtype]).save_pretrained(self.dir / dtype / name)
