// The generator of the kernels of package cpu: what the package does in plain
// Go, with AVX2 and FMA and with AVX-512. It is a module of its own, so that
// users of olmotool see nothing of avo. Each part is a file of assembly with
// its declarations.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// parts are the generators by the name of the part; each file adds its own.
var parts = map[string]func(){}

func main() {
	name := flag.String("part", "", "the kernels to generate")
	flag.Parse()
	part, ok := parts[*name]
	if !ok {
		fmt.Fprintf(os.Stderr, "found -part %q, expected one of %q\n", *name, slices.Sorted(maps.Keys(parts)))
		os.Exit(2)
	}
	ConstraintExpr("amd64,!noasm")
	part()
	Generate()
}

// constants are those that are in the file already: kernels share them.
var constants = map[string]operand.Mem{}

func constant(name string, c operand.Constant) operand.Mem {
	if _, ok := constants[name]; !ok {
		constants[name] = ConstData(name, c)
	}
	return constants[name]
}

// at is element i, of size bytes, of the array at base, plus so many elements.
func at(base, i Register, size uint8, elems int) operand.Mem {
	return operand.Mem{Base: base, Index: i, Scale: size, Disp: elems * int(size)}
}
