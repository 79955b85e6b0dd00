package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/cpu"

	"olmotool/convert"
	"olmotool/internal/atomicfile"
	"olmotool/internal/human"
	"olmotool/verify"
	"olmotool/verify/page"
)

// pageFile is the page of a report in the making; nil is none.
type pageFile struct{ out *atomicfile.Output }

// beginPage makes sure that the page can be written, before anything is
// computed. What the command reads must survive it.
func (f *verifyFlags) beginPage(args []string) (*pageFile, error) {
	if f.html == "" {
		return nil, nil
	}
	if err := htmlPage.replaceable(f.html, f.force); err != nil {
		return nil, err
	}
	o := atomicfile.Options{Force: f.force, Protect: slices.Clone(args)}
	for _, p := range []string{f.golden, f.text, f.tokens.file, f.tokenizer} {
		if p != "" && p != "-" {
			o.Protect = append(o.Protect, p)
		}
	}
	out, err := atomicfile.Create(f.html, o)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return &pageFile{out}, nil
}

func (p *pageFile) abort() {
	if p != nil {
		p.out.Abort()
	}
}

// commit writes the page and puts it in place.
func (p *pageFile) commit(r *verify.Report, a page.About) error {
	if p == nil {
		return nil
	}
	file, err := p.out.File("", -1)
	if err == nil {
		err = page.Write(file, r, a)
	}
	if err == nil {
		err = p.out.Commit()
	}
	if err != nil {
		return &convert.OutputError{Err: err}
	}
	return nil
}

// about says where a report comes from.
func (f *verifyFlags) about(cmd *cobra.Command, g *global, args []string, seconds float64) page.About {
	line := append([]string{"olmotool", cmd.Name()}, quoted(args...)...)
	cmd.Flags().Visit(func(x *pflag.Flag) {
		values := []string{x.Value.String()}
		if list, ok := x.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if x.Value.Type() == "bool" && v == "true" {
				line = append(line, "--"+x.Name)
			} else {
				line = append(line, quoted("--"+x.Name+"="+v)...)
			}
		}
	})
	a := page.About{Command: strings.Join(line, " "), Version: version()}
	for _, x := range []struct{ name, value string }{
		{"reference", absolute(args[0])},
		{"candidate", absolute(strings.Join(args[1:], ""))},
		{"golden", absolute(f.golden)},
		{"arithmetic", f.Arithmetic},
		{"processor", processor()},
		{"threads", strconv.Itoa(g.threads)},
		{"built with", runtime.Version()},
		{"time", human.Duration(time.Duration(seconds * 1e9))},
		{"peak memory", human.Bytes(peakRSS())},
	} {
		if x.value != "" {
			a.Facts = append(a.Facts, page.Fact{Name: x.name, Value: x.value})
		}
	}
	return a
}

// quoted quotes what a shell would take apart.
func quoted(args ...string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; a == "" || strings.ContainsAny(a, " \t\n\"'`$\\&|;<>()*?[]#~!{}") {
			out[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return out
}

// absolute names a file or directory so that it can be found again; what is none
// stays as it is.
func absolute(path string) string {
	if _, err := os.Stat(path); err != nil {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// processor names what decides how the arithmetic is done.
func processor() string {
	s := []string{runtime.GOOS + "/" + runtime.GOARCH}
	for _, x := range []struct {
		has  bool
		name string
	}{
		{cpu.X86.HasAVX2, "AVX2"},
		{cpu.X86.HasFMA, "FMA"},
		{cpu.X86.HasAVX512F, "AVX-512F"},
		{cpu.X86.HasAVX512DQ, "AVX-512DQ"},
		{cpu.X86.HasAVX512BW, "AVX-512BW"},
		{cpu.X86.HasAVX512VL, "AVX-512VL"},
		{cpu.ARM64.HasASIMD, "NEON"},
	} {
		if x.has {
			s = append(s, x.name)
		}
	}
	return strings.Join(s, " ")
}
