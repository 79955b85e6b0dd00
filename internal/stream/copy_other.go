//go:build !linux

package stream

import (
	"errors"
	"os"
)

func copyRange(*os.File, int64, *os.File, int64, int64) (int64, error) {
	return 0, errors.ErrUnsupported
}

func startWriteback(*os.File, int64, int64) {}
