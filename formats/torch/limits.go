package torch

const (
	// maxPickle is how long a pickle may be, in bytes. A model of a thousand
	// tensors has some 200 kB; the metadata of a distributed checkpoint written
	// by a thousand ranks has 200 MB.
	maxPickle = 2 << 30

	// maxUnpacked is how long a pickle may be that is stored compressed, which
	// torch never does: it is unpacked into memory.
	maxUnpacked = 64 << 20

	// heapBase, heapPerByte and maxHeap bound the memory that the values of a
	// pickle may take, by the scan's estimate: heapBase plus heapPerByte for
	// each byte of the pickle, and never more than maxHeap. A state dict
	// needs 40 bytes for one, an optimizer's 50, the metadata of a distributed
	// checkpoint 100; a pickle of nothing but empty dicts needs 400.
	heapBase    = 16 << 20
	heapPerByte = 128
	maxHeap     = 8 << 30

	// maxStack and maxMarks bound the stacks of the pickle machine. Writers
	// append a thousand items at a time, and a tuple is built on the stack.
	maxStack = 1 << 18
	maxMarks = 10_000

	// maxLine is the longest argument of a text opcode, in bytes.
	maxLine = 64 << 10

	// maxDigits is how many digits a decimal integer may have: reading one
	// takes quadratic time. CPython has the same limit.
	maxDigits = 4300

	// maxLong is the size in bytes of the largest binary integer.
	maxLong = 1 << 10

	// maxGlobalName is the longest module or name of a global, in bytes.
	maxGlobalName = 1 << 10

	// maxDepth is how deep values may be nested. Walks recurse so deep.
	maxDepth = 1000

	// maxKey is the size in bytes to which a tuple that is a dict key is
	// written out to compare it with others.
	maxKey = 1 << 10

	// maxNodes is how many values a walk may visit. Values share parts, so that
	// a short pickle can stand for a tree that has no end in practice.
	maxNodes = 5_000_000

	// maxTensors is how many tensors a file may have: a hundred times what the
	// largest models need.
	maxTensors = 1_000_000

	// maxTensorName is the longest name of a tensor, in bytes.
	maxTensorName = 64 << 10

	// maxRank is torch's own limit of dimensions.
	maxRank = 64

	// maxExpand and expandFree bound what a tensor whose elements share memory
	// may grow to: maxExpand times the bytes of its storage, or expandFree
	// bytes if that is more. A stride of 0 makes petabytes of four bytes.
	maxExpand  = 16
	expandFree = 16 << 20

	// maxMembers is how many members an archive may have, maxDirectory how
	// large its central directory may be, maxMemberName the longest name.
	maxMembers    = 1_000_000
	maxDirectory  = 512 << 20
	maxMemberName = 4 << 10

	// maxRatio is how many times smaller than its content a compressed member
	// may be, if the content is larger than ratioFree bytes. Deflate reaches
	// 1032 for zeros.
	maxRatio  = 1000
	ratioFree = 1 << 20

	// maxText is how long the members may be that hold a word or a number.
	maxText = 64

	// maxListed is how many names a finding lists, and how many findings of a
	// kind there are, before the rest is counted.
	maxListed = 20

	// readAhead is the least that is read at once, in bytes, where elements
	// do not lie side by side, and gatherBytes the most.
	readAhead   = 4 << 10
	gatherBytes = 64 << 10
)
