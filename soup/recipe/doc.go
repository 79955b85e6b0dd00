// Package recipe reads merge recipes: the YAML of mergekit 0.1.5.
//
// [Parse] and [Read] return a [File]: a method, the models, and what is said of
// its parameters. [File.Recipe] makes of it what package soup takes: what every
// parameter is for a tensor and a model. [Ref.Path] finds a model that a recipe
// names, on this machine alone. [File.Card] writes the model card.
//
// # What a setting means
//
// A parameter may be said in four places: with a model, in a slice, at the top, or
// nowhere, when the method's default holds; the first of these counts. A setting is
// a value; or a list of values, a gradient over the layers; or a list of rules,
// {filter, value}, of which the first counts whose filter is "*", absent or a part
// of the tensor's name. If no rule fits, the next place is asked.
//
// Layer i of the n in a slice is at t = i/(n−1) of a gradient, at its end if it is
// alone; tensors that are in no layer are at its beginning, the head and the last
// norm too. Between two values it is linear; of true and false the one before
// counts.
//
// Numbers are fractions: 0.1 is a tenth, and 1/3, which mergekit does not know, a
// third. Numbers in quotes are numbers, and so is 1e-4, which is none in YAML 1.1.
//
// dtype and out_dtype are the type of the result. mergekit rounds the models to
// dtype before it merges them; here a result is rounded, once, and nothing else.
//
// # What is refused
//
// A recipe of which a part would have no effect: unknown keys, parameters of
// another method, parameters of a model that all models share. mergekit passes
// these over in silence. What it has and this package does not, adapters, modules,
// the stacking of layers, a tokenizer put together from several, is refused by its
// name. The few settings without any effect in mergekit itself are told in
// [File.Findings].
package recipe
