package inspect

import "olmotool/formats/olmo"

// shape is what tells the published models apart.
type shape struct {
	model                                   string
	hidden, layers, heads, kv, intermediate int64
}

// releases are the published models, by their config.json. The releases of OLMo
// 1 of 7B, 0424 and 0724, have one shape; so have those of 1B.
var releases = map[shape]string{
	{olmo.OLMo1, 2048, 16, 16, 16, 8192}:  "OLMo 1B",
	{olmo.OLMo1, 4096, 32, 32, 32, 11008}: "OLMo 7B",
	{olmo.OLMo2, 2048, 16, 16, 16, 8192}:  "OLMo 2 1B",
	{olmo.OLMo2, 4096, 32, 32, 32, 11008}: "OLMo 2 7B",
	{olmo.OLMo2, 5120, 40, 40, 40, 13824}: "OLMo 2 13B",
	{olmo.OLMo2, 5120, 64, 40, 8, 27648}:  "OLMo 2 32B",
	{olmo.OLMo3, 4096, 32, 32, 32, 11008}: "OLMo 3 7B",
	{olmo.OLMo3, 5120, 64, 40, 8, 27648}:  "OLMo 3 32B",
}

// release names the published model of this shape. The vocabulary may be another:
// it is padded in some files of a model and not in others.
func release(c *olmo.Config) string {
	return releases[shape{c.ModelType, c.HiddenSize, c.NumHiddenLayers, c.NumAttentionHeads, c.NumKeyValueHeads, c.IntermediateSize}]
}
