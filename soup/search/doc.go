// Package search looks for the coefficients of a soup that scores best.
//
// A [Strategy] proposes coefficients of N models, whose sum is 1, and a [Scorer]
// says how good the soup of them is; neither knows of the other. Strategies are
//
//	greedy         the mean of the best models that help each other: all alone, then
//	               the best, and each next one if the mean with it is better
//	               (Wortsman and others, arXiv 2203.05482)
//	leave-one-out  the mean of all, without the one whose removal helps most, as
//	               long as that helps
//	simplex        a pattern search over all coefficients: a model counts more or
//	               less, by steps that become smaller
//
// and scorers are [Loss], the built-in loss on a text, of a soup that is never
// written, and [Command], a command that is given the soup on disk. [Cached] keeps
// the scores of another scorer in a file, so that a search that was stopped goes
// on where it was.
//
// # When one soup is better than another
//
// Scores are measured on some text or some tasks, and their best is always a
// little too good: who tries often enough finds an accident. So a soup takes the
// place of the best one so far only if it is better
//
//   - by more than [Options.MinDelta], and
//   - where scores are means of parts, by more than the noise: the standard error
//     of the mean difference of the parts, which are paired. It is much smaller than
//     that of the scores themselves.
//
// The best model alone, and the best of several removals that all help, are chosen
// by their scores as they are; of equal ones the first is taken, in the order of
// the models. A search is deterministic.
package search
