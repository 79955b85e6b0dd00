// Package diff says whether two checkpoints differ, and where.
//
// [Compare] lays the tensors of A beside those of B by their canonical names, so
// that a Hugging Face directory, a legacy model.pt and a GGUF of one model are
// equal; with [Options.Raw], and where no model is known, by the names that they
// are stored by. What is beside the weights is compared too: the config field by
// field, the tokenizer, the settings of a generator, the metadata of the
// container. How a checkpoint is cut into files, and in what order, is told in
// notes and makes no difference.
//
// # What is equal
//
// Tensors of one type are equal if their bytes are: a NaN equals the NaN of the
// same bits, and -0 is not +0. Of two types the values are compared, a NaN being
// any other NaN; they differ all the same, in their type. The one exception are
// tensors of one dimension that are F32 on one side and hold the values of the
// F16 or BF16 on the other: a GGUF stores norms so. A tied head is the embedding,
// and equal to a stored copy of it. That is what package digest says too.
//
// # Figures
//
// For a value a of A and b of B, over the n elements that are finite on both
// sides, computed in float64:
//
//	max_abs   max |b−a|
//	mean_abs  Σ|b−a| / n
//	rel_l2    √(Σ(b−a)² / Σa²); 1 if a is zero everywhere and b is not
//	cosine    Σab / √(Σa²·Σb²); 0 if a side is zero everywhere
//
// The ULP histogram counts elements by their distance in units in the last place
// of the coarser of the two types, the other side being rounded to it: class 0 is
// no distance, class k is from 2^(k−1) to 2^k − 1. -0 is +0, infinity follows the
// largest number, and an element that is a NaN on one side alone is not counted.
//
// Tensors are cut into fixed ranges, the sums of which are added in order, so
// that the figures do not depend on the number of threads. What is equal in a
// piece of both sides is compared as bytes and no more; only where a tensor has
// turned out to differ its norms are read once more.
package diff
