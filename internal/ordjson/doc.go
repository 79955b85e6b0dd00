// Package ordjson reads and writes JSON without losing what encoding/json
// loses: the order of members and the text of numbers.
//
// [Parse] turns a document into plain values: nil, bool, json.Number (its text
// exactly as written), string, []any and [*Object]. [Encode] turns them back
// into the bytes that Python's json.dumps would write, because the files that
// olmotool must reproduce were written by it. [Int] and [Float] read numbers as
// configuration files need them. [Scanner] walks a document without building
// it, for those who read millions of members.
//
// Reading is strict RFC 8259: duplicate keys, invalid UTF-8, lone surrogates,
// raw control characters, NaN and Infinity, comments, trailing commas, leading
// zeros and anything after the value are refused, and so are documents that are
// nested or populated beyond reason. Errors are [*SyntaxError] and say at which
// byte, what was found and what was expected.
package ordjson
