// Package olmo knows the models: OLMo 1, OLMo 2 and OLMo 3.
//
// Its centre is [Model]: a [Config] whose fields have the names of Hugging
// Face's config.json, and the model's tensors under their Hugging Face names,
// unfused, weights as [out, in]. That is the canonical form. Everything that
// is done to a model is done to it; every layout is a way into it and a way
// out of it, in one file of this package:
//
//	hf.go      hf and hf-bin        config.json, model.safetensors or pytorch_model.bin
//	legacy.go  olmo                 config.yaml, model.pt with fused projections
//	weird.go   olmo-safetensors     config.yaml, model.safetensors with pickled names
//	core.go    olmo-core-unsharded  config.json of OLMo-core, model.pt or model.safetensors,
//	                                or several files in model/ (coremulti.go)
//	coredist.go  olmo-core, olmo-sharded-torch  chunks by torch.distributed.checkpoint (package dcp)
//	gguf.go    gguf                 one .gguf or a split set
//	bare.go    safetensors, torch   a file of tensors with no model known
//
// A way out that does not fit there is in plan….go, and the config of each has a
// pair of its own, config….go and encode….go.
//
// [Open] finds out what a path is and returns a [Source]; [Source.Model] gives
// the canonical form, checked against the config: a tensor that is missing, in
// excess or misshapen is found here, before a byte of data is read.
// [Model.Plan] goes the other way, to the files of a layout.
//
// What a config says of the model and is not translated is refused by its name,
// and so is what a layout has no words for. Only transformers' config.json is
// read as transformers reads it, which ignores what it does not know.
package olmo
