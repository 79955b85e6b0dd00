// Package scan says what the pickles in files would do to a program that loads
// them, without doing it.
//
// A pickle is a program for a small stack machine, and one of its instructions
// calls any function of Python that it names. So a model file can run commands
// on the machine that loads it. [Paths] walks files, directories and archives,
// finds the pickles in them whatever they are called, runs each on an abstract
// machine that knows of every value only what kind it is and where it came from,
// and reports what is named, how it is used, and a [Verdict] with its reasons.
// No verdict is a promise: what a program does with the data afterwards, and
// what it imports for a name that is not known here, cannot be read in a file.
//
// # The way of a file
//
//	walk.go         paths → regular files; what cannot be read is told, the rest goes on
//	content.go      what a part of a file is, by its first bytes (form.go), and the way into it
//	zip*.go         archives, read so that nothing can hide: every directory, every
//	                local header, the gaps, what lies in front and behind
//	tar.go, packed.go, numpy.go, tensors.go   the other containers
//	pickles.go      pickles one after another; the stream of old torch
//	machine*.go     one pickle: a symbolic run that follows everything Python follows
//	joblib.go, nested.go, search.go   arrays inside of the stream, pickles in texts, names in ruins
//	restricted.go   what torch's restricted loader takes
//	classify.go     a name → what it stands for, by the tables in names*.go
//	picklereport.go a run → verdict and findings
//	sarif.go        the report for code-scanning pipelines
//
// # A parser that goes on
//
// Python runs a pickle while it reads it: what stands in front of an error has
// happened when the error is found. So the machine notes the first thing that
// Python refuses, which makes the pickle malformed, and goes on as well as it
// can; what cannot be parsed any more is searched for names. And where readers
// disagree about a file, all that any of them could load is looked at, and the
// disagreement is a finding.
//
// Package formats/torch reads the same files for their tensors; it is stricter,
// because it may refuse what it does not trust.
package scan
