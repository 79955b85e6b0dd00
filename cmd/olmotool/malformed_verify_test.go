package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// goldenCases are recorded logits that cannot be a model's. random:tiny has a
// vocabulary of 576.
func goldenCases() []malformed {
	const vocab = 576
	ids := func(n ...uint64) (b string) {
		for _, id := range n {
			b += string(le64(id))
		}
		return b
	}
	row := strings.Repeat("\x00", 4*vocab)
	entry := func(name, dtype, shape string, lo, hi int) string {
		return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, lo, hi)
	}
	of := func(name, content, want string) malformed {
		c := file(name, "g.safetensors", content, want)
		c.command = []string{"verify", "random:tiny", "--golden", "g.safetensors"}
		return c
	}
	// both is a file of two tensors.
	both := func(name, idType, idShape, idData, type_, shape, data, want string) malformed {
		n := len(idData)
		return of(name, safetensor("{"+entry("input_ids", idType, idShape, 0, n)+","+entry("logits", type_, shape, n, n+len(data))+"}", idData+data), want)
	}
	float := func(x float32) string { return string(le64(uint64(math.Float32bits(x)))[:4]) }
	return []malformed{
		of("not safetensors", "<html>", ``),
		of("cut short", safetensor("{"+entry("input_ids", "I64", "[1]", 0, 8)+"}", "1234"), `data: found 4 bytes`),
		of("no token ids", safetensor("{"+entry("logits", "F32", "[1,576]", 0, 4*vocab)+"}", row), `found no tensor "input_ids"`),
		of("no logits", safetensor("{"+entry("input_ids", "I64", "[1]", 0, 8)+"}", ids(1)), `found no tensor "logits"`),
		both("ids of floats", "F64", "[1]", ids(1), "F32", "[1,576]", row, `tensor "input_ids": found F64, expected I64 or I32`),
		both("ids of three dimensions", "I64", "[1,1,1]", ids(1), "F32", "[1,1,1,576]", row, `tensor "input_ids": found shape \[1 1 1\]`),
		both("ids of no dimension", "I64", "[]", ids(1), "F32", "[576]", row, `tensor "input_ids": found shape \[\]`),
		both("no ids", "I64", "[0]", "", "F32", "[0,576]", "", `tensor "input_ids": found shape \[0\]`),
		both("id that is negative", "I64", "[1]", ids(math.MaxUint64), "F32", "[1,576]", row, `tensor "input_ids": element 0: found -1`),
		both("id beyond 2^31", "I64", "[1]", ids(1<<40), "F32", "[1,576]", row, `tensor "input_ids": element 0: found 1099511627776`),
		both("id beyond the vocabulary", "I64", "[1]", ids(vocab), "F32", "[1,576]", row, `found token 576, expected 0 to 575`),
		both("logits of integers", "I64", "[1]", ids(1), "I32", "[1,576]", row, `tensor "logits": found I32, expected F32, F64, BF16 or F16`),
		both("logits of two tokens", "I64", "[1]", ids(1), "F32", "[2,288]", row, `tensor "logits": found shape \[2 288\], expected that of input_ids, \[1\], and the vocabulary`),
		both("logits without a vocabulary", "I64", "[1]", ids(1), "F32", "[1]", float(1), `tensor "logits": found shape \[1\]`),
		both("another vocabulary", "I64", "[2]", ids(1, 2), "F32", "[2,288]", row, `tensor "logits": found a vocabulary of 288, expected 576`),
		both("NaN", "I64", "[1]", ids(1), "F32", "[1,576]", row[4:]+float(float32(math.NaN())), `tensor "logits": sequence 0, position 0, token 575: found NaN`),
		both("infinity", "I64", "[1]", ids(1), "F32", "[1,576]", float(float32(math.Inf(-1)))+row[4:], `tensor "logits": sequence 0, position 0, token 0: found -Inf`),
	}
}

// le64 is a number as its eight bytes.
func le64(x uint64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(x >> (8 * i))
	}
	return b
}

// tokensCases are lists of token ids that are none.
func tokensCases() []malformed {
	of := func(name, content, want string) malformed {
		c := file(name, "ids.txt", content, want)
		c.command = []string{"logits", "random:tiny", "-o", "out.safetensors", "--tokens-file", "ids.txt"}
		return c
	}
	return []malformed{
		of("empty", "", `found no tokens`),
		of("white space", " \n\t\n", `found no tokens`),
		of("words", "1 2\none two\n", `line 2, column 1: found 'o'`),
		of("negative number", "1,-2", `line 1, column 3: found '-'`),
		of("number with a fraction", "1.5", `line 1, column 2: found '\.'`),
		of("two commas", "1,,2", `line 1, column 3: found ','`),
		of("JSON", "[1,2]", `line 1, column 1: found '\['`),
		of("number beyond 2^31", "1\n22222222222222222222", `line 2, column 1: found a number beyond`),
		of("id beyond the vocabulary", "1 575\n2 576", `sequence 1: position 1: found token 576, expected 0 to 575`),
		of("sequences of different lengths", "1 2\n3", `sequence 1: found 1 tokens, expected 2`),
		of("longer than the context", strings.Repeat("1 ", 257), `.*257.*256`),
		of("NUL bytes", "1\x00\x00", `found '\\x00'`),
		of("safetensors without ids", safetensor(`{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, "12345678"), `found no tensor "input_ids"`),
	}
}

// textCases are texts that cannot be scored, and models that cannot read text.
func textCases(t *testing.T) []malformed {
	model := files{
		"m/config.json": fixture(t, "models", "olmo2-mha", "config.json"), "m/model.safetensors": fixture(t, "models", "olmo2-mha", "model.safetensors"),
	}
	tokenizer := fixture(t, "models", "olmo2-mha", "tokenizer.json")
	of := func(name, path, text, tokenizer, want string) malformed {
		c := malformed{name: name, path: path, want: want, files: files{"text.txt": text}, command: []string{"verify", "m", "m", "--text", "text.txt"}}
		for name, content := range model {
			c.files[name] = content
		}
		if tokenizer != "" {
			c.files["m/tokenizer.json"] = tokenizer
		}
		return c
	}
	return []malformed{
		of("no tokenizer", "m", "text", "", `found no tokenizer.json, expected one`),
		of("tokenizer that is no JSON", "m/tokenizer.json", "text", "<html>", ``),
		of("tokenizer of another kind", "m/tokenizer.json", "text", strings.Replace(tokenizer, `"BPE"`, `"WordPiece"`, 1), `WordPiece`),
		of("empty text", "text.txt", "", tokenizer, `found no text, expected some`),
		of("text of one token", "text.txt", "a", tokenizer, `found 1 tokens, expected at least 1024`),
		of("text that is no UTF-8", "text.txt", "gr\xfc\xdfe", tokenizer, `UTF-8`),
	}
}
