package convert

import (
	"errors"
	"strings"
	"testing"

	"olmotool/formats"
	"olmotool/internal/stream"
)

// The forward pass of what was written is run before it is put in place, and a
// wrong bit is found.
func TestProveForward(t *testing.T) {
	for _, o := range []Options{{To: "hf"}, {To: "olmo", DType: "f16"}, {To: "gguf", DType: "q8_0", PreTokenizer: "dbrx"}} {
		for _, faulty := range []bool{false, true} {
			c := planned(t, "../testdata/models/olmo2-mha", o)
			if faulty {
				s := c.segment(t)
				s.Data = flipped{s.Data.(formats.Data)}
			}
			out, err := c.create()
			if err != nil {
				t.Fatal(err)
			}
			defer out.Abort()
			if _, err := stream.Write(t.Context(), out, c.plan.Files, stream.Options{Threads: 2}); err != nil {
				t.Fatal(err)
			}
			err = c.proveForward(t.Context(), out)
			var not *VerifyError
			switch {
			case faulty && (!errors.As(err, &not) || !strings.Contains(err.Error(), ": forward pass: ")):
				t.Errorf("%s: a wrong bit gave %v", o.To, err)
			case faulty && c.result.Forward != nil:
				t.Errorf("%s: a wrong bit was proven", o.To)
			case !faulty && err != nil:
				t.Errorf("%s: %v", o.To, err)
			case !faulty && (c.result.Forward == nil || c.result.Forward.Forward.Tokens == 0):
				t.Errorf("%s: nothing was run", o.To)
			}
		}
	}
}

// A layout without a config cannot be run, and is refused before anything is
// written.
func TestVerifyForwardLayout(t *testing.T) {
	for _, dst := range []string{"x.safetensors", "x.pt"} {
		_, err := Run(t.Context(), Options{Src: "random:tiny", Dst: t.TempDir() + "/" + dst, VerifyForward: true})
		var usage *UsageError
		if !errors.As(err, &usage) {
			t.Errorf("%s: %v", dst, err)
		}
	}
}
