package explore

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"olmotool/internal/human"
)

var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	chosen = lipgloss.NewStyle().Reverse(true)
	warned = lipgloss.NewStyle().Foreground(lipgloss.Yellow).Bold(true)
	bars   = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
)

// narrow is the width below which the tree and what is chosen take turns.
const narrow = 72

// lines is how many rows of the tree are seen: all but a headline and two lines
// at the bottom.
func (s *state) lines() int { return max(s.height-3, 1) }

// widths of the tree and of what stands beside it; 0: not seen.
func (s *state) widths() (tree, detail int) {
	if s.width < narrow {
		if s.inValues {
			return 0, s.width
		}
		return s.width, 0
	}
	tree = min(max(s.width*2/5, 36), 64)
	return tree, s.width - tree - 3
}

// View draws everything.
func (s *state) View() tea.View {
	v := tea.NewView(s.text())
	v.AltScreen = true
	v.WindowTitle = "olmotool " + human.Printable(s.tree.label)
	return v
}

func (s *state) text() string {
	tree, detail := s.widths()
	var left, right []string
	if tree > 0 {
		left = s.drawTree(tree)
	}
	if detail > 0 {
		right = s.drawDetail(detail)
	}
	out := []string{bold.Render(human.Printable(s.tree.label)) + faint.Render("  "+s.Summary)}
	for i := range s.lines() {
		switch {
		case tree == 0:
			out = append(out, line(right, i))
		case detail == 0:
			out = append(out, line(left, i))
		default:
			out = append(out, fit(line(left, i), tree)+faint.Render(" │ ")+line(right, i))
		}
	}
	out = append(out, s.prompt(), faint.Render(s.help()))
	out = out[:min(len(out), s.height)]
	for i := range out {
		out[i] = fit(out[i], s.width)
	}
	return strings.Join(out, "\n")
}

// prompt is the line in which one types, or else says where one is.
func (s *state) prompt() string {
	switch {
	case s.finding:
		return "/" + human.Printable(s.part) + "█"
	case s.part != "":
		return fmt.Sprintf("%d of %d names have %q", len(s.rows), len(s.tensors), s.part)
	case s.tensor() >= 0:
		return human.Printable(s.tensors[s.tensor()].Name)
	}
	return ""
}

func (s *state) help() string {
	switch {
	case s.finding:
		return "type a part of a name · enter: keep · esc: all names"
	case s.inValues:
		return "↑↓←→ pgup pgdn home end: move in the values · tab: back to the tree · q: quit"
	}
	return "↑↓ pgup pgdn: move · ←→ enter: close, open · /: find · tab: values · q: quit"
}

func (s *state) drawTree(width int) []string {
	out := make([]string, 0, s.lines())
	for i := s.top; i < min(s.top+s.lines(), len(s.rows)); i++ {
		r := s.rows[i]
		mark := "  "
		switch {
		case len(r.children) > 0 && r.open:
			mark = "▾ "
		case len(r.children) > 0:
			mark = "▸ "
		}
		size := human.Bytes(r.bytes)
		name := strings.Repeat("  ", r.depth) + mark + human.Printable(r.label)
		text := fit(name, width-len(size)-1) + " " + size
		switch {
		case i == s.at && !s.inValues:
			text = chosen.Render(text)
		case i == s.at:
			text = bold.Render(text)
		}
		out = append(out, text)
	}
	return out
}

// line returns line i, empty if there are not so many.
func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// fit makes s as wide as the width, in cells of the terminal.
func fit(s string, width int) string {
	width = max(width, 0)
	if ansi.StringWidth(s) > width {
		s = ansi.Truncate(s, width, "…")
	}
	return s + strings.Repeat(" ", max(width-ansi.StringWidth(s), 0))
}
