package inspect

const (
	// maxBeside is how many files beside the weights are looked at: a sharded
	// checkpoint of a thousand ranks has some thousands.
	maxBeside = 20_000
	// maxDepth is how deep directories are looked into: a trainer's are two deep.
	maxDepth = 4
	// maxListed is how many things of a kind one message names.
	maxListed = 5
	// maxTrainerState bounds a trainer's state that is read for the step: the
	// states of the random generators of a thousand devices take some megabytes.
	maxTrainerState = 64 << 20
	// maxSmall bounds what is read of small text files: a run's config, the ref of
	// a cache.
	maxSmall = 4 << 20
	// maxRefs is how many names of revisions of a cache are compared.
	maxRefs = 4096
	// maxID bounds the length of a run's name that is shown.
	maxID = 300
)
