package main

import (
	"context"
	"path/filepath"

	"olmotool/formats/olmo"
	"olmotool/soup"
	"olmotool/soup/recipe"
)

// openSource opens a checkpoint; from is the value of --from. A recipe of mergekit
// stands for the model that it makes, which is written nowhere.
func openSource(ctx context.Context, path, from string) (*olmo.Source, error) {
	if from != "" && !olmo.IsLayout(from) {
		return nil, usageError("--from: found %q, expected a layout that inspect reports", from)
	}
	if ext := filepath.Ext(path); from != "" || ext != ".yml" && ext != ".yaml" {
		return olmo.Open(path, from)
	}
	f, err := recipe.Read(path)
	if err != nil {
		return nil, err
	}
	return f.Open(ctx, soup.Options{})
}
