package weights

// MaxFailures is how many failures a report lists and diagnoses: more than the
// largest model has tensors.
const MaxFailures = 1000

// What keeps memory from growing with the models.
const (
	// pieceElems is how many elements a worker looks at at a time: whole blocks of
	// every type, and for the common types half a MiB to one of each side, so
	// that what was read is still in a cache when it is compared.
	pieceElems = 1 << 18
	// maxRanges is into how many ranges a tensor is cut where sums are made: the
	// sum of each is made in order, and those of the ranges are added in order, so
	// that the result is the same for any number of threads.
	maxRanges = 64
	// maxListed is how many rows and elements that differ are remembered: as many
	// as a person reads.
	maxListed = 8
	// maxColumns is up to what width it is noted which columns differ: a bit for
	// each column and range, 16 KiB a range.
	maxColumns = 1 << 17
	// maxRows bounds how many rows are hashed, 8 bytes each on both sides: more
	// than the largest vocabulary has. Tensors with more are not searched for rows
	// in another order.
	maxRows = 1 << 19
	// maxRowBytes is up to what size a row may be in memory: the searches for
	// columns need whole ones. A head of the largest vocabulary, transposed, has
	// half of it.
	maxRowBytes = 1 << 20
)
