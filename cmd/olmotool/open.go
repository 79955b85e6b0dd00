package main

import (
	"context"
	"path/filepath"

	"olmotool/formats/olmo"
	"olmotool/soup"
	"olmotool/soup/recipe"
)

// openSource opens a checkpoint; from is the value of --from.
func openSource(path, from string) (*olmo.Source, error) {
	if from != "" && !olmo.IsLayout(from) {
		return nil, usageError("--from: found %q, expected a layout that inspect reports", from)
	}
	return olmo.Open(path, from)
}

// openModel is openSource, where a recipe of mergekit may stand for the model
// that it makes: nothing is written for it.
func openModel(ctx context.Context, path, from string) (*olmo.Source, error) {
	if ext := filepath.Ext(path); ext != ".yml" && ext != ".yaml" {
		return openSource(path, from)
	}
	f, err := recipe.Read(path)
	if err != nil {
		return nil, err
	}
	return f.Open(ctx, soup.Options{})
}
