package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is that of the module, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// versionDoc is the JSON document of version.
type versionDoc struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersion(g *global) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the version, and what it was built with and for.\n" + exitStatus,
		Example: `  olmotool version --json`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := versionDoc{"olmotool.version/1", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			return g.print(cmd, d, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "olmotool %s %s %s/%s\n", d.Version, d.Go, d.OS, d.Arch)
				return err
			})
		},
	}
}
