// Command tokenize prints the token ids of texts, for the comparison with the
// tokenizers library:
//
//	tokenize FILE < TEXTS
//
// FILE is a tokenizer.json or a GGUF, TEXTS has a JSON string in each line. For
// each it prints a line of ids, with the special tokens that belong around it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"olmotool/formats/gguf"
	"olmotool/formats/tokenizer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tokenize FILE < TEXTS")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	t, err := open(path)
	if err != nil {
		return err
	}
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), bufio.NewWriter(os.Stdout)
	for in.More() {
		var text string
		if err := in.Decode(&text); err != nil {
			return err
		}
		ids, err := t.Encode([]byte(text), true)
		if err != nil {
			return err
		}
		var line []byte
		for _, id := range ids {
			line = append(strconv.AppendInt(line, int64(id), 10), ' ')
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

func open(path string) (*tokenizer.Tokenizer, error) {
	if strings.HasSuffix(path, ".gguf") {
		f, err := gguf.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return tokenizer.ParseGGUF(f.KVs, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return tokenizer.ParseJSON(data, path)
}
