package ggufmeta

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"

	"olmotool/formats"
	"olmotool/formats/gguf"
	"olmotool/internal/ordjson"
)

// sampling lists the recommended sampler settings in the order of their
// records: the key of the record, its type, and the members of
// generation_config.json that hold it, the first that is there.
var sampling = []struct {
	key     string
	kind    samplingKind
	members []string
}{
	{"general.sampling.sequence", samplingText, []string{"sequence"}},
	{"general.sampling.top_k", samplingInt, []string{"top_k"}},
	{"general.sampling.top_p", samplingFloat, []string{"top_p"}},
	{"general.sampling.min_p", samplingFloat, []string{"min_p"}},
	{"general.sampling.xtc_probability", samplingFloat, []string{"xtc_probability"}},
	{"general.sampling.xtc_threshold", samplingFloat, []string{"xtc_threshold"}},
	{"general.sampling.temp", samplingFloat, []string{"temperature"}},
	{"general.sampling.penalty_last_n", samplingInt, []string{"penalty_last_n"}},
	{"general.sampling.penalty_repeat", samplingFloat, []string{"penalty_repeat", "repetition_penalty"}},
	{"general.sampling.mirostat", samplingInt, []string{"mirostat"}},
	{"general.sampling.mirostat_tau", samplingFloat, []string{"mirostat_tau"}},
	{"general.sampling.mirostat_eta", samplingFloat, []string{"mirostat_eta"}},
}

type samplingKind int

const (
	samplingText samplingKind = iota
	samplingInt
	samplingFloat
)

// addSampling uses generation_config.json. A file that is not JSON at all counts
// as absent, because some models have such a file.
func (m metadata) addSampling(src Source) error {
	const name = "generation_config.json"
	data, err := src.read(name)
	if err != nil || !json.Valid(data) || bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return err
	}
	config, err := parseObject(src.path(name), data)
	if err != nil {
		return err
	}
	for _, s := range sampling {
		for _, member := range s.members {
			if v, ok := config.Get(member); ok {
				m[s.key] = value{v, src.path(name), member}
				break
			}
		}
	}
	return nil
}

// samplingRecord turns a setting into its record; ok is false if there is none
// to write.
func samplingRecord(key string, kind samplingKind, v value) (kv gguf.KV, ok bool, err error) {
	if v.v == nil {
		return kv, false, nil
	}
	if b, isBool := v.v.(bool); isBool && kind != samplingText {
		v.v = json.Number("0") // Python's bool is a number
		if b {
			v.v = json.Number("1")
		}
	}
	n, isNumber := v.v.(json.Number)
	switch kind {
	case samplingText:
		return textRecord(key, v)
	case samplingInt:
		if isNumber && !isFloat(n) {
			if i, err := ordjson.Int(n); err == nil && i == int64(int32(i)) {
				return gguf.KV{Key: key, Value: int32(i)}, true, nil
			}
		}
		return kv, false, formats.Errorf(v.file, v.place, "found %s, expected an integer of 32 bits", describe(v.v))
	default:
		if isNumber {
			if f, err := ordjson.Float(n); err == nil && !math.IsInf(float64(float32(f)), 0) {
				return gguf.KV{Key: key, Value: float32(f)}, true, nil
			}
		}
		return kv, false, formats.Errorf(v.file, v.place, "found %s, expected a number of float32's range", describe(v.v))
	}
}

// isFloat reports whether Python would read a number of JSON as a float.
func isFloat(n json.Number) bool { return strings.ContainsAny(string(n), ".eE") }
