package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// malformed is an input that must be refused.
type malformed struct {
	name  string
	files files  // what is on disk
	path  string // what is given to the command
	want  string // a regular expression on what is wrong, after "error: PATH"

	// command, if set, is what is run instead of inspect and convert: the path
	// stands for itself in it.
	command []string

	converting bool  // inspect can describe it; converting it fails
	plain      bool  // the message does not say "found …, expected …"
	memory     int64 // bytes that may be allocated, in all; 0: defaultMemory
}

// files are the contents of files by their slash-separated names.
type files map[string]string

// defaultMemory is what reading a small broken file may allocate, most of it
// for the command line itself.
const defaultMemory = 32 << 20

// file is a case of one file.
func file(name, path, content, want string) malformed {
	return malformed{name: name, files: files{path: content}, path: path, want: want}
}

// described is a case that inspect has an answer to.
func described(c malformed) malformed {
	c.converting = true
	return c
}

// plain is a case whose message does not say "found …, expected …".
func plain(c malformed) malformed {
	c.plain = true
	return c
}

// gallery is all cases, by the kind of input.
func gallery(t *testing.T) []struct {
	kind  string
	cases []malformed
} {
	return []struct {
		kind  string
		cases []malformed
	}{
		{"any file", anyFileCases()},
		{"safetensors", safetensorsCases()},
		{"index.json", indexCases()},
		{"zip", zipCases()},
		{"pickle", pickleCases()},
		{"GGUF", ggufCases()},
		{"directory", directoryCases(t)},
		{"config.json", configCases(t)},
		{"golden file", goldenCases()},
		{"file of token ids", tokensCases()},
		{"text", textCases(t)},
		{"recipe", recipeCases()},
	}
}

// TestMalformed shows that each malformed input ends in one line that says what
// is wrong, exit code 3 and nothing on disk, and that the list of these lines in
// the documentation is up to date.
func TestMalformed(t *testing.T) {
	var tables strings.Builder
	all := true // no case was left out, as -run may
	for _, g := range gallery(t) {
		fmt.Fprintf(&tables, "\n## %s\n\n| case | message |\n|---|---|\n", g.kind)
		for _, c := range g.cases {
			ran := false
			t.Run(g.kind+"/"+c.name, func(t *testing.T) {
				ran = true
				t.Chdir(t.TempDir())
				c.files.write(t)
				fmt.Fprintf(&tables, "| %s | %s |\n", c.name, cell(c.check(t)))
			})
			all = all && ran
		}
	}
	if all && !t.Failed() && filepath.Separator == '/' { // messages have paths
		checkDocument(t, tables.String())
	}
}

// write makes the files in the working directory.
func (fs files) write(t *testing.T) {
	t.Helper()
	for name, content := range fs {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// check runs the commands on the case and returns the message.
func (c *malformed) check(t *testing.T) string {
	t.Helper()
	before := tree(t)
	command := c.command
	if command == nil {
		code, _, stderr := c.run(t, "inspect", c.path, "--tensors")
		if c.converting != (code == exitOK) {
			t.Errorf("inspect: exit code %d, stderr %s", code, stderr)
		}
		out := "out.safetensors"
		if fi, err := os.Stat(c.path); err == nil && fi.IsDir() {
			out = "out"
		}
		command = []string{"convert", c.path, out, "--quiet"}
	}
	code, stdout, stderr := c.run(t, command...)
	if code != exitInput || stdout != "" {
		t.Errorf("%s: exit code %d, stdout %q", command[0], code, stdout)
	}
	msg, ok := strings.CutPrefix(stderr, "error: ")
	if !ok || strings.Count(stderr, "\n") != 1 {
		t.Errorf("want one line \"error: …\", found:\n%s", stderr)
	}
	msg = strings.TrimSuffix(msg, "\n")
	if !regexp.MustCompile(`^` + regexp.QuoteMeta(c.path) + `[:/].*` + c.want).MatchString(msg) {
		t.Errorf("message\n\t%s\nwant\n\t%s: … %s", msg, c.path, c.want)
	}
	if !c.plain && (!strings.Contains(msg, "found ") || !strings.Contains(msg, "expected ")) {
		t.Errorf("message does not say what was found and expected:\n\t%s", msg)
	}
	if after := tree(t); after != before {
		t.Errorf("files before:\n%s\nafter:\n%s", before, after)
	}
	return msg
}

// run executes a command line in this process, and fails the test if it takes
// much memory or time.
func (c *malformed) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	limit := c.memory
	if limit == 0 {
		limit = defaultMemory
	}
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	start := time.Now()
	var out, errs strings.Builder
	code = execute(t.Context(), args, strings.NewReader(""), &out, &errs)
	runtime.ReadMemStats(&m1)
	if n := int64(m1.TotalAlloc - m0.TotalAlloc); n > limit {
		t.Errorf("%q allocated %d bytes, want at most %d", args[:2], n, limit)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("%q took %v", args[:2], d)
	}
	return code, out.String(), errs.String()
}

// tree lists what is below the working directory.
func tree(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			fmt.Fprintln(&b, path, d.Type())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
