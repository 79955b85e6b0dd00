package scan

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"olmotool/formats"
)

// SARIF returns the report as a document of SARIF 2.1.0, to be written as JSON:
// one result for each finding, with the file as its artifact and the content in
// it as logical location. version is that of the tool.
func (r *Report) SARIF(version string) any {
	rules := map[string]bool{}
	results := []sarifResult{}
	for _, f := range r.Files {
		for _, finding := range f.Findings {
			rules[finding.Code] = true
			results = append(results, resultOf(f.Path, finding))
		}
	}
	ids := []sarifRule{}
	for id := range rules {
		ids = append(ids, sarifRule{ID: id, Name: camel(id), Short: sarifText{ruleTexts[id]}})
	}
	slices.SortFunc(ids, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	for i, rule := range ids {
		if rule.Short.Text == "" {
			ids[i].Short.Text = strings.ReplaceAll(rule.ID, "-", " ")
		}
		for k := range results {
			if results[k].Rule == rule.ID {
				results[k].Index = i
			}
		}
	}
	return sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:    sarifTool{sarifDriver{Name: "olmotool", Version: version, Rules: ids}},
			Results: results,
			Columns: "unicodeCodePoints",
		}},
	}
}

// ruleTexts say what the findings are about that most need saying.
var ruleTexts = map[string]string{
	"dangerous-import":   "a pickle names a function that can run code, reach files or the network",
	"unparsed-import":    "the name of such a function stands in what cannot be parsed",
	"unknown-import":     "loading a pickle imports code that is not known to the scanner",
	"malformed-pickle":   "a pickle breaks off; what stands in front has then happened",
	"build-on-global":    "a pickle sets attributes of a class or function",
	"nested-pickle":      "a pickle lies in a text of another",
	"trailing-bytes":     "bytes lie behind what a reader looks at",
	"unreadable":         "a file that could not be read",
	"unreadable-archive": "an archive of a kind that is not looked into",
	"zip-crc":            "the checksum of a member of an archive is wrong",
	"zip-header":         "a header of a member and the directory of its archive disagree",
}

func resultOf(path string, f Finding) sarifResult {
	level := map[formats.Severity]string{formats.Serious: "error", formats.Warning: "warning", formats.Info: "note"}[f.Severity]
	where := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: strings.ToValidUTF8(filepath.ToSlash(path), "\uFFFD")}).String()}}}
	if f.Where == "" && f.Offset >= 0 {
		where.Physical.Region = &sarifRegion{f.Offset}
	}
	if f.Where != "" {
		where.Logical = []sarifLogical{{Name: strings.ToValidUTF8(f.Where, "\uFFFD"), Kind: "member"}}
	}
	return sarifResult{Rule: f.Code, Level: level, Message: sarifText{strings.ToValidUTF8(f.Message, "\uFFFD")}, Locations: []sarifLocation{where}}
}

// camel writes a rule's id as SARIF wants a name.
func camel(id string) string {
	var b strings.Builder
	for _, w := range strings.Split(id, "-") {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
		Columns string        `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Name  string    `json:"name"`
		Short sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		Rule      string          `json:"ruleId"`
		Index     int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		ByteOffset int64 `json:"byteOffset"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)
