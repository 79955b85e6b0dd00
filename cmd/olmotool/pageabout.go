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

	"olmotool/internal/htmlpage"
	"olmotool/internal/human"
)

// aboutPage says where a page comes from: by which command, of what, on what. Facts
// without a value are left out.
func aboutPage(cmd *cobra.Command, g *global, args []string, seconds float64, of []htmlpage.Fact) htmlpage.About {
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
	facts := append(slices.Clip(of), []htmlpage.Fact{
		{Name: "processor", Value: processor()},
		{Name: "threads", Value: strconv.Itoa(g.threads)},
		{Name: "built with", Value: runtime.Version()},
		{Name: "time", Value: human.Duration(time.Duration(seconds * 1e9))},
		{Name: "peak memory", Value: human.Bytes(peakRSS())},
	}...)
	facts = slices.DeleteFunc(facts, func(f htmlpage.Fact) bool { return f.Value == "" })
	return htmlpage.About{Command: strings.Join(line, " "), Version: version(), Facts: facts}
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
