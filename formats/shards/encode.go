package shards

import (
	"fmt"

	"olmotool/formats"
	"olmotool/internal/ordjson"
)

// NewIndex returns the index of shards that are written under the names that
// [Name] gives them.
func NewIndex(prefix, ext string, shards [][]formats.Tensor) (*Index, error) {
	x := new(Index)
	for i, shard := range shards {
		file := Name(prefix, ext, i+1, len(shards))
		for _, t := range shard {
			x.WeightMap = append(x.WeightMap, Entry{t.Name, file})
			var err error
			if x.TotalSize, err = formats.AddChecked(x.TotalSize, t.Bytes()); err != nil {
				return nil, fmt.Errorf("total size: %w", err)
			}
			if x.TotalParameters, err = formats.AddChecked(x.TotalParameters, t.Elements()); err != nil {
				return nil, fmt.Errorf("total parameters: %w", err)
			}
		}
	}
	return x, nil
}

// EncodeIndex returns the bytes of an index as save_pretrained of transformers
// writes them: sorted keys, two spaces of indentation, a newline at the end.
// A total that is 0 is left out, as older releases left out total_parameters.
func EncodeIndex(x *Index) ([]byte, error) {
	var doc, metadata, weights ordjson.Object
	for _, e := range x.WeightMap {
		if _, ok := weights.Get(e.Tensor); ok {
			return nil, fmt.Errorf("tensor %.120q: found twice, expected each name once", e.Tensor)
		}
		weights.Set(e.Tensor, e.File)
	}
	if x.TotalParameters != 0 {
		metadata.Set("total_parameters", x.TotalParameters)
	}
	if x.TotalSize != 0 {
		metadata.Set("total_size", x.TotalSize)
	}
	doc.Set("metadata", &metadata)
	doc.Set("weight_map", &weights)
	out, err := ordjson.Encode(&doc, ordjson.Options{Indent: 2, SortKeys: true, ASCII: true})
	return append(out, '\n'), err
}
