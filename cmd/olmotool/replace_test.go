package main

import (
	"os"
	"testing"
)

// --force replaces a file by another of its kind only.
func TestReplaceable(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		kind    kindOfFile
		content string
		force   bool
		want    bool
	}{
		{htmlPage, "<!DOCTYPE html>\n<p>", true, true},
		{htmlPage, "", true, true},
		{htmlPage, "{}", true, false},
		{htmlPage, "{}", false, true}, // the one who writes says that it exists
		{tensorsFile, "\x02\x00\x00\x00\x00\x00\x00\x00{}", true, true},
		{tensorsFile, "GGUF\x03\x00\x00\x00", true, false},
		{tensorsFile, "{\"a\": 1, \"b\": 2}", true, false},
	} {
		if err := os.WriteFile("f", []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := c.kind.replaceable("f", c.force); (err == nil) != c.want {
			t.Errorf("%s over %q, force %v: %v", c.kind.name, c.content, c.force, err)
		} else if err != nil && exitCode(err) != exitUsage {
			t.Errorf("exit code %d", exitCode(err))
		}
	}
	for _, path := range []string{"none", "."} {
		if err := htmlPage.replaceable(path, true); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
