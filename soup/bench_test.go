package soup

import (
	"context"
	"fmt"
	"math/big"
	"testing"

	"olmotool/formats"
	"olmotool/formats/olmo"
	"olmotool/formats/random"
)

// BenchmarkMergeMethod merges tensors that lie in memory, facts and all, on one
// core; its speed is that of the bytes of all inputs.
func BenchmarkMergeMethod(b *testing.B) {
	for _, m := range []*Method{&modelStockMethod, &tiesMethod} {
		b.Run(m.Name, func(b *testing.B) {
			const rows, row = 1 << 9, 1 << 12
			var ms []*olmo.Model
			for i := range 4 {
				d, err := random.Data(uint64(i), "x", formats.BF16, rows*row, random.Options{Std: 0.02})
				if err != nil {
					b.Fatal(err)
				}
				raw := make([]byte, d.Size())
				if err := formats.ReadFull(d, raw, 0); err != nil {
					b.Fatal(err)
				}
				ms = append(ms, bare(fmt.Sprint(i), tensorBytes(b, "x", formats.BF16, []int64{rows, row}, raw)))
			}
			r := Uniform(3)
			weight := r.Value
			r.Method, r.Value = m, func(param, tensor string, model int) *big.Rat {
				if param == "density" {
					return big.NewRat(1, 2)
				}
				return weight(param, tensor, model)
			}
			p := make([]byte, ms[0].Tensors[0].Bytes())
			b.SetBytes(int64(len(p) * len(ms)))
			for b.Loop() {
				res, err := Merge(context.Background(), ms[:3], ms[3], r, Options{Threads: 1})
				if err != nil {
					b.Fatal(err)
				}
				if err := formats.ReadFull(res.Model.Tensors[0].Data, p, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMerge merges tensors that lie in memory, on one core; its speed is
// that of the bytes of all inputs.
func BenchmarkMerge(b *testing.B) {
	schedule := func(s string, n int) Recipe {
		w, err := Schedule(s, n)
		if err != nil {
			b.Fatal(err)
		}
		return Weighted(w, true)
	}
	for _, c := range []struct {
		name   string
		recipe Recipe
		d      formats.DType
	}{
		{"mean-bf16", Uniform(3), formats.BF16},
		{"mean-f16", Uniform(3), formats.F16},
		{"mean-f32", Uniform(3), formats.F32},
		{"mean-f64", Uniform(3), formats.F64},
		{"weights-bf16", Weighted(rats(b, "0.5", "0.3", "0.2"), true), formats.BF16},
		{"mean20-bf16", Uniform(20), formats.BF16},
		{"cosine-bf16", schedule("wsm:cosine", 5), formats.BF16},
		{"ema10-bf16", schedule("ema:0.2", 10), formats.BF16},
	} {
		b.Run(c.name, func(b *testing.B) {
			const n = 1 << 20
			var ms []*olmo.Model
			for i := range c.recipe.Models {
				d, err := random.Data(uint64(i), "x", c.d, n, random.Options{Std: 0.02})
				if err != nil {
					b.Fatal(err)
				}
				raw := make([]byte, d.Size())
				if err := formats.ReadFull(d, raw, 0); err != nil {
					b.Fatal(err)
				}
				ms = append(ms, bare(fmt.Sprint(i), tensorBytes(b, "x", c.d, []int64{n}, raw)))
			}
			res, err := Merge(context.Background(), ms, nil, c.recipe, Options{})
			if err != nil {
				b.Fatal(err)
			}
			x := res.Model.Tensors[0]
			p := make([]byte, x.Bytes())
			b.SetBytes(x.Bytes() * int64(len(ms)))
			for b.Loop() {
				if err := formats.ReadFull(x.Data, p, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
