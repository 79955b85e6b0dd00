package soup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"olmotool/formats"
)

// input is a tensor of one of the models.
type input struct {
	formats.Tensor
	path   string // of the model, for messages
	anyway bool   // NaN and infinities are let through
}

// Len returns how many elements there are.
func (t *input) Len() int64 { return t.Elements() }

// readElems is how many elements are read at a time: 128 KiB of bfloat16.
const readElems = 64 << 10

// bytes reads elements as they are stored.
func (t *input) bytes(ctx context.Context, p []byte, at int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := formats.ReadFull(t.Data, p, at*t.DType.BlockBytes())
	if known := (*formats.Error)(nil); err == nil || errors.As(err, &known) && known.Place != "" {
		return err
	}
	return t.errorf("%w", err)
}

// errorf blames the file of the tensor.
func (t *input) errorf(format string, args ...any) error {
	file := t.Origin.File
	if file == "" {
		file = t.path
	}
	return formats.Errorf(file, fmt.Sprintf("tensor %.120q", t.Name), format, args...)
}

// refuse says which of the elements x, from at on, methods cannot compute with.
func (t *input) refuse(x []float64, at int64) error {
	i := beyond(x)
	if v := x[i]; v-v == 0 {
		return t.errorf("found %g at %s, expected a number of at most %g", v, index(t.Shape, at+int64(i)), maxElement)
	}
	return t.notFinite(at+int64(i), x[i])
}

func (t *input) notFinite(at int64, x float64) error {
	return t.errorf("found %v at %s, expected a finite number", x, index(t.Shape, at))
}

// index words the place of element i of a tensor: "[3, 17]".
func index(shape []int64, i int64) string {
	at := make([]string, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k], i = strconv.FormatInt(i%shape[k], 10), i/shape[k]
	}
	return "[" + strings.Join(at, ", ") + "]"
}
