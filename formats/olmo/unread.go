package olmo

// unread are layouts that are recognised so that a message can name them.
var unread = []*layout{
	{
		name:  "olmo-sharded-legacy",
		doc:   "legacy sharded: config.yaml, rank0.pt …",
		match: func(d *dir) bool { return d.has("config.yaml") && d.has("rank0.pt") && !d.isHF() },
	},
	{
		name:  "olmo-sharded-local",
		doc:   "legacy sharded: metadata.yaml, model/rank0.pt …",
		match: func(d *dir) bool { return d.has("metadata.yaml") && d.hasSub("model") && !d.isHF() },
	},
	{
		name: "olmo-sharded-core",
		doc:  "legacy sharded: model/metadata.json, model/rank_0.safetensors …",
		match: func(d *dir) bool {
			return d.has("config.yaml") && d.hasSub("model") && d.hasSub("optim") && !d.has("metadata.yaml") && !d.isHF()
		},
	},
	{
		name:  "hf-olmo",
		doc:   "the remote-code wrapper of OLMo 1: config.json of model_type hf_olmo",
		match: func(d *dir) bool { return d.config == "hf_olmo" },
	},
}
