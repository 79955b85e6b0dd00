"""Tiny OLMo 2 models, trained a little: a base, ingredients that go on from it in other orders of the data, and a bad one.

    train_tiny.py testdata/search

writes the smallest of them, and a text that none of them saw.
"""
import pathlib
import random
import shutil
import sys

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import Olmo2ForCausalLM

from models import Shape, add_tokenizer, build

ALL = *GOOD, BAD = "a", "b", "c", "bad"
TOKENIZER = pathlib.Path(__file__).resolve().parent.parent.parent / "testdata" / "tokenizers" / "dolma2-tiny"
SHAPE = Shape("trained", eos=513, pad=533, context=256)
SMALLEST = Shape("trained-smallest", hidden=16, heads=2, kv_heads=2, intermediate=32, layers=1, eos=513, pad=533, context=256)
LENGTH, BATCH = 64, 8  # of what a step sees
BASE_STEPS, STEPS, RATE = 300, 100, 5e-3
CONTEXT = 128  # of a piece of the text that is scored
NOISE = 0.25  # of the tokens that the bad one sees: the share that are others


def prose(seed, words):
    """Sentences of made-up words, of which each has a few that like to follow it."""
    r = random.Random(1)
    syllables = [a + b + c for a in ("b", "d", "k", "l", "m", "n", "pr", "s", "st", "th", "v") for b in "aeiou" for c in ("", "", "n", "r", "s")]
    lexicon = ["".join(r.choices(syllables, k=r.randint(1, 3))) for _ in range(400)]
    follow = {w: r.sample(lexicon, 10) for w in lexicon}
    r = random.Random(seed)
    out, word = [], lexicon[0]
    while len(out) < words:
        sentence = []
        for _ in range(r.randint(4, 14)):
            word = r.choice(lexicon) if r.random() < 0.1 else r.choices(follow[word], weights=range(10, 0, -1))[0]
            sentence.append(word + ("," if r.random() < 0.1 else ""))
        out += sentence
        yield " ".join(sentence).capitalize().rstrip(",") + r.choice((". ", ". ", "? ", "! ", ".\n"))


def train(model, ids, steps, seed, last=1.0, noise=0.0):
    """Steps of AdamW, the rate going in a line to its last share; with noise, that share of
    the tokens changes places."""
    generator = torch.Generator().manual_seed(seed)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 + (last - 1) * i / steps)
    for _ in range(steps):
        at = torch.randint(len(ids) - LENGTH, (BATCH, 1), generator=generator)
        batch = ids[at + torch.arange(LENGTH)]
        if noise:
            moved = torch.rand(batch.shape, generator=generator) < noise
            others = batch[moved]
            batch[moved] = others[torch.randperm(len(others), generator=generator)]
        loss = model(input_ids=batch, labels=batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def initialised(shape):
    model = build(shape)
    for name, p in model.named_parameters():  # as a trainer does, not as a test that should see every norm
        p.data = torch.ones_like(p) if p.dim() == 1 else 0.02 * torch.sign(p) * p.abs().clamp(max=3)
    return model


def make(out, shape=SHAPE, dtype=torch.float32, words=4000):
    """Directories of the ingredients under out, and the text beside them."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    ids = torch.tensor(tokenizer.encode("".join(prose(2, 100_000)), add_special_tokens=False).ids)
    base = train(initialised(shape), ids, BASE_STEPS, 0).state_dict()
    for seed, name in enumerate(ALL, 1):
        model = build(shape)
        model.load_state_dict(base)
        train(model, ids, STEPS, seed, last=0.3, noise=NOISE if name == BAD else 0).to(dtype).save_pretrained(out / name)
        add_tokenizer(TOKENIZER, out / name)
    (out / "heldout.txt").write_text("".join(prose(3, words)))


def pieces(text):
    """The text as olmotool cuts it: pieces of so many tokens, without the rest."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    with open(text, encoding="utf-8", newline="") as f:
        ids = torch.tensor(tokenizer.encode(f.read(), add_special_tokens=False).ids)
    return ids[:len(ids) // CONTEXT * CONTEXT].reshape(-1, CONTEXT)


@torch.no_grad()
def loss(model, ids):
    """The mean loss of the tokens that have half a piece or more before them."""
    logits = model(input_ids=ids).logits[:, CONTEXT // 2:-1]
    return -logits.double().log_softmax(-1).gather(-1, ids[:, CONTEXT // 2 + 1:, None]).mean().item()


def mean(models, c, dtype):
    """The state dict of a soup."""
    return {k: sum(x * m[k].double() for x, m in zip(c, models)).to(dtype) for k in models[0]}


def score(text, directory):
    torch.set_num_threads(2)
    return loss(Olmo2ForCausalLM.from_pretrained(directory).eval(), pieces(text))


def main():
    torch.set_num_threads(1)  # sums have one order
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    make(out, SMALLEST, torch.bfloat16, words=1000)
    for f in out.glob("*/*"):
        if f.name not in ("config.json", "model.safetensors"):
            f.unlink()
    model, ids = build(SMALLEST).double(), pieces(out / "heldout.txt")
    models = [load_file(out / m / "model.safetensors") for m in ALL]
    for names in ("a", "b", "c", "bad", "a b", "b c", "a c", "a b c", "a b c bad"):
        c = [(m in names.split()) / len(names.split()) for m in ALL]
        model.load_state_dict(mean(models, c, torch.bfloat16))
        print(names, loss(model, ids))


if __name__ == "__main__":
    main()
