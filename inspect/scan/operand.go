package scan

// operand is what the machine knows of a value.
type operand struct {
	kind kind
	esc  byte   // of a text: the opcode whose escapes are in it, or 0
	n    uint32 // of a text or bytes: the length, or the largest number if that is less
	// ref is of a text or bytes the offset, of an int the value, of a container
	// its number (see machine.weights), of a global or what it made the index of
	// its use, or -1.
	ref   int64
	items *[]operand // of a tuple its items, of a dict keys and values; nil if not kept
}

type kind uint8

const (
	isUnknown kind = iota // what comes after an error
	isScalar              // none, bool, float, a number too large
	isInt
	isText
	isBytes
	isTuple
	isList
	isDict
	isSet
	isGlobal
	isObject     // what a call returned
	isPersistent // an object outside of the pickle
)

var kindNames = [...]string{
	"an unknown value", "a scalar", "a number", "a text", "bytes", "a tuple", "a list", "a dict", "a set", "a global", "an object", "a persistent object",
}

func (k kind) String() string { return kindNames[k] }

// isContainer reports whether the value has a weight.
func (k kind) isContainer() bool { return k >= isTuple && k <= isSet }
