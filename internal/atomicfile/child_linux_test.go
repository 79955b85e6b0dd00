package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Some tests need a process of their own: one to be killed, one with a small
// disk. They run this test binary again with a job in the environment.
const jobEnv, dirEnv = "ATOMICFILE_TEST_JOB", "ATOMICFILE_TEST_DIR"

func TestMain(m *testing.M) {
	jobs := map[string]func(dir string) error{
		"tmpfs": onSmallDisk, "limit": underLimit,
		"kill-file": rewrite, "kill-directory": rewrite, "kill-set": rewrite,
	}
	if job := os.Getenv(jobEnv); job != "" {
		if err := jobs[job](os.Getenv(dirEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(t *testing.T, job, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), jobEnv+"="+job, dirEnv+"="+dir)
	return cmd
}

const generationSize = 64 << 10

// rewrite replaces an output again and again, every byte of a generation being
// its number, until it is killed.
func rewrite(dir string) error {
	for g := 1; ; g++ {
		out, err := createFor(os.Getenv(jobEnv), dir)
		if err != nil {
			return err
		}
		for _, name := range filesFor(os.Getenv(jobEnv)) {
			f, err := out.File(name, generationSize)
			if err != nil {
				return err
			}
			for range 4 {
				if _, err := f.Write(bytes.Repeat([]byte{byte(g)}, generationSize/4)); err != nil {
					return err
				}
				time.Sleep(50 * time.Microsecond)
			}
		}
		if err := out.Commit(); err != nil {
			return err
		}
	}
}

func createFor(job, dir string) (*Output, error) {
	switch job {
	case "kill-file":
		return Create(dir+"/f", Options{Force: true})
	case "kill-directory":
		return CreateDir(dir+"/d", Options{Force: true})
	}
	return CreateSet(dir, filesFor(job), Options{Force: true})
}

func filesFor(job string) []string {
	if job == "kill-file" {
		return []string{""}
	}
	return []string{"1", "2", "3"}
}

// TestKill kills a process that replaces an output over and over: what is in
// place is always one whole generation. Of a set, the first file may be absent.
func TestKill(t *testing.T) {
	for job, place := range map[string]string{"kill-file": "f", "kill-directory": "d", "kill-set": "."} {
		for range 6 {
			dir := t.TempDir()
			cmd := child(t, job, dir)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(10+rand.Intn(60)) * time.Millisecond)
			cmd.Process.Kill()
			if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
				t.Fatalf("%s: the child ended by itself: %s", job, stderr.String())
			}
			var all []byte
			missing := 0
			for i, name := range filesFor(job) {
				b, err := os.ReadFile(filepath.Join(dir, place, name))
				switch {
				case err == nil && len(b) == generationSize:
					all = append(all, b...)
				case err == nil:
					t.Errorf("%s: file %q has %d bytes", job, name, len(b))
				case i == 0:
					missing++
				case missing == 0 && job == "kill-set":
					t.Errorf("%s: the first file is there and %q is not", job, name)
				default:
					missing++
				}
			}
			if job == "kill-set" && missing > 0 {
				all = nil // an incomplete set, which nobody opens
			} else if missing != 0 && missing != len(filesFor(job)) {
				t.Errorf("%s: %d files are missing", job, missing)
			}
			if len(all) > 0 && !bytes.Equal(all, bytes.Repeat(all[:1], len(all))) {
				t.Errorf("%s: generations are mixed", job)
			}
			for _, name := range tree0(t, dir) {
				if strings.HasPrefix(name, ".") != (strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".old")) {
					t.Errorf("%s: left %q", job, name)
				}
			}
		}
	}
}

// TestFullDisk writes more than a small tmpfs holds, and more than a limit on
// the size of files allows. Where the system lends no mount to a test, only
// the limit is tried.
func TestFullDisk(t *testing.T) {
	for _, job := range []string{"tmpfs", "limit"} {
		cmd := child(t, job, t.TempDir())
		if job == "tmpfs" {
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
			}
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case job == "tmpfs" && (strings.Contains(string(out), "no mount") || (err != nil && !errors.As(err, &exit))):
			t.Logf("no file system of our own: %v %s", err, out)
		case err != nil:
			t.Errorf("%s: %v\n%s", job, err, out)
		}
	}
}

func onSmallDisk(dir string) error {
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("no mount: %w", err)
	}
	out, err := Create(dir+"/f", Options{})
	if err != nil {
		return err
	}
	_, err = out.File("", 2<<20)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "/f: found 1.0 MB free, expected 2.1 MB: no space left") {
		return fmt.Errorf("reserving 2 MiB of 1 MiB gave %w", err)
	}
	out.Abort()
	return overrun(dir, unix.ENOSPC)
}

func underLimit(dir string) error {
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
		return err
	}
	return overrun(dir, unix.EFBIG)
}

// overrun writes more than there is room for and looks at what is left.
func overrun(dir string, want error) error {
	out, err := CreateDir(dir+"/d", Options{})
	if err != nil {
		return err
	}
	defer out.Abort()
	f, err := out.File("f", -1)
	if err != nil {
		return err
	}
	if _, err := f.Write(make([]byte, 2<<20)); !errors.Is(err, want) {
		return fmt.Errorf("writing 2 MiB gave %w, want %w", err, want)
	}
	out.Abort()
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("left %v", entries)
	}
	return err
}

func TestUmask(t *testing.T) {
	defer unix.Umask(unix.Umask(0o027))
	dir := t.TempDir()
	out, err := CreateDir(dir+"/d", Options{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, out, "sub/f", "x")
	commit(t, out)
	for path, want := range map[string]os.FileMode{"d": 0o750, "d/sub": 0o750, "d/sub/f": 0o640} {
		if fi, err := os.Stat(filepath.Join(dir, path)); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, fi.Mode(), want, err)
		}
	}
}
