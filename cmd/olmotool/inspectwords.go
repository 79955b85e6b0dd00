package main

import (
	"fmt"
	"strings"

	"olmotool/inspect"
	"olmotool/internal/human"
)

func runText(r inspect.Run) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if r.Name != "" {
		add("%s", r.Name)
	}
	if r.Stage > 0 {
		add("stage %d", r.Stage)
	}
	switch r.Ingredient {
	case "":
	case "soup":
		add("soup")
	default:
		add("ingredient %s", r.Ingredient)
	}
	if r.Step != nil {
		add("step %s", human.Count(*r.Step))
	}
	if r.TokensSeen != nil {
		add("%s tokens", human.Count(*r.TokensSeen))
	} else if r.Tokens != "" {
		add("%s tokens", r.Tokens)
	}
	if r.Revision != "" {
		add("revision %s", r.Revision)
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, ", ") + " (by " + strings.Join(r.From, ", ") + ")"
}

func modulesText(parts []inspect.Part) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = p.Name + " " + human.Count(p.Parameters)
	}
	return strings.Join(words, ", ")
}

func tokenizerText(t *inspect.Tokenizer) []string {
	if t == nil {
		return nil
	}
	var lines []string
	if t.From != "" {
		lines = append(lines, fmt.Sprintf("%s ids for %s rows, %s of them padding (%s)", human.Count(t.IDs), human.Count(t.Rows), human.Count(t.PaddedRows), t.From))
	}
	var words []string
	for i, s := range t.Special {
		ids := strings.Trim(fmt.Sprint(s.IDs), "[]")
		word := s.Name + " " + ids
		if i == 0 || t.Special[i-1].From != s.From {
			if i > 0 {
				words[len(words)-1] += ";"
			}
			word = s.From + ": " + word
		} else {
			words[len(words)-1] += ","
		}
		words = append(words, word)
	}
	return append(lines, strings.Join(words, " "))
}

func memoryText(m *inspect.Memory) []string {
	if m == nil {
		return nil
	}
	lines := []string{human.Bytes(m.Weights) + " of weights, and for each sequence a cache of"}
	for i := 0; i < len(m.Cache); i++ {
		c := m.Cache[i]
		line := fmt.Sprintf("%s at %s tokens in %s", human.Bytes(c.Bytes), human.Count(c.Context), c.Type)
		if i+1 < len(m.Cache) && m.Cache[i+1].Context == c.Context {
			i++
			line += fmt.Sprintf(", %s in %s", human.Bytes(m.Cache[i].Bytes), m.Cache[i].Type)
		}
		lines = append(lines, line)
	}
	if m.Sliding > 0 {
		lines = append(lines, fmt.Sprintf("%d layers keep the last %s tokens only", m.Sliding, human.Count(m.Window)))
	}
	return lines
}

func besideText(b inspect.Beside) string {
	if b.Files == 0 {
		return ""
	}
	count := map[string]int{}
	var roles []string
	for _, f := range b.List {
		if count[f.Role]++; count[f.Role] == 1 {
			roles = append(roles, f.Role)
		}
	}
	for i, role := range roles {
		roles[i] = fmt.Sprintf("%d %s", count[role], role)
	}
	return fmt.Sprintf("%d files, %s: %s", b.Files, human.Bytes(b.Bytes), strings.Join(roles, ", "))
}
