package scan

const (
	// maxFiles and maxFolders bound a walk: how many files it looks at and how
	// deep directories are nested. Repositories of models have thousands.
	maxFiles   = 1_000_000
	maxFolders = 64

	// maxDepth is how deep content may lie in content: a pickle in an array in
	// an archive in an archive is 4.
	maxDepth = 8

	// maxContents is how many contents of a file are looked at, which bounds the
	// time that a small file with many parts takes.
	maxContents = 1_000_000

	// maxUnpacked is how much of a compressed content is unpacked, into memory;
	// a pickle of a model is a hundred times smaller. maxAllUnpacked bounds what
	// is unpacked of one file altogether, for its time.
	maxUnpacked    = 64 << 20
	maxAllUnpacked = 2 << 30

	// workBase and workPerByte bound what is read of a file, with what is read
	// more than once: archives can be made whose parts lie in each other.
	workBase    = 1 << 30
	workPerByte = 16

	// maxPickles is how many pickles may stand one after another. Old torch
	// writes 5, a log of pickled records more.
	maxPickles = 100_000

	// maxStack, maxMarks and maxMemo bound the machine, in values of 24 bytes.
	// The metadata of a checkpoint of a thousand ranks has ten million memos.
	maxStack = 4 << 20
	maxMarks = 1 << 20
	maxMemo  = 16 << 20

	// maxItems is how many items of a tuple or pairs of a dict are kept, and
	// maxKept how many of all of them: more than a state dict of 200 000 tensors.
	maxItems = 16
	maxKept  = 4 << 20

	// maxName is how much is looked at of a text that should be a name.
	maxName = 1 << 10

	// maxGlobals is how many different globals of a file are listed, maxPreview
	// how long the arguments of a call are shown, in bytes.
	maxGlobals = 10_000
	maxPreview = 160

	// maxNested is how many texts of a pickle are looked into for pickles.
	maxNested = 10_000

	// maxStorages is how many storages of torch are told apart in a pickle.
	maxStorages = 1_000_000

	// maxListed is how many findings of one kind a file has before the rest is
	// counted, and how many names a message lists.
	maxListed = 20

	// maxExpansion is how many values a container may stand for, when it is
	// written out, before it is told of: a list of ten lists of ten lists … takes
	// some bytes for each factor of ten.
	maxExpansion = 1 << 40

	// maxEnds is how many end records of an archive are looked at: a reader
	// takes one.
	maxEnds = 32

	// maxMembers and maxDirectory bound the directory of an archive.
	maxMembers   = 500_000
	maxDirectory = 256 << 20

	// maxSearch is how much of what cannot be parsed is searched for names or
	// for members of an archive.
	maxSearch = 1 << 20

	// maxChecked is how large a member of an archive may be to have its checksum
	// compared. Storages of torch are not read.
	maxChecked = 64 << 20

	// window is how much of a file is read at once.
	window = 64 << 10
)
