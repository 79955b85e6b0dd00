package explore

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"olmotool/formats"
	"olmotool/formats/olmo"
)

// press sends keys, and does at once what is to be done beside.
func (s *state) press(keys ...string) {
	codes := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
		"tab": tea.KeyTab, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
	}
	for _, k := range keys {
		m := tea.KeyPressMsg{Text: k, Code: []rune(k)[0]}
		if c, ok := codes[k]; ok {
			m = tea.KeyPressMsg{Code: c}
		}
		_, cmd := s.Update(m)
		s.settle(cmd)
	}
}

func (s *state) settle(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch m := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range m {
			s.settle(c)
		}
	case tea.QuitMsg:
	default:
		_, next := s.Update(m)
		s.settle(next)
	}
}

func (s *state) plain() string { return ansi.Strip(s.text()) }

func tiny(t *testing.T) *state {
	t.Helper()
	src, err := olmo.Open("../../testdata/models/olmo2-gqa", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	s := newState(t.Context(), "olmo2-gqa", src.Tensors, Options{Summary: "hf, olmo2"})
	s.patience = 0
	s.settle(func() tea.Msg { return tea.WindowSizeMsg{Width: 110, Height: 30} })
	return s
}

// has makes sure of what is on the screen, and that it fits on it.
func (s *state) has(t *testing.T, parts ...string) {
	t.Helper()
	text := s.plain()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in\n%s", p, text)
		}
	}
	lines := strings.Split(text, "\n")
	if len(lines) != s.height {
		t.Errorf("%d lines on %d", len(lines), s.height)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w != s.width {
			t.Errorf("a line of %d cells on %d: %q", w, s.width, l)
		}
	}
}

func TestWalk(t *testing.T) {
	s := tiny(t)
	s.has(t, "olmo2-gqa  hf, olmo2", "▸ model", "parameters in", "lm_head.weight")
	s.press("/", "l", "m", "_")
	s.has(t, "mean", " 0  ")
	s.press("esc", "home", "down", "right", "down")
	s.has(t, "▾ model", "▸ layers")
	s.press("/", "0", ".", "m", "l", "p")
	s.has(t, "/0.mlp█", "model.layers.0.mlp.down_proj.weight")
	if len(s.rows) != 3 {
		t.Errorf("%d names, want 3", len(s.rows))
	}
	s.press("enter", "down")
	name := s.tensors[s.tensor()].Name
	s.has(t, name, "mean", "std", "zeros", "of-00003.safetensors at byte", "3 of")
	s.press("esc")
	if s.tensors[s.tensor()].Name != name {
		t.Errorf("the choice went to %d", s.tensor())
	}
	s.has(t, "▾ layers", "▾ mlp")
	s.press("left", "left")
	s.has(t, "▸ mlp")
	s.press("home", "/", "n", "o", "s", "u", "c", "h")
	s.has(t, "no tensor has this in its name")
	s.press("backspace", "esc", "end", "pgup", "pgdown", "up", "q")
}

// The values that are seen are those of the tensor, wherever one goes.
func TestValues(t *testing.T) {
	s := tiny(t)
	s.press("/", "l", "m", "_", "enter", "tab")
	if !s.inValues {
		t.Fatal("keys do not move the values")
	}
	rows, cols := matrix(s.tensors[s.tensor()])
	high, wide := s.seen()
	s.press("G", "end")
	if s.row0 != rows-high || s.col0 != cols-wide {
		t.Errorf("at %d, %d of %d, %d", s.row0, s.col0, rows, cols)
	}
	s.has(t, fmt.Sprint(rows-1), fmt.Sprint(cols-1))
	want, err := read(t.Context(), s.tensors[s.tensor()], rows-1, cols-1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	last := s.window.cells[high-1][wide-1]
	if last != want[0][0] {
		t.Errorf("found %s, want %s", last, want[0][0])
	}
	s.press("g", "down", "right", "left", "up", "pgdown", "pgup")
	if s.row0 != 0 || s.col0 != 0 {
		t.Errorf("at %d, %d", s.row0, s.col0)
	}
	s.press("tab", "down")
}

// A screen of any size, names of any kind.
func TestSizes(t *testing.T) {
	s := tiny(t)
	bad := s.tensors[0].WithName("\x1b[2Jmodel.\x07wide." + strings.Repeat("x.", 100) + "漢字")
	s = newState(t.Context(), "a\x1bb", append([]formats.Tensor{bad}, s.tensors...), Options{})
	s.patience = 0
	for _, size := range [][2]int{{200, 60}, {80, 24}, {72, 10}, {71, 10}, {40, 5}, {9, 3}, {1, 3}} {
		s.settle(func() tea.Msg { return tea.WindowSizeMsg{Width: size[0], Height: size[1]} })
		for _, key := range []string{"home", "down", "right", "right", "tab", "pgdown", "tab", "end"} {
			s.press(key)
			s.has(t)
			if strings.ContainsAny(s.plain(), "\x1b\x07") {
				t.Fatalf("%q", s.plain())
			}
		}
	}
}

func TestNothing(t *testing.T) {
	s := newState(t.Context(), "nothing", nil, Options{})
	s.press("down", "enter", "tab", "right", "left", "/", "x", "esc", "end")
	s.settle(func() tea.Msg { return tea.WindowSizeMsg{Width: 80, Height: 24} })
	s.has(t, "0 parameters")
}
