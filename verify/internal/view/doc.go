// Package view has the views of tensors that a conversion should not have made:
// transposed, rolled, scaled, rows in another order. Faults are injected through
// them, and a mismatch is explained by finding the one that CAND equals.
//
// As the views of package formats, they read nothing when they are made, and
// only what they are asked for when they are read.
package view
