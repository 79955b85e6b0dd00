package explore

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"olmotool/formats"
	"olmotool/inspect/stats"
)

// patience is how long one has to stay at a tensor for its statistics to be
// computed.
const patience = 150 * time.Millisecond

// state is what is seen, and how keys change it. It is the model of the
// framework's pattern of model, update and view.
type state struct {
	Options
	ctx     context.Context
	tensors []formats.Tensor
	tree    *node

	width, height int
	rows          []row
	at, top       int // the chosen row, and the first that is seen

	finding bool   // letters go into part
	part    string // of the names that are looked for

	inValues   bool // keys move the values rather than the tree
	row0, col0 int64

	known    map[int]*known
	computes int                // of which tensor; -1: of none
	cancel   context.CancelFunc // of that
	shown    int                // the tensor that is looked at; -1: none
	visits   int                // counts how often that changed
	patience time.Duration
	window   window // values that were read last
}

// known is what was found out of a tensor's values.
type known struct {
	*stats.Stats
	err error
}

// Messages of what was done beside.
type (
	stayed   struct{ visit int }
	computed struct {
		tensor int
		known  *known
	}
)

func newState(ctx context.Context, label string, ts []formats.Tensor, o Options) *state {
	s := &state{Options: o, ctx: ctx, tensors: ts, tree: newTree(label, ts), known: map[int]*known{}, computes: -1, shown: -1, cancel: func() {}, patience: patience, width: 80, height: 24}
	s.rows = s.tree.rows(ts, "")
	return s
}

// Init asks for nothing: the size of the terminal comes by itself.
func (s *state) Init() tea.Cmd { return nil }

// Update takes a key, a change of the terminal's size or a result.
func (s *state) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	switch m := m.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = m.Width, m.Height
		s.scroll()
		return s, s.look()
	case tea.KeyPressMsg:
		return s, s.key(m)
	case stayed:
		if m.visit == s.visits {
			return s, s.compute()
		}
	case computed:
		if s.computes == m.tensor {
			s.computes = -1
		}
		if s.ctx.Err() == nil && !given(m.known.err) {
			s.known[m.tensor] = m.known
		}
	case window:
		if m.tensor == s.tensor() {
			s.window = m
		}
	}
	return s, nil
}

// key does what a key stands for.
func (s *state) key(m tea.KeyPressMsg) tea.Cmd {
	switch {
	case m.String() == "ctrl+c":
		return tea.Quit
	case s.finding:
		return s.letter(m)
	case s.inValues && s.moveValues(m.String()):
		return s.look()
	}
	switch m.String() {
	case "q":
		return tea.Quit
	case "/":
		s.finding, s.inValues = true, false
	case "esc":
		s.inValues = false
		return s.find("")
	case "tab":
		s.inValues = !s.inValues && s.tensor() >= 0
	case "up", "k":
		return s.choose(s.at - 1)
	case "down", "j":
		return s.choose(s.at + 1)
	case "pgup":
		return s.choose(s.at - s.lines())
	case "pgdown", "space":
		return s.choose(s.at + s.lines())
	case "home", "g":
		return s.choose(0)
	case "end", "G":
		return s.choose(len(s.rows) - 1)
	case "enter":
		if r := s.chosen(); r != nil && r.tensor >= 0 {
			s.inValues = true
			return nil
		}
		return s.toggle(func(open bool) bool { return !open })
	case "right", "l":
		if r := s.chosen(); r != nil && r.open {
			return s.choose(s.at + 1)
		}
		return s.toggle(func(bool) bool { return true })
	case "left", "h":
		if r := s.chosen(); r == nil || !r.open {
			return s.choose(s.parent())
		}
		return s.toggle(func(bool) bool { return false })
	}
	return nil
}

// letter takes a key while a name is typed.
func (s *state) letter(m tea.KeyPressMsg) tea.Cmd {
	switch m.String() {
	case "enter", "up", "down":
		s.finding = false
	case "esc":
		s.finding = false
		return s.find("")
	case "backspace":
		if r := []rune(s.part); len(r) > 0 {
			return s.find(string(r[:len(r)-1]))
		}
	default:
		return s.find(s.part + m.Text)
	}
	return nil
}

// find shows the tensors with a part in their names, and stays where it is when
// there is none any more.
func (s *state) find(part string) tea.Cmd {
	tensor := s.shown
	s.part = part
	if part == "" && tensor >= 0 {
		s.tree.reveal(tensor)
	}
	s.rows = s.tree.rows(s.tensors, part)
	at := 0
	for i, r := range s.rows {
		if tensor >= 0 && r.tensor == tensor {
			at = i
		}
	}
	return s.choose(at)
}

// reveal opens the modules around a tensor.
func (n *node) reveal(tensor int) bool {
	for _, c := range n.children {
		if c.reveal(tensor) {
			n.open = true
			return true
		}
	}
	return n.tensor == tensor
}

// toggle opens or closes the chosen module.
func (s *state) toggle(to func(bool) bool) tea.Cmd {
	if r := s.chosen(); r != nil && len(r.children) > 0 {
		r.open = to(r.open)
		s.rows = s.tree.rows(s.tensors, s.part)
		s.scroll()
	}
	return nil
}

// parent returns the row of the module around the chosen row.
func (s *state) parent() int {
	for i := s.at - 1; i >= 0; i-- {
		if s.rows[i].depth < s.rows[s.at].depth {
			return i
		}
	}
	return s.at
}

func (s *state) chosen() *row {
	if s.at < 0 || s.at >= len(s.rows) {
		return nil
	}
	return &s.rows[s.at]
}

// tensor returns the index of the chosen tensor, or -1.
func (s *state) tensor() int {
	if r := s.chosen(); r != nil {
		return r.tensor
	}
	return -1
}

// choose goes to a row, and reads what is seen of it.
func (s *state) choose(i int) tea.Cmd {
	s.at = max(0, min(i, len(s.rows)-1))
	s.scroll()
	if s.tensor() == s.shown {
		return nil
	}
	s.cancel()
	s.visits++
	s.shown = s.tensor()
	s.row0, s.col0, s.inValues = 0, 0, false
	visit := s.visits
	return tea.Batch(s.look(), tea.Tick(s.patience, func(time.Time) tea.Msg { return stayed{visit} }))
}

// scroll keeps the chosen row in sight.
func (s *state) scroll() {
	s.top = max(min(s.top, s.at, len(s.rows)-s.lines()), s.at-s.lines()+1, 0)
}

// compute has the statistics of the chosen tensor computed, if they are not
// known.
func (s *state) compute() tea.Cmd {
	i := s.tensor()
	if i < 0 || s.known[i] != nil || s.computes == i {
		return nil
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.cancel, s.computes = cancel, i
	t := s.tensors[i]
	return func() tea.Msg {
		defer cancel()
		x, err := stats.Of(ctx, t, stats.Options{Threads: s.Threads})
		return computed{i, &known{x, err}}
	}
}
