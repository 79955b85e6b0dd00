package tokenizer

// bpe joins the bytes of a word to tokens: of all neighbours that a merge
// knows, those whose merge comes first in the list are joined, the leftmost
// first, until no merge is left.
type bpe struct {
	byteID [256]int32        // the token of each byte; -1 for one that no UTF-8 has
	merges map[uint64]merged // by pair
	whole  map[string]int32  // words that are tokens without any merge; nil unless ignore_merges
}

// merged is what a pair of tokens becomes; merges of lower rank come first.
type merged struct{ rank, id int32 }

func pair(left, right int32) uint64 { return uint64(left)<<32 | uint64(uint32(right)) }

// word is the room to work on one, kept from one to the next. Tokens are a
// linked list over the positions of their first bytes.
type word struct {
	id         []int32 // -1: joined to one before
	prev, next []int32
	queue      []uint64 // a heap of rank<<32 | position of the left token
}

func (w *word) reset(n int) {
	if cap(w.id) < n {
		w.id, w.prev, w.next = make([]int32, n), make([]int32, n), make([]int32, n)
	}
	w.id, w.prev, w.next, w.queue = w.id[:n], w.prev[:n], w.next[:n], w.queue[:0]
}

// appendTokens appends the tokens of text to ids.
func (b *bpe) appendTokens(ids []int32, text []byte, w *word) []int32 {
	if id, ok := b.whole[string(text)]; ok {
		return append(ids, id)
	}
	n := len(text)
	w.reset(n)
	for i, c := range text {
		w.id[i], w.prev[i], w.next[i] = b.byteID[c], int32(i-1), int32(i+1)
		if i > 0 {
			b.propose(w, int32(i-1), int32(i))
		}
	}
	for len(w.queue) > 0 {
		top := pop(&w.queue)
		at := int32(uint32(top))
		right := w.next[at]
		if w.id[at] < 0 || int(right) == n {
			continue
		}
		// The pair that was proposed may have changed. If its rank is the same, it
		// is the same pair: ids and ranks are unique.
		m, ok := b.merges[pair(w.id[at], w.id[right])]
		if !ok || uint64(m.rank) != top>>32 {
			continue
		}
		w.id[at], w.id[right] = m.id, -1
		w.next[at] = w.next[right]
		if next := w.next[at]; int(next) < n {
			w.prev[next] = at
			b.propose(w, at, next)
		}
		if w.prev[at] >= 0 {
			b.propose(w, w.prev[at], at)
		}
	}
	for i := 0; i < n; i = int(w.next[i]) {
		ids = append(ids, w.id[i])
	}
	return ids
}

// propose queues the merge of two neighbours, if there is one.
func (b *bpe) propose(w *word, left, right int32) {
	if m, ok := b.merges[pair(w.id[left], w.id[right])]; ok {
		push(&w.queue, uint64(m.rank)<<32|uint64(left))
	}
}
