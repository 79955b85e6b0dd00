package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the command too: tests start it as a process
// of its own, named olmotool, by way of PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"olmotool": main})
}

// TestScript runs the stories of testdata/script. $DATA is the repository's
// testdata.
func TestScript(t *testing.T) {
	data, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATA", data)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // or each process takes a second with -race
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "jsonfield": jsonField, "let": let, "same": same, "names": names, "asplanned": asPlanned, "flip": flip, "poke": poke, "cat": cat,
		},
	})
}

// exits CODE COMMAND… runs a command that must end with this code. If that is
// not 0, nothing may have changed on disk, and the last line on stderr, and no
// other, says what is wrong, or what the answer is.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG…")
	}
	before := listing(ts)
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
	if code == 0 {
		return
	}
	if after := listing(ts); after != before {
		ts.Fatalf("the run failed and changed files; before:\n%s\nafter:\n%s", before, after)
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	verdict := regexp.MustCompile(`^error: `)
	if code == 1 {
		verdict = regexp.MustCompile(`^(error|not accepted|differs|not whole|needs-code|malformed|dangerous): `)
	}
	for i, line := range lines {
		if verdict.MatchString(line) != (i == len(lines)-1) {
			ts.Fatalf("want stderr to end in its only line that matches %s, found:\n%s", verdict, strings.Join(lines, "\n"))
		}
	}
}

// listing describes everything below the script's directory.
func listing(ts *testscript.TestScript) string {
	var b strings.Builder
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil || d.Name() == ".tmp" { // testscript's own
			return err
		}
		fmt.Fprint(&b, path, " ", fi.Mode())
		if !d.IsDir() {
			fmt.Fprint(&b, " ", fi.Size(), " ", fi.ModTime().UnixNano())
		}
		fmt.Fprintln(&b)
		return nil
	}))
	return b.String()
}

// jsonField FIELD REGEXP matches a field of the JSON document on stdout, as
// output/0/path, against a whole regular expression. With ! there must be no
// such field.
func jsonField(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && (!neg || len(args) != 1) {
		ts.Fatalf("usage: jsonfield FIELD REGEXP | ! jsonfield FIELD")
	}
	v, ok := field(ts, args[0])
	switch {
	case neg && ok:
		ts.Fatalf("field %s is there: %s", args[0], v)
	case neg:
		return
	case !ok:
		ts.Fatalf("no field %s", args[0])
	}
	match, err := regexp.MatchString(`^(?:`+args[1]+`)$`, v)
	ts.Check(err)
	if !match {
		ts.Fatalf("field %s: found %s, want %s", args[0], v, args[1])
	}
}

// field returns a field of the document on stdout as text: a string as it is, of
// an array [N] and of an object {N}.
func field(ts *testscript.TestScript, path string) (string, bool) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	var v any
	ts.Check(d.Decode(&v))
	if d.More() {
		ts.Fatalf("more than one document on stdout")
	}
	for _, key := range strings.Split(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			y, ok := x[key]
			if !ok {
				return "", false
			}
			v = y
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	switch x := v.(type) {
	case map[string]any:
		return fmt.Sprintf("{%d}", len(x)), true
	case []any:
		return fmt.Sprintf("[%d]", len(x)), true
	}
	return fmt.Sprint(v), true
}

// let VAR json FIELD | sha256 FILE | size FILE | stdout sets a variable.
func let(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: let VAR json FIELD | sha256 FILE | size FILE | stdout")
	}
	var v string
	switch args[1] {
	case "json":
		var ok bool
		if v, ok = field(ts, args[2]); !ok {
			ts.Fatalf("no field %s", args[2])
		}
	case "sha256":
		v = fmt.Sprintf("%x", sha256.Sum256([]byte(ts.ReadFile(args[2]))))
	case "size":
		v = strconv.Itoa(len(ts.ReadFile(args[2])))
	case "stdout":
		v = strings.TrimSpace(ts.ReadFile("stdout"))
	default:
		ts.Fatalf("let: unknown kind %s", args[1])
	}
	ts.Setenv(args[0], v)
}

// same A B … fails unless all its arguments are equal; ! same, unless two differ.
func same(ts *testscript.TestScript, neg bool, args []string) {
	equal := true
	for _, a := range args[1:] {
		equal = equal && a == args[0]
	}
	if equal == neg {
		ts.Fatalf("%q", args)
	}
}

// names DIR NAME… fails unless the directory holds just these, in this order.
func names(ts *testscript.TestScript, neg bool, args []string) {
	es, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var found []string
	for _, e := range es {
		found = append(found, e.Name())
	}
	if want := args[1:]; neg || strings.Join(found, " ") != strings.Join(want, " ") {
		ts.Fatalf("%s: found %q, want %q", args[0], found, want)
	}
}

// asPlanned ARG… converts with these arguments, first as a dry run, which must
// change nothing and tell the files of the real one and their sizes.
func asPlanned(ts *testscript.TestScript, neg bool, args []string) {
	convert := func(args ...string) (files string) {
		ts.Check(ts.Exec("olmotool", append([]string{"convert", "--json"}, args...)...))
		var d struct {
			Output []struct {
				Path  string
				Bytes int64
			}
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &d))
		for _, f := range d.Output {
			files += fmt.Sprintln(f.Path, f.Bytes)
		}
		return files
	}
	before := listing(ts)
	planned := convert(append(args, "--dry-run")...)
	if listing(ts) != before {
		ts.Fatalf("the dry run changed files")
	}
	if made := convert(args...); made != planned || neg {
		ts.Fatalf("planned:\n%s\nmade:\n%s", planned, made)
	}
	for _, line := range strings.Split(strings.TrimSpace(planned), "\n") {
		path, size, _ := strings.Cut(line, " ")
		if fi, err := os.Stat(ts.MkAbs(path)); err != nil || strconv.FormatInt(fi.Size(), 10) != size {
			ts.Fatalf("%s: %v, planned %s bytes", path, err, size)
		}
	}
}

// flip FILE OFFSET inverts the bits of one byte.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	i, err := strconv.Atoi(args[1])
	ts.Check(err)
	b[i] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// poke FILE OFFSET HEX overwrites bytes; a negative offset counts from the end.
func poke(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	i, err := strconv.Atoi(args[1])
	ts.Check(err)
	x, err := hex.DecodeString(args[2])
	ts.Check(err)
	if i < 0 {
		i += len(b)
	}
	copy(b[i:], x)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// cat FILE makes a file the stdout of a command.
func cat(ts *testscript.TestScript, _ bool, args []string) {
	fmt.Fprint(ts.Stdout(), ts.ReadFile(args[0]))
}
