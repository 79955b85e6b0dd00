"""Unsharded checkpoints in all their forms: safetensors with pickled names, wrapped and grouped names, several files."""
import collections
import shutil

import torch

import official
from harness import load_safetensors, same_file, same_tensors, same_weights
from models import Shape

DOLMA2, OLMO1 = dict(eos=513, pad=533), dict(eos=539, pad=1, context=2048)
SHAPES = (
    Shape("unsharded-mha", hidden=32, **DOLMA2),
    Shape("unsharded-gqa", dtype="bf16", kv_heads=2, layers=4, **DOLMA2),
    Shape("unsharded-olmo1", "olmo", extra={"clip_qkv": 1.0}, **OLMO1),
    Shape("unsharded-olmo1-tied", "olmo", "bf16", extra={"tie_word_embeddings": True}, **OLMO1),
)
STRATEGIES = (("one_file_per_tensor",), ("chunks", 60_000))
IDS = torch.arange(1, 49)[None] * 7


class Unsharded:
    def __init__(self, h):
        self.h, self.dir = h, h.work / "unsharded"
        official.add_paths(h.peers)

    def check(self):
        for shape in SHAPES:
            source = self.h.source(shape, None)
            self.check_pickled_names(shape, source)
            self.check_names(shape, source)
            if shape.model_type == "olmo2":
                self.check_several_files(shape, source)
            self.h.forget(shape)

    def same_model(self, directory, source):
        assert self.h.digest(directory) == self.h.digest(source), "another digest"
        same_weights(self.h.convert(directory, self.dir / "back"), source)

    def check_pickled_names(self, shape, source):
        model, theirs, ours = self.h.model(shape), self.dir / "theirs", self.dir / "ours"

        def written(_):
            official.save_legacy(model, theirs, safetensors=True)
            self.h.convert(source, ours, "--to", "olmo-safetensors")
            same_file(ours / "model.safetensors", theirs / "model.safetensors")
            self.same_model(theirs, source)
            self.same_model(ours, source)

        def loaded(_):
            self.h.convert(source, ours, "--to", "olmo-safetensors")
            (ours / "model.pt").write_bytes(b"rubbish")  # which must not matter, to them and to us
            with official.stand_ins():
                from olmo.checkpoint import load_state_dict
                from olmo.config import TrainConfig
                state = load_state_dict(str(ours), "model.pt")
            same_tensors(state, official.legacy_state(model.config, model.state_dict()))
            legacy = official.legacy_model(TrainConfig.load(ours / "config.yaml")).to(model.dtype)
            legacy.load_state_dict(state, strict=True)
            self.same_model(ours, source)
            with torch.no_grad():
                reference = type(model)(model.config).eval()
                reference.load_state_dict(model.state_dict())
                torch.testing.assert_close(legacy.float()(IDS).logits, reference.float()(IDS).logits, rtol=1e-5, atol=1e-4)

        self.h.check("OLMo's safetensors", f"{shape.name} written", written)
        self.h.check("OLMo's safetensors", f"{shape.name} loaded", loaded)

    def check_names(self, shape, source):
        """OLMo loads a state dict with such names through _make_state_dict_compatible, or its wrappers took them away."""
        model = self.h.model(shape)
        plain = official.legacy_state(model.config, model.state_dict())
        config = official.legacy_config(model.config)

        def grouped():
            config.model.block_group_size = 2
            groups = official.legacy_model(config).to(model.dtype)
            state = {k: torch.zeros_like(v) for k, v in groups.state_dict().items()}
            for name in state:
                if name.startswith("transformer.block_groups."):
                    g, i, rest = name.removeprefix("transformer.block_groups.").split(".", 2)
                    state[name] = plain[f"transformer.blocks.{2 * int(g) + int(i)}.{rest}"]
                else:
                    state[name] = plain[name]
            config.model.block_group_size = 1
            return state

        def one_norm():
            return {k.replace(".attn_norm.", ".norm."): v for k, v in plain.items() if ".ff_norm." not in k}

        def renamed(f):
            return lambda: {f(k): v for k, v in plain.items()}

        variants = {
            "FSDP": (True, renamed(lambda k: "_fsdp_wrapped_module." + k.replace(".blocks.0.", ".blocks.0._fsdp_wrapped_module."))),
            "DDP": (False, renamed(lambda k: "module." + k)),
            "compiled": (False, renamed(lambda k: k.replace(".blocks.1.", ".blocks.1._orig_mod."))),
            "DDP, compiled": (False, renamed(lambda k: "module._orig_mod." + k)),
            "groups": (True, grouped),
            "buffers": (False, lambda: plain | {"transformer.blocks.0.rotary_emb.inv_freq": torch.zeros(4)}),
        }
        if shape.model_type != "olmo":
            variants["one norm"] = (True, one_norm)

        for name, (official_too, make) in variants.items():
            def body(_):
                state, directory = make(), self.dir / "variant"
                shutil.rmtree(directory, ignore_errors=True)
                directory.mkdir(parents=True)
                config.save(directory / "config.yaml")
                for kind in (dict, collections.OrderedDict):
                    torch.save(kind(state), directory / "model.pt")
                    got = load_safetensors(self.h.convert(directory, self.dir / "back"))
                    want = plain
                    if official_too:
                        want = official.legacy_model(config)._make_state_dict_compatible(dict(state))[0]
                    want = official.hf_from_legacy(model.config, want)
                    same_tensors(got, want)

            self.h.check("OLMo's names", f"{shape.name} {name}", body)

    def check_several_files(self, shape, source):
        model = self.h.model(shape)
        for strategy in STRATEGIES:
            for safetensors in (False, True):
                def body(_):
                    out = self.dir / "pieces"
                    official.save_core(model, out, safetensors, strategy)
                    assert len(list((out / "model").iterdir())) > 1 and not (out / "model.pt").exists()
                    self.same_model(out, source)
                    self.same_model(out / "model", source)

                self.h.check("OLMo-core's files", f"{shape.name} {strategy[0]} {'safetensors' if safetensors else 'pt'}", body)

        def old(_):
            out = self.dir / "old"
            official.save_core(model, out)
            state = {k.removeprefix("lm_head."): v for k, v in torch.load(out / "model.pt").items()}
            assert "w_out.weight" in state and "norm.weight" in state
            torch.save(state, out / "model.pt")
            self.same_model(out, source)

        self.h.check("OLMo-core's files", f"{shape.name} names before 1.7", old)
