// Package dcp reads the checkpoints of torch.distributed.checkpoint, in which
// every process of a run has written its own chunks of each tensor: OLMo-core's,
// and torch's own.
//
// A checkpoint is a directory. Its .metadata is a pickle that says which chunks a
// tensor has and in which file each lies (metadata.go); the files hold items one
// after the other, each a complete file of torch.save (item.go). [Open] joins the
// chunks of a tensor to one whose ranges can be read (open.go). Nothing in a
// pickle is executed, here or in package torch.
//
// With a thousand processes .metadata says a million times the same. A small
// machine (opcodes.go, machine.go) therefore keeps of its objects only the fields
// that are wanted (record.go), and items that are alike but for their numbers are
// taken apart once (alike.go).
//
// Of thousands of files only some are open at a time (package filepool). Items are opened
// when they are first read: what has only been listed costs no more than its line
// in .metadata.
package dcp
