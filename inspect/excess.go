package inspect

import (
	"fmt"
	"strings"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// Excess is a reason why the files are larger than the model asks for.
type Excess struct {
	Code    string `json:"code"`
	Bytes   int64  `json:"bytes"` // that would be saved
	Message string `json:"message"`
}

// configTypes are the names of element types in config.json.
var configTypes = map[string]formats.DType{
	"float32": formats.F32, "float16": formats.F16, "bfloat16": formats.BF16, "float64": formats.F64,
}

func (r *Report) excess(code string, bytes int64, format string, args ...any) {
	if bytes > 0 {
		r.Excess = append(r.Excess, Excess{code, bytes, fmt.Sprintf(format, args...)})
	}
}

// findExcess lists what the files hold beyond the model in the type that its
// config names.
func (r *Report) findExcess(src *olmo.Source) {
	r.Excess = []Excess{}
	var unused, padding int64
	for _, c := range r.Containers {
		unused += c.UnusedBytes
		padding += c.PaddingBytes
	}
	r.excess("unused-bytes", unused, "bytes in the files that belong to no tensor")
	r.excess("padding", padding, "alignment and padding of headers")
	if r.Optimizer.Present {
		r.excess("optimizer", r.Optimizer.Bytes, "state of the optimizer, which only training needs")
	}
	if src.Config == nil {
		return
	}
	if b := r.tiedHead(src); b > 0 {
		r.excess("tied-head-copy", b, "the config says that the head is the embedding, and the file has both")
	}
	if d, ok := r.configType(); ok {
		var wider int64
		for _, t := range r.Tensors {
			if t.DType.IsFloat() && t.DType.BlockBytes() > d.BlockBytes() {
				wider += t.Bytes() - t.Elements()*d.BlockBytes()
			}
		}
		if wider > 0 {
			r.excess("wider-than-config", wider, "floats wider than the %s that the config names", d)
			r.note(formats.Info, "wider-than-config", src.Path, "the config names %s; tensors are wider, by %d bytes", d, wider)
		}
	}
}

// configType returns the element type that config.json names, in the spelling of
// transformers 4 or 5.
func (r *Report) configType() (formats.DType, bool) {
	for _, key := range []string{"torch_dtype", "dtype"} {
		v, _ := r.Config.Get(key)
		name, _ := v.(string)
		if d, ok := configTypes[strings.TrimPrefix(name, "torch.")]; ok {
			return d, true
		}
	}
	return formats.InvalidDType, false
}

// tiedHead returns the bytes of a head that the source has and its config does
// not ask for.
func (r *Report) tiedHead(src *olmo.Source) int64 {
	if !src.Config.TieWordEmbeddings {
		return 0
	}
	for _, f := range src.Findings {
		if f.Code != "tied-head" {
			continue
		}
		for _, t := range src.Tensors {
			if t.Name == f.Where {
				return t.Bytes()
			}
		}
	}
	return 0
}
