package olmo

// unread are layouts that are recognised so that a message can name them.
var unread = []*layout{
	{
		name:  "hf-olmo",
		doc:   "the remote-code wrapper of OLMo 1: config.json of model_type hf_olmo",
		match: func(d *dir) bool { return d.config == "hf_olmo" },
	},
}
