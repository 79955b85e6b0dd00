package tokenizer

// The byte-level alphabet writes a token's bytes as printable characters:
// printable characters of Latin-1 stand for themselves, the other bytes have
// the characters from U+0100 on, in their order.
//
// https://github.com/openai/gpt-2/blob/master/src/encoder.py

// byteSigns has the sign of each byte, byteOf the byte of each sign, or -1.
var byteSigns, byteOf = func() (signs [256]rune, back [0x144]int16) {
	next := rune(0x100)
	for i := range back {
		back[i] = -1
	}
	for b := range signs {
		signs[b] = rune(b)
		if b < '!' || b > '~' && b < 0xa1 || b == 0xad {
			signs[b] = next
			next++
		}
		back[signs[b]] = int16(b)
	}
	return signs, back
}()

// DecodeToken returns the bytes that a token of the byte-level alphabet stands
// for, and false if it has a character from outside of the alphabet.
func DecodeToken(token string) (string, bool) {
	b := make([]byte, 0, len(token))
	for _, r := range token {
		if int(r) >= len(byteOf) || byteOf[r] < 0 {
			return "", false
		}
		b = append(b, byte(byteOf[r]))
	}
	return string(b), true
}
