package main

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/pflag"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/tokenizer"
	"olmotool/verify"
)

// defaultLength is how many tokens are made up, as long as nobody asks for more
// or less.
const defaultLength = 128

// tokensFlags choose the tokens that a model is run on.
type tokensFlags struct {
	given             bool // one of them was
	list, file        string
	seed              uint64
	length, sequences int
	allowLong         bool
}

func (f *tokensFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.list, "tokens", "", "run on these token `IDS`, as 1,2,3")
	fs.StringVar(&f.file, "tokens-file", "", "run on the token ids in `FILE`: one sequence a line, or safetensors with input_ids")
	fs.Uint64Var(&f.seed, "seed", 0, "make tokens up from this `SEED`")
	fs.IntVar(&f.length, "length", defaultLength, "make up sequences of `N` tokens")
	fs.IntVar(&f.sequences, "sequences", 1, "make up `N` sequences")
	fs.BoolVar(&f.allowLong, "allow-long-context", false, "run on more tokens than the model's context has")
}

// tokensSources are the flags of which one may be given; seed, length and
// sequences go together.
var tokensSources = []string{"tokens", "tokens-file", "seed", "length", "sequences"}

// check refuses flags that contradict each other; others are further sources of
// tokens.
func (f *tokensFlags) check(fs *pflag.FlagSet, others ...string) error {
	given, made := "", ""
	for _, name := range append(others, tokensSources...) {
		if !fs.Changed(name) {
			continue
		}
		kind := name
		if name == "seed" || name == "length" || name == "sequences" {
			kind = "made up"
		}
		if given != "" && kind != made {
			return usageError("found both --%s and --%s, expected one of them", given, name)
		}
		given, made = name, kind
	}
	if f.sequences < 1 || f.length < 1 {
		return usageError("--sequences, --length: found %d of %d, expected positive numbers", f.sequences, f.length)
	}
	f.given = given != ""
	return nil
}

// read returns the tokens for a model of this config.
func (f *tokensFlags) read(c *olmo.Config) (t verify.Tokens, err error) {
	switch {
	case f.list != "":
		if t, err = verify.ParseTokens(f.list, "--tokens"); err != nil {
			return t, usageError("%w", err)
		}
	case f.file != "":
		t, err = verify.OpenTokensFile(f.file)
	default:
		t, err = verify.RandomTokens(c.VocabSize, f.seed, f.sequences, f.length)
	}
	t.AllowLong = f.allowLong
	return t, err
}

// maxText is how much text is read: to score it would take weeks.
const maxText = 64 << 20

// readText reads a text from a file, or from stdin if its name is "-".
func readText(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		path = "stdin"
	} else {
		f, _, err := formats.OpenRegular(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		stdin = f
	}
	b, err := io.ReadAll(io.LimitReader(stdin, maxText+1))
	if err == nil && len(b) > maxText {
		err = formats.Errorf(path, "", "found more than %d bytes of text, expected at most that many", maxText)
	}
	return b, err
}

// openTokenizer reads the tokenizer of a model: of a directory, if that is asked
// for, else the one beside its weights or in its GGUF.
func openTokenizer(src *olmo.Source, dir string) (*tokenizer.Tokenizer, error) {
	beside := src.Beside
	if dir != "" {
		beside = olmo.Beside{Dir: dir}
	} else if len(src.KVs) > 0 {
		return tokenizer.ParseGGUF(src.KVs, src.Path)
	}
	b, err := beside.Read("tokenizer.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, formats.Errorf(cmp.Or(dir, src.Path), "", "found no tokenizer.json, expected one: it may be told with --tokenizer DIR")
	}
	if err != nil {
		return nil, err
	}
	return tokenizer.ParseJSON(b, filepath.Join(beside.Dir, "tokenizer.json"))
}

// encode returns the tokens of a text, which must have some, with the special
// tokens that the tokenizer puts around it.
func encode(t *tokenizer.Tokenizer, text []byte, from string) ([]int32, error) {
	ids, err := t.Encode(text, true)
	switch {
	case err != nil:
		return nil, formats.Errorf(from, "", "%w", err)
	case len(ids) == 0:
		return nil, formats.Errorf(from, "", "found no text, expected some")
	}
	return ids, nil
}
