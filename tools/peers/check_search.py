"""Search for coefficients on trained models: the bad one is dropped, and losses are those of what is written and of transformers."""
import functools
import json
import shlex
import sys
from fractions import Fraction

import torch
from transformers import Olmo2ForCausalLM

import train_tiny
from harness import load_safetensors
from models import DTYPES
from train_tiny import ALL, CONTEXT, GOOD, loss, mean, pieces

CHOSEN = ["1/3", "1/3", "1/3", "0"]
SCRIPT = "import sys; from train_tiny import score; print(score(*sys.argv[1:]))"


class Search:
    def __init__(self, h):
        self.h = h

    def check(self):
        for strategy in ("greedy", "leave-one-out"):
            for dtype in ("f32", "bf16"):
                self.h.check("soup search", f"{strategy} {dtype}", lambda note, s=strategy, d=dtype: self.chosen(s, d, note))
        self.h.check("soup search", "greedy q8_0", self.quantised)
        self.h.check("soup search", "simplex f32", self.simplex)
        self.h.check("soup search", "greedy by transformers", self.command)

    @functools.cached_property
    def dir(self):
        out = self.h.work / "search"
        train_tiny.make(out)
        return out

    @functools.cached_property
    def pieces(self):
        return pieces(self.dir / "heldout.txt")

    @functools.cached_property
    def models(self):
        return [load_safetensors(self.dir / m) for m in ALL]

    def search(self, out, *args, of=None):
        models = of or [self.dir / m for m in ALL]
        text = () if "--eval-cmd" in args else ("--text", self.dir / "heldout.txt", "--context", CONTEXT)
        p = self.h.run("soup", *models, "-o", out, "--force", *text, *args, "--json")
        return json.loads(p.stdout)["search"]

    def chosen(self, strategy, dtype, note):
        """The good ones are chosen. Of each soup that was tried transformers finds the loss that we do."""
        s = self.search(out := self.dir / f"{strategy}-{dtype}", f"--{strategy}", "--dtype", dtype)
        assert s["chosen"] == CHOSEN, f"chosen are {s['chosen']}"
        self.written(s, out)
        most, model = 0.0, Olmo2ForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
        for e in s["evaluations"]:
            c = [float(Fraction(x)) for x in e["coefficients"]]
            model.load_state_dict(mean(self.models, c, DTYPES[dtype]))
            want = loss(model, self.pieces)
            most = max(most, abs(e["score"] - want) / want)
        assert most < 1e-4, f"transformers has another loss, by {most:.2g}"
        first, last = (f"{' '.join(e['coefficients'])} has {e['score']:.5f}" for e in (s["evaluations"][0], s["evaluations"][-1]))
        note(f"{len(s['evaluations'])} soups, loss {s['score']:.5f}; {first}, {last}; transformers' differ by up to {most:.1g}")

    def written(self, s, out):
        """The loss of the soup that was never written is that of the one that is, to the last bit."""
        alone = self.search(self.dir / "none", "--greedy", "--dry-run", of=(out, self.dir / GOOD[0]))["evaluations"][0]
        assert alone["coefficients"] == ["1", "0"]
        assert alone["score"] == s["score"] and alone["error"] == s["error"], f"written has {alone['score']}, virtual {s['score']}"

    def quantised(self, note):
        """The loss is that of the blocks that will be written."""
        s = self.search(out := self.dir / "soup.gguf", "--greedy", "--dtype", "q8_0", "--pretokenizer", "dbrx")
        assert s["chosen"] == CHOSEN, f"chosen are {s['chosen']}"
        back = self.h.convert(out, self.dir / "back", "--dtype", "f32")
        self.written(s, back)
        note(f"loss {s['score']:.5f}")

    def simplex(self, note):
        s = self.search(out := self.dir / "simplex", "--simplex", "--max-evals", 40)
        self.written(s, out)
        c = [float(Fraction(x)) for x in s["chosen"]]
        start = s["evaluations"][0]
        assert abs(sum(c) - 1) < 1e-12 and c[3] == min(c) and c[3] < 0.1, f"chosen are {s['chosen']}"
        assert s["score"] < start["score"], "it found nothing"
        note(f"{len(s['evaluations'])} soups, {' '.join(s['chosen'])}, loss {s['score']:.5f}, from {start['score']:.5f}")

    def command(self, note):
        """A line of Python, which has transformers run the candidate on disk, chooses the same."""
        line = shlex.join([sys.executable, "-c", SCRIPT, str(self.dir / "heldout.txt")]) + " {}"
        here = str(self.h.tree / "tools" / "peers")
        s = self.search(out := self.dir / "by-command", "--greedy", "--eval-cmd", f"PYTHONPATH={shlex.quote(here)} {line}")
        assert s["chosen"] == CHOSEN, f"chosen are {s['chosen']}"
        ours = self.search(self.dir / "none", "--greedy", "--dry-run")
        assert s["score"] == loss(Olmo2ForCausalLM.from_pretrained(out).eval(), self.pieces), "of what is written it is another"
        most = max(abs(a["score"] - b["score"]) / a["score"] for a, b in zip(s["evaluations"], ours["evaluations"], strict=True))
        left = [p.name for p in self.dir.iterdir() if p.name.startswith(".")]
        assert most < 1e-4 and not left, f"scores differ by {most:.2g}, left behind is {left}"
        note(f"{len(s['evaluations'])} soups, scores differ by up to {most:.1g}")
