#!/usr/bin/env python3
"""Makes dolma2-tiny and olmo1-tiny from the tokenizers of the released models.

    python3 make.py DIR    (DIR holds allenai_dolma2.json.gz and allenai_gpt-neox-olmo-dolma-v1_5.json.gz,
                            the tokenizer.json files of allenai/OLMo, Apache-2.0)

Needs Python 3.9 or newer and nothing else. A tiny tokenizer keeps the structure
of the real one (normalizer, pre-tokenizer, decoder), its first RANKS byte-level
ranks, the merges whose parts and result are among them, and all its added
tokens: those that stand before the ranks stay there, the others get the ids
after them.
"""
import gzip
import json
import pathlib
import sys

RANKS = 512


def write(path, value, **kw):
    path.write_text(json.dumps(value, ensure_ascii=False, **kw) + "\n", encoding="utf-8")


def trim(src):
    tok = json.loads(gzip.decompress(src.read_bytes()))
    model = tok["model"]
    added = {t["content"] for t in tok["added_tokens"]}
    order = sorted(model["vocab"], key=model["vocab"].get)
    first = 0  # added tokens before the ranks
    while order[first] in added:
        first += 1
    kept = order[:first] + [t for t in order if t not in added][:RANKS]
    kept += [t["content"] for t in sorted(tok["added_tokens"], key=lambda t: t["id"]) if t["content"] not in kept]
    model["vocab"] = {t: i for i, t in enumerate(kept)}
    for t in tok["added_tokens"]:
        t["id"] = model["vocab"][t["content"]]
    model["merges"] = [m for m in model["merges"]
                       if all(x in model["vocab"] for x in (*m.split(" "), m.replace(" ", "")))]
    return tok


def special(content):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}


def main():
    src, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).resolve().parent
    for name, file, klass, eos, pad, limit, template in (
        ("dolma2-tiny", "allenai_dolma2.json.gz", "GPT2Tokenizer", "<|endoftext|>", "<|pad|>", 8192,
         "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '\\n' }}"
         "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"),
        ("olmo1-tiny", "allenai_gpt-neox-olmo-dolma-v1_5.json.gz", "GPTNeoXTokenizer", "<|endoftext|>", "<|padding|>", 2048,
         None),
    ):
        tok, out = trim(src / file), here / name
        out.mkdir(exist_ok=True)
        vocab = tok["model"]["vocab"]
        write(out / "tokenizer.json", tok, separators=(",", ":"))
        names = {"bos_token": eos, "eos_token": eos, "pad_token": pad, "unk_token": eos}
        if name == "olmo1-tiny":
            del names["bos_token"], names["unk_token"]
        write(out / "special_tokens_map.json", {k: special(v) for k, v in names.items()}, indent=2)
        config = {"add_prefix_space": False, **names, "clean_up_tokenization_spaces": False,
                  "model_max_length": limit, "tokenizer_class": klass}
        if template:
            config["chat_template"] = template
        write(out / "tokenizer_config.json", config, indent=2)
        write(out / "generation_config.json",
              {"_from_model_config": True, "eos_token_id": vocab[eos], "pad_token_id": vocab[pad],
               "transformers_version": "4.47.0"}, indent=2)
        print(name, len(vocab), "tokens,", len(tok["model"]["merges"]), "merges,", eos, vocab[eos], pad, vocab[pad])


main()
