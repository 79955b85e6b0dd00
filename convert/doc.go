// Package convert turns a checkpoint of any layout into any other, in one
// streaming pass. [Write] does the same for a model that is nowhere stored, but
// made of others that were opened with [Open]: a merge.
//
// [Run] opens the source, brings it into canonical form, plans the output down
// to the last byte, and only then reads: workers take pieces of the plan in
// order, cast them where asked and write them at their places, with a few
// chunks of memory each. On the way the SHA-256 of every output file and the
// content digest of the model are made, and what is read of a torch archive is
// held against the checksums in it. The output appears under its name when
// it is complete, flushed and, if asked, read back and proven equal to the
// source; until then there are only temporary files beside it.
package convert
