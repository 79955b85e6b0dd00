package soup

// draw fills dst with numbers in [0, 1): those of elements at, at+1, … of a model.
type draw func(dst []float64, model int, at int64)

// uniform draws from a generator that counts, so that any element can be had at
// any time. All arithmetic on integers is modulo 2^64. With
//
//	G = 0x9e3779b97f4a7c15
//	mix(z): z = (z xor z>>30) · 0xbf58476d1ce4e5b9
//	        z = (z xor z>>27) · 0x94d049bb133111eb
//	        return z xor z>>31
//
// (SplitMix64), the number of element i, from 0, of model m, from 0 in the order
// of the recipe and the base not counted, is
//
//	key = mix(seed + (m+1)·G)
//	u   = floor(mix(key + (i+1)·G) / 2^11) / 2^53
//
// This definition is part of what a seed means, in every version.
func uniform(seed uint64) draw {
	return func(dst []float64, model int, at int64) {
		z := mix64(seed+uint64(model+1)*golden) + uint64(at)*golden
		for i := range dst {
			z += golden
			dst[i] = float64(mix64(z)>>11) * 0x1p-53
		}
	}
}

const golden = 0x9e3779b97f4a7c15

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
