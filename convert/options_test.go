package convert

import (
	"errors"
	"testing"

	"olmotool/formats"
)

func TestLayoutOf(t *testing.T) {
	for dst, want := range map[string]string{
		"a.gguf": "gguf", "A.GGUF": "gguf", "a.safetensors": "safetensors", "a.pt": "torch", "a.pth": "torch", "a.bin": "torch",
		"a": "hf", "a/": "hf", "OLMo-2-1124-7B": "hf", "dir.gguf/a": "hf", "a.gguf/": "hf", "v1.5": "hf",
	} {
		if got := layoutOf(dst); got != want {
			t.Errorf("%s: found %s, want %s", dst, got, want)
		}
	}
}

func TestParseDType(t *testing.T) {
	for s, want := range map[string]formats.DType{
		"": formats.InvalidDType, "keep": formats.InvalidDType, "Keep": formats.InvalidDType, "f32": formats.F32, "F16": formats.F16, "BF16": formats.BF16, "q8_0": formats.Q8_0, "Q8_0": formats.Q8_0,
	} {
		if got, err := parseDType(s); err != nil || got != want {
			t.Errorf("%s: found %v, %v, want %v", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"q4_k_m": "--dtype: found q4_k_m, expected q8_0, which is all that this version quantises to",
		"f8":     `--dtype: found "f8", expected keep, f32, f16, bf16 or q8_0`,
		"f64":    `--dtype: found "f64", expected keep, f32, f16, bf16 or q8_0`,
	} {
		var ue *UsageError
		if _, err := parseDType(s); !errors.As(err, &ue) || err.Error() != want {
			t.Errorf("%s: found %v, want %s", s, err, want)
		}
	}
}

// Every option that means something in some layouts alone is refused in others.
func TestMisplaced(t *testing.T) {
	for flag, o := range map[string]Options{
		"--max-shard-size": {To: "gguf", MaxShard: 1}, "--container": {To: "hf", Container: "torch"}, "--tokenizer": {To: "torch", TokenizerDir: "."},
		"--split-max-size": {To: "hf", SplitMaxBytes: 1}, "--split-max-tensors": {To: "hf", SplitMaxTensors: 1}, "--model-name": {To: "hf", ModelName: "x"},
		"--metadata": {To: "hf", MetadataFile: "x"}, "--pretokenizer": {To: "hf", PreTokenizer: "x"}, "--set": {To: "hf", Set: []string{"a=b"}}, "--unset": {To: "hf", Unset: []string{"a"}},
	} {
		o.Dst = "x"
		var ue *UsageError
		if _, err := o.settle(); !errors.As(err, &ue) || len(err.Error()) < len(flag) || err.Error()[:len(flag)+1] != flag+":" {
			t.Errorf("%s: found %v", flag, err)
		}
	}
	ok := Options{Dst: "x", MaxShard: 5}
	if _, err := ok.settle(); err != nil || ok.To != "hf" || ok.MaxShard != 5 {
		t.Errorf("found %v, %+v", err, ok)
	}
	def := Options{Dst: "x.gguf"}
	if _, err := def.settle(); err != nil || def.To != "gguf" || def.MaxShard != DefaultMaxShard {
		t.Errorf("found %v, %+v", err, def)
	}
	for _, bad := range []Options{{Dst: "x", MaxShard: -1}, {Dst: "x.gguf", SplitMaxBytes: -1}, {Dst: "x.gguf", SplitMaxTensors: -1}, {Dst: "x", DType: "q8_0"}} {
		if _, err := bad.settle(); err == nil {
			t.Errorf("%+v: accepted", bad)
		}
	}
}
