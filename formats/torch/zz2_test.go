package torch
import ("testing";"path/filepath")
func TestZZRewrite(t *testing.T) {
	dirs := []string{"testdata/save"}
	if *casesDir != "" { dirs = append(dirs, *casesDir) }
	for _, dir := range dirs {
	for _, c := range loadCases(t, dir) {
		t.Run(c.File, func(t *testing.T) {
			path := filepath.Join(dir, c.File)
			f, err := OpenFile(path)
			if err != nil { t.Fatal(err) }
			o, ok := f.Options()
			if !ok { t.Fatal("no options") }
			p, err := Plan(c.Name, f.Tensors, o)
			if err != nil { t.Fatal(err) }
			comparePlan(t, p, path)
		})
	}}
}
