// Package soup merges models: the mean of annealed checkpoints that gave OLMo 2
// its releases, weighted means, averages along a trajectory, and the other
// methods that mergekit's recipes know.
//
// [Merge] takes models in canonical form and a [Recipe] and returns a model, the
// tensors of which are views: nothing is computed until their bytes are read,
// and then only the range that is asked for. So a soup can be converted to any
// layout in one pass, or be run, verified and scored without being written.
//
// A method is a row of the table [Methods]: its parameters, what it asks of the
// models, and a function that, for one tensor, returns how to compute a range of
// its elements from the same range of the inputs. What it has to know of whole
// tensors, a norm or a threshold, it finds in a streaming pass beforehand.
//
// [Schedule] has the coefficients of averages over a run, whose checkpoints
// [SelectRun] picks. [Check] recomputes a soup that somebody has published, and
// finds out how it was made. [Result.Diagnose] says how models lie to each other, and
// what becomes of them.
//
// # Promises
//
// Elements are computed in float64 from the exact values of the inputs and
// rounded once. Linear merges are rounded correctly: their weights are
// fractions, and their result is that of exact arithmetic. Bytes do not depend
// on the number of threads or on the ranges in which they are read. The union of
// the tensors' names drives a merge: what one model has and another lacks is an
// error, never left out.
package soup
