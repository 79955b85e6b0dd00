package atomicfile

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"olmotool/formats"
)

func renameNoReplace(from, to string) error {
	err := renameat2(from, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, errors.ErrUnsupported) {
		return portableNoReplace(from, to)
	}
	return err
}

func renameExchange(a, b string) error { return renameat2(a, b, unix.RENAME_EXCHANGE) }

// renameat2 reports errors.ErrUnsupported where the kernel lacks the call or
// the file system the flag, for which it says EINVAL.
func renameat2(from, to string, flag uint) error {
	for {
		err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flag)
		switch err {
		case nil:
			return nil
		case unix.EINTR:
			continue
		case unix.EINVAL:
			err = unix.EOPNOTSUPP
		}
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
}

// reserve allocates blocks without changing the file's size, so that a file
// that was not written to its end can be told by its size.
func reserve(f *os.File, size int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	err = conn.Control(func(fd uintptr) {
		for {
			callErr = unix.Fallocate(int(fd), unix.FALLOC_FL_KEEP_SIZE, 0, size)
			if callErr != unix.EINTR {
				return
			}
		}
	})
	if err != nil || errors.Is(callErr, errors.ErrUnsupported) {
		return err
	}
	return callErr
}

func freeBytes(dir string) (int64, bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil || st.Bavail > math.MaxInt64 {
		return 0, false
	}
	n, err := formats.MulChecked(int64(st.Bavail), int64(st.Bsize))
	return n, err == nil
}

// flushDir tolerates file systems that cannot flush a directory.
func flushDir(d *os.File) error {
	err := d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
