package soup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSelectRun(t *testing.T) {
	for _, c := range []struct {
		dirs string
		want Steps
		got  string // steps, or a part of the error
	}{
		{"step1000 step200 step30", Steps{}, "30 200 1000"},
		{"step0 step5 step10 step15 step20", Steps{Last: 2}, "15 20"},
		{"step0 step5 step10 step15 step20", Steps{From: 5, To: 15}, "5 10 15"},
		{"step0 step5 step10 step15 step20", Steps{Every: 10}, "0 10 20"},
		{"step0 step5 step10 step15 step20", Steps{From: 1, Every: 10}, "5 15"},
		{"step0 step5 step10 step15 step20", Steps{Last: 2, Every: 8}, "10 20"},
		{"step1 step3 step4 step9", Steps{Every: 3}, "1 4 9"},
		{"step1 step3 step4 step9", Steps{Last: 3, Every: 4}, "found 2 checkpoints to choose from, expected the last 3"},
		{"checkpoint-10 checkpoint-9 runs", Steps{}, "9 10"},
		{"step10-unsharded step9-unsharded latest latest-unsharded", Steps{}, "9 10"},
		{"step10 step10-unsharded", Steps{}, "10-unsharded"},
		{"stage1-step20-tokens1B stage1-step9-tokens1B main", Steps{}, "9 20"},
		{"stage2-ingredient1-step20-tokens1B", Steps{}, "20"},
		{"step7-merged step8", Steps{}, "8"},
		{"stage1-step20-tokens1B stage2-ingredient1-step30-tokens1B", Steps{}, `found "stage1-step20-tokens1B" and "stage2-ingredient1-step30-tokens1B", expected checkpoints of one run`},
		{"step10 checkpoint-10", Steps{}, `found both "checkpoint-10" and "step10", expected one directory for a step`},
		{"step10 step10-hf step10-unsharded", Steps{}, "found both"},
		{"step5 step6", Steps{From: 7}, "found 2 checkpoints of steps 5 to 6, expected one of those asked for"},
		{"step5 step6", Steps{Last: 3}, "found 2 checkpoints to choose from, expected the last 3"},
		{"step5", Steps{From: 3, To: 2}, "expected a range"},
		{"step5", Steps{Last: -1}, "expected a range"},
		{"a step step5x xstep5 step-5 step99999999999999999999 checkpoint-", Steps{}, "found no checkpoint, expected directories named"},
	} {
		dir := t.TempDir()
		for _, d := range strings.Fields(c.dirs) {
			if err := os.Mkdir(filepath.Join(dir, d), 0o777); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "step77"), nil, 0o666); err != nil {
			t.Fatal(err) // a file is no checkpoint
		}
		steps, err := SelectRun(dir, c.want)
		got := fmt.Sprint(err)
		if err == nil {
			var s []string
			for _, x := range steps {
				s = append(s, fmt.Sprint(x.Step))
				if !strings.Contains(filepath.Base(x.Path), fmt.Sprint(x.Step)) {
					t.Errorf("step %d is %s", x.Step, x.Path)
				}
				if strings.Contains(c.got, "-unsharded") && strings.HasSuffix(x.Path, "-unsharded") {
					s[len(s)-1] += "-unsharded"
				}
			}
			got = strings.Join(s, " ")
		}
		if got != c.got && (err == nil || !strings.Contains(got, c.got)) {
			t.Errorf("%s, %+v: got %s, want %s", c.dirs, c.want, got, c.got)
		}
	}
	for _, path := range []string{"/nowhere/at/all", os.Args[0]} {
		if _, err := SelectRun(path, Steps{}); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
