// Package faults makes the mistakes that conversions make, so that a check can be
// shown failing.
//
// [List] says which of them apply to a model. Each [Fault] says where a forward
// pass should first see it and what a comparison of weights should call it;
// [Fault.Apply] returns the model with it. The faulty model is a view: nothing is
// copied, and reading it costs what reading the model does.
package faults
