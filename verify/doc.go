// Package verify answers whether two checkpoints are the same model, with a
// number and a reason.
//
// [Run] compares a candidate with a reference at two levels. Weights (package
// verify/weights): every element of every tensor, and a diagnosis of what is
// wrong where they differ. Forward pass (package verify/forward): both models
// run layer by layer on the same tokens, each layer of the candidate fed the
// reference's input, so that an error is seen in the layer that makes it and
// not averaged over the depth of the model; and end to end besides, down to the
// logits. The first layer that is off is run once more, operation by operation.
//
// [Golden] compares a model with logits that were recorded elsewhere, or by
// [Logits]. With transformers they are recorded by
//
//	m = AutoModelForCausalLM.from_pretrained(DIR, dtype="float32", attn_implementation="eager")
//	ids = tokenizer(TEXT, return_tensors="pt").input_ids
//	save_file({"input_ids": ids, "logits": m(ids).logits.detach().contiguous()}, FILE)
//
// [SelfTest] injects faults (package verify/faults) and shows that each is
// found: a check that can fail, shown failing.
//
// What is accepted is data: [Rules]. Each rule says what it looks at, its
// limits, where these come from and what it cannot see. The answer is a
// [Report].
//
// # Promises
//
// What is wrong with a candidate is an answer, an error only what cannot be
// read. Nothing that is not a number is averaged away: it is counted, told with
// its first place, and not accepted. Reports, and recorded logits, do not depend
// on the number of threads; memory does not depend on the size of the model.
package verify
