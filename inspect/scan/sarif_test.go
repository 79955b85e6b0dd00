package scan

import (
	"encoding/json"
	"testing"

	"olmotool/formats"
)

// TestSARIF has what the schema of SARIF 2.1.0 requires.
func TestSARIF(t *testing.T) {
	r := &Report{Files: []File{{Path: "a b/x.pt", Findings: []Finding{
		{formats.Finding{Severity: formats.Serious, Code: "dangerous-import", Message: "m\xff"}, 7},
		{formats.Finding{Severity: formats.Info, Code: "items", Where: "x/data.pkl", Message: "n"}, 9},
	}}}}
	b, err := json.Marshal(r.SARIF("1"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":{"name":"olmotool","version":"1","rules":[` +
		`{"id":"dangerous-import","name":"DangerousImport","shortDescription":{"text":"a pickle names a function that can run code, reach files or the network"}},` +
		`{"id":"items","name":"Items","shortDescription":{"text":"items"}}]}},"results":[` +
		`{"ruleId":"dangerous-import","ruleIndex":0,"level":"error","message":{"text":"m�"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a%20b/x.pt"},"region":{"byteOffset":7}}}]},` +
		`{"ruleId":"items","ruleIndex":1,"level":"note","message":{"text":"n"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a%20b/x.pt"}},"logicalLocations":[{"fullyQualifiedName":"x/data.pkl","kind":"member"}]}]}` +
		`],"columnKind":"unicodeCodePoints"}]}`
	if string(b) != want {
		t.Errorf("found %s\nexpected %s", b, want)
	}
}
