// Package sharded reads the checkpoints that the trainer of OLMo 1 and of most
// of OLMo 2 wrote while it trained: one file for every rank (process) of the run,
// each with that rank's part of every tensor. It knows the three forms that are
// the trainer's own; a fourth is that of package dcp.
//
//	[OpenLegacy]  rank0.pt …: pickles of torch's ShardedTensor, blocks of rows
//	[OpenLocal]   model/rank0.pt …: pickles of FSDP's flat parameters, ranges of
//	              the parameters laid end to end
//	[OpenCore]    model/metadata.json and rank_0.safetensors …: ranges of
//	              flattened tensors, or boxes
//
// What they have in common: every rank's file must be there and of the same run
// as far as the files tell, every element of a tensor must be in exactly one of
// them, and tensors are joined as they are read (ranks.go, join.go). Only the
// model is read. Pickles are data, as in package torch.
//
// Of thousands of files only some are open at a time.
package sharded
