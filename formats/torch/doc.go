// Package torch reads and writes the files of torch.save: the zip archives of
// torch 1.6 and later, and, reading only, the stream that was written before.
//
// [Open] describes the tensors of a file; [OpenFile] also gives the object that
// was saved, in which an optimizer or a trainer keeps more than tensors; [Plan]
// says what torch.save would write for some tensors.
//
// # Pickles are data
//
// The object is stored as a pickle: a program for a small stack machine, which
// in Python may call anything. Here nothing is called. A pickle goes through
// three steps, each of which trusts only the one before:
//
//	scan     the opcodes are checked one by one, without making a value: every
//	         length against the file, every operand, every limit (scan*.go)
//	read     gopickle's machine runs what the scan has passed, and meets a
//	         stand-in in the place of every class and function (inert.go)
//	convert  its values become a [Value] tree, in which a call is an [Object]
//	         that says what was called and with what (convert.go)
//
// A tensor is such an object: a call of one of torch's functions with a
// reference to a storage, an offset, a size and strides. Those are checked
// against the storage and become a [formats.Tensor], whose data is a section of
// the file, or a gathering view where elements do not lie side by side
// (rebuild.go, strided.go). Calls of anything else stay inert, and a finding
// names them. [ScanPickle] is the first step alone.
//
// # Stricter than torch
//
// torch takes much that no torch wrote: records that are longer or shorter than
// their storage, members that occur twice, local headers that contradict the
// directory, bytes behind the end. Files like that are how one program is shown
// other contents than the next; they are errors here. Bytes that belong to
// nothing are a finding. Checksums, which torch writes and never looks at, are
// compared for the pickle when a file is opened (a finding, [BadCRC]), and for
// the rest by [File.CheckCRC], or by a caller that reads all the bytes anyhow and
// asks [File.TensorCRC] for them.
//
// What is refused with a message of its own: TorchScript archives, the tar files
// of torch 0.1, and tensors that are sparse, quantised, nested, sharded, without
// data, or with a bit that conjugates or negates them when read.
package torch
