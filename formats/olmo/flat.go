package olmo

import (
	"fmt"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// openState opens a file of torch that should hold one dict of tensors, or one
// tensor; findings tell of what else is in it.
func openState(path string) (*torch.File, error) {
	f, err := torch.OpenFile(path)
	if err != nil {
		return nil, err
	}
	if len(f.Tensors) == 1 && f.Tensors[0].Name == "" {
		return f, nil
	}
	more, err := unflat(f, path)
	if err != nil {
		_ = f.Close() // err is what matters
		return nil, err
	}
	f.Findings = append(f.Findings, more...)
	return f, nil
}

// unflat tells of what a list of tensors cannot hold of the object that torch
// saved: values that are not tensors, and any shape but that of one dict.
func unflat(f *torch.File, path string) ([]formats.Finding, error) {
	leaves := 0
	_, flat := f.Root.(*torch.Dict)
	err := torch.Leaves(f.Root, func(at []torch.Value, _ torch.Value) error {
		leaves++
		flat = flat && len(at) == 1
		return nil
	})
	if err != nil {
		return nil, formats.Errorf(path, "", "%w", err)
	}
	var fs []formats.Finding
	add := func(code, format string, args ...any) {
		fs = append(fs, formats.Finding{Severity: formats.Warning, Code: code, Where: path, Message: fmt.Sprintf(format, args...)})
	}
	if n := leaves - len(f.Tensors); n > 0 {
		add("not-tensors", "found %d values that are no tensors: they are not read, and no conversion keeps them", n)
	}
	if !flat {
		add("not-flat", "found an object that is not one dict of tensors: tensors are named by the keys that lead to them, joined with dots")
	}
	return fs, nil
}
