"""The other layouts: there and back, and what the peers read in what olmotool wrote."""
import json
import pathlib
import shutil

import torch
import transformers

import official
from harness import load_safetensors, load_torch, same_file, same_tensors, same_weights, weights

HERE = pathlib.Path(__file__).resolve().parent
LAYOUTS = ("olmo", "hf-bin", "olmo-core-unsharded")
IDS = torch.arange(1, 49)[None] * 7


class Layouts:
    def __init__(self, h):
        self.h = h
        official.add_paths(h.peers)

    def expressible(self, shape, layout):
        """The legacy layout knows no sliding window; whether core is offered for OLMo 1 is olmotool's choice."""
        return not (shape.model_type == "olmo3" and layout == "olmo")

    def out(self, shape, layout):
        return self.h.work / "layouts" / shape.name / layout

    def write(self, shape, source, layout, *args):
        """The model in a layout, made once."""
        out = self.out(shape, layout + "".join(args))
        if not out.exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            self.h.convert(source, out, "--to", layout, *args)
        return out

    def check_round_trip(self, shape, source):
        """HF → layout → HF gives the weight files of the start; from_pretrained loads them; the logits are equal."""
        for layout in LAYOUTS:
            def body(_):
                shard = () if shape.shard == "5GB" else ("--max-shard-size", shape.shard)
                back = self.h.convert(self.write(shape, source, layout), self.out(shape, layout + "-back"), *shard)
                same_weights(back, source)
                self.same_logits(back, shape)
                shutil.rmtree(back)

            if self.expressible(shape, layout):
                self.h.check("round trip", f"{shape.name} {layout}", body)
            else:
                self.h.check("refused", f"{shape.name} {layout}", lambda _: self.refused(shape, source, layout))

    def refused(self, shape, source, layout):
        out = self.out(shape, layout)
        p = self.h.run("convert", source, out, "--to", layout, ok=(3,))
        assert p.stderr.strip().splitlines()[-1].startswith("error: ") and not out.exists()

    def same_logits(self, directory, shape):
        model, info = transformers.AutoModelForCausalLM.from_pretrained(directory, output_loading_info=True, dtype="auto")
        for k in ("missing_keys", "unexpected_keys", "mismatched_keys"):
            assert not info[k], f"from_pretrained: {k} {list(info[k])[:3]}"
        want = self.h.model(shape)
        assert model.dtype == want.dtype, f"from_pretrained: {model.dtype}, want {want.dtype}"
        with torch.no_grad():
            a, b = model.eval()(IDS).logits, want(IDS).logits
        assert torch.equal(a, b), f"logits differ by up to {(a - b).abs().max()}"

    def check_torch_load(self, shape, source):
        """torch.load(weights_only=True, mmap=True) reads every file written, with the tensors that belong there."""
        state = self.h.model(shape).state_dict()
        config = self.h.model(shape).config
        for layout, want in (("hf-bin", lambda: untied(config, state)),
                             ("olmo", lambda: official.legacy_state(config, state)),
                             ("olmo-core-unsharded", lambda: official.core_state(state))):
            def body(_):
                got = {}
                for f in weights(self.write(shape, source, layout)):
                    if f.endswith((".pt", ".bin")):
                        got |= load_torch(self.out(shape, layout) / f)
                same_tensors(got, want())

            if self.expressible(shape, layout) and not (shape.model_type == "olmo" and "core" in layout):
                self.h.check("torch.load", f"{shape.name} {layout}", body)

    def check_training_code(self, shape, source):
        """OLMo and OLMo-core build their own model from the configuration that olmotool wrote, load the weights
        strictly, and compute the logits of the HF model (in f32)."""
        def reference():
            model = self.h.model(shape)
            f32 = type(model)(model.config).eval()
            f32.load_state_dict(model.state_dict())
            return f32.float()(IDS).logits

        def olmo(_):
            out = self.write(shape, source, "olmo")
            with official.stand_ins():
                from olmo.config import TrainConfig
            model = official.legacy_model(TrainConfig.load(out / "config.yaml"))
            model.load_state_dict(load_torch(out / "model.pt"), strict=True)
            close(model.float()(IDS).logits, reference())

        def core(_):
            out = self.write(shape, source, "olmo-core-unsharded")
            with official.stand_ins():
                from olmo_core.nn.transformer import TransformerConfig
            config = json.loads((out / "config.json").read_text())
            model = TransformerConfig.from_dict(config["model"]).build(init_device="cpu").eval()
            model.load_state_dict(load_torch(out / "model.pt"), strict=True)
            close(model.float()(IDS), reference())

        with torch.no_grad():
            if self.expressible(shape, "olmo"):
                self.h.check("OLMo runs it", shape.name, olmo)
            if shape.model_type != "olmo":
                self.h.check("OLMo-core runs it", shape.name, core)

    def check_official_bytes(self, shape, source):
        """The weight files that the official writers make of the same model. Only noted where they differ:
        order and container are those writers' habit, the tensors were compared above."""
        model = self.h.model(shape)
        there = self.out(shape, "official")
        there.mkdir(parents=True, exist_ok=True)

        def body(make, layout, *args):
            def run(note):
                ours = self.write(shape, source, layout, *args)
                make()
                for f in weights(there / layout):
                    try:
                        same_file(ours / f, there / layout / f)
                    except AssertionError as e:
                        note(f"{e} (ours, theirs)")
                shutil.rmtree(there / layout)
            return run

        shard = () if shape.shard == "5GB" else ("--max-shard-size", shape.shard)
        self.h.check("official bytes", f"{shape.name} hf-bin", body(lambda: self.h.peer(
            HERE / "save_bin.py", source, there / "hf-bin", shape.shard, path=[self.h.peers / "transformers4"]), "hf-bin", *shard))
        if self.expressible(shape, "olmo"):
            self.h.check("official bytes", f"{shape.name} olmo",
                         body(lambda: official.save_legacy(model, there / "olmo"), "olmo"))
        if shape.model_type == "olmo2" and not shape.extra.get("tie_word_embeddings"):
            self.h.check("official bytes", f"{shape.name} core model.pt",
                         body(lambda: official.save_core(model, there / "olmo-core-unsharded"), "olmo-core-unsharded"))
            self.h.check("official bytes", f"{shape.name} core model.safetensors",
                         body(lambda: official.save_core(model, there / "olmo-core-unsharded", True),
                              "olmo-core-unsharded", "--container", "safetensors"))

    def check_official_script(self, shape, source):
        """A legacy model.pt by OLMo itself, converted by allenai's script and by olmotool: the same tensors.
        And the script converts what olmotool wrote, to the HF file of the start."""
        name = "convert_olmo_to_hf_new.py" if shape.model_type == "olmo" else "convert_olmo2_to_hf.py"
        script = self.h.peers / name

        def convert(src, dst):
            args = ["--safe_serialization", "1"] if shape.model_type == "olmo" else []
            self.h.peer(script, "--input_dir", src, "--output_dir", dst, "--no_tokenizer", *args,
                        path=[self.h.peers / "transformers4"])
            return load_safetensors(dst)

        def restated(src, _):
            return official.hf_from_legacy(self.h.model(shape).config, load_torch(src / "model.pt"))

        def body(note):
            how = convert if script.exists() else restated
            if how is restated:
                note(f"{name} is not there: its mapping restated")
            legacy = self.out(shape, "legacy")
            official.save_legacy(self.h.model(shape), legacy)
            want = how(legacy, self.out(shape, "legacy-script"))
            if not script.exists():
                want = untied(self.h.model(shape).config, want)
            same_tensors(load_safetensors(self.h.convert(legacy, self.out(shape, "legacy-ours"))), want)
            same_tensors(how(self.write(shape, source, "olmo"), self.out(shape, "ours-script")), want)

        if shape.model_type != "olmo3" and shape.dtype == "f32":  # the script widens to f32
            self.h.check("official script", shape.name, body)

    def check_digest(self, shape, source):
        """One digest in all layouts, and from docs/digest.py."""
        def same(layout, *args):
            def body(_):
                got, want = self.h.digest(self.write(shape, source, layout, *args)), self.h.digest(source)
                assert got == want, f"{got}, want {want}"
            return body

        def gguf(src, *args):
            def body(_):
                out = self.h.convert(src(), self.out(shape, "digest.gguf"), "--verify", *args)
                got, want = self.h.digest(out), self.h.digest(source)
                out.unlink()
                assert got == want, f"{got}, want {want}"
            return body

        def script(_):
            got = self.h.peer(self.h.tree / "docs" / "digest.py", *sorted(source.glob("*.safetensors"))).strip()
            want = self.h.digest(source)
            assert got == want, f"{got}, want {want}"

        self.out(shape, "").mkdir(parents=True, exist_ok=True)
        for layout in LAYOUTS:
            if self.expressible(shape, layout):
                self.h.check("digest", f"{shape.name} {layout}", same(layout))
                self.h.check("digest", f"{shape.name} {layout} → gguf",
                             gguf(lambda: self.write(shape, source, layout), "--tokenizer", source))
        self.h.check("digest", f"{shape.name} gguf", gguf(lambda: source))
        self.h.check("digest", f"{shape.name} digest.py", script)

    def done(self, shape):
        shutil.rmtree(self.h.work / "layouts" / shape.name, ignore_errors=True)


def close(got, want):
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


def untied(config, state):
    """A state dict as it is saved: without the head that is the embedding."""
    return {k: v for k, v in state.items() if not (config.tie_word_embeddings and k == "lm_head.weight")}
