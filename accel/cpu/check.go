package cpu

import "olmotool/accel"

// Shapes that do not fit are mistakes in the program, never of a file: whoever
// computes from files has compared shapes before.
const (
	badShape    = "cpu: matrices of different shapes"
	badWeight   = "cpu: a weight that is not as long as the rows"
	badHeads    = "cpu: heads that do not make up the rows"
	badPosition = "cpu: a position beyond the tables"
	badWindow   = "cpu: a negative window"
)

func must(ok bool, message string) {
	if !ok {
		panic(message)
	}
}

// mustMatch holds two matrices to one shape, and their data to that.
func mustMatch[T accel.Float](a, b accel.Matrix[T]) {
	must(a.Rows == b.Rows && a.Cols == b.Cols && len(a.Data) == a.Rows*a.Cols && len(b.Data) == len(a.Data), badShape)
}
