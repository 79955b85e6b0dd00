package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// answers runs a command that may end in one of these codes; where there is no
// answer there is one error line, and in any case no internal error.
func answers(t *testing.T, codes []int, args ...string) {
	t.Helper()
	var out, errs strings.Builder
	code := execute(t.Context(), args, strings.NewReader(""), &out, &errs)
	msg := errs.String()
	if !slices.Contains(codes, code) || strings.Contains(msg, "internal error") || code == exitInput && strings.Count(msg, "error: ") != 1 {
		t.Errorf("%q: exit code %d, want one of %v; stderr %s", args, code, codes, msg)
	}
	if code != exitInput && !json.Valid([]byte(out.String())) {
		t.Errorf("%q: what it prints is no JSON: %.300s", args, out.String())
	}
}

// A golden file that is cut short is refused; one with a changed bit gives an
// answer or is refused.
func TestBrokenGolden(t *testing.T) {
	t.Chdir(t.TempDir())
	answers(t, []int{exitOK}, "logits", "random:tiny", "-o", "g.safetensors", "--tokens", "7", "--json")
	good, err := os.ReadFile("g.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	step := len(good) / 40
	for n := 0; n < len(good); n += step {
		files{"g.safetensors": string(good[:n])}.write(t)
		answers(t, []int{exitInput}, "verify", "random:tiny", "--golden", "g.safetensors")
		b := slices.Clone(good)
		b[n] ^= 1 << (n % 8)
		files{"g.safetensors": string(b)}.write(t)
		answers(t, []int{exitOK, exitNo, exitInput}, "verify", "random:tiny", "--golden", "g.safetensors", "--json")
		answers(t, []int{exitOK, exitInput}, "logits", "random:tiny", "-o", "out.safetensors", "--tokens-file", "g.safetensors", "--force", "--json")
	}
}

// A candidate with changed bits, of header, weights and config, gives an answer
// in valid JSON, NaN and all, or is refused. A changed weight is never accepted.
func TestBrokenCandidate(t *testing.T) {
	weights, config := fixture(t, "models", "olmo2-mha", "model.safetensors"), fixture(t, "models", "olmo2-mha", "config.json")
	t.Chdir(t.TempDir())
	files{"ref/config.json": config, "ref/model.safetensors": weights, "m/config.json": config, "m/model.safetensors": weights}.write(t)
	data := strings.Index(weights, "}}") + 16 // behind the header and its padding
	args := []string{"verify", "ref", "m", "--json", "--length", "4"}
	answers(t, []int{exitOK}, args...)
	for i := 0; i < len(weights); i += len(weights) / 60 {
		b := []byte(weights)
		b[i] ^= 0xff
		files{"m/model.safetensors": string(b)}.write(t)
		want := []int{exitNo}
		if i < data {
			want = []int{exitOK, exitNo, exitInput}
		}
		answers(t, want, args...)
	}
	files{"m/model.safetensors": weights}.write(t)
	for i := 0; i < len(config); i += len(config) / 60 {
		b := []byte(config)
		b[i] ^= 1
		files{"m/config.json": string(b)}.write(t)
		answers(t, []int{exitOK, exitNo, exitInput}, args...)
	}
}
