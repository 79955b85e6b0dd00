"""Writes gguf.json: what llama.cpp's convert_hf_to_gguf.py makes of the models in testdata/models.

    $OLMOTOOL_PEERS/venv/bin/python formats/olmo/testdata/gguf.py

For each case the key-values of the architecture in their order, and of every
tensor its name, type, shape and the start of the SHA-256 of its bytes.
"""
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent.parent
PEERS = pathlib.Path(os.environ.get("OLMOTOOL_PEERS") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "olmotool-peers")
sys.path.insert(0, str(TREE / "tools" / "peers"))

from converter import Converter  # noqa: E402

convert = Converter(PEERS)

from gguf import GGUFReader, GGUFValueType  # noqa: E402

CASES = [  # name, model, outtype, config.json to use instead, changes to it
    *((f"{m} {t}", m, t, None, {}) for m in ("olmo1", "olmo1-tied", "olmo2-gqa", "olmo2-mha", "olmo3") for t in ("bf16", "q8_0")),
    ("olmo2-mha f16", "olmo2-mha", "f16", None, {}),
    ("olmo3 transformers4", "olmo3", "bf16", "olmo3-transformers4.json", {}),
    ("olmo3 transformers4 theta", "olmo3", "bf16", "olmo3-transformers4.json", {"rope_theta": 20000}),
    ("olmo3 thetas", "olmo3", "bf16", None, {"rope_parameters": {
        "full_attention": {"rope_type": "default", "rope_theta": 20000}, "sliding_attention": {"rope_type": "default", "rope_theta": 30000}}}),
    ("olmo2-mha linear", "olmo2-mha", "bf16", None, {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}),
    ("olmo2-mha head_dim", "olmo2-mha", "bf16", None, {"head_dim": 8}),
]


def value(field):
    kind = field.types[0]
    if kind == GGUFValueType.ARRAY:
        return [f"[{field.types[1].name.lower()}]", field.contents()]
    return [kind.name.lower(), field.contents()]


def describe(path):
    reader = GGUFReader(path)
    arch = reader.fields["general.architecture"].contents()
    kvs = [[f.name, *value(f)] for f in reader.fields.values() if f.name.startswith(arch + ".") or f.name == "general.file_type"]
    tensors = [[t.name, t.tensor_type.name, [int(d) for d in reversed(t.shape)], hashlib.sha256(t.data.tobytes()).hexdigest()[:16]]
               for t in reader.tensors]
    return dict(kvs=kvs, tensors=tensors)


out = {}
with tempfile.TemporaryDirectory() as tmp:
    for name, model, outtype, config, changes in CASES:
        work = pathlib.Path(tmp) / model
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(TREE / "testdata" / "models" / model, work)
        if config:
            shutil.copyfile(TREE / "testdata" / "configs" / config, work / "config.json")
        c = json.loads((work / "config.json").read_text()) | changes
        (work / "config.json").write_text(json.dumps(c))
        convert(work, pathlib.Path(tmp) / "out.gguf", outtype, pretokenizer="dbrx")
        out[name] = dict(model=model, outtype=outtype, config=config or "", changes=changes, **describe(f"{tmp}/out.gguf"))
with open(HERE / "gguf.json", "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "\n}\n")
