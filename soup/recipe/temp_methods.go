package recipe

import "olmotool/soup"

var tempMethods = []*soup.Method{
	{Name: "linear", Min: 1, Params: []soup.Param{{Name: "weight", PerModel: true, Required: true}, {Name: "normalize", Bool: true, Default: 1}}},
	{Name: "slerp", Base: soup.NeedsBase, Min: 1, Max: 1, Params: []soup.Param{{Name: "t", Required: true}}},
	{Name: "nuslerp", Base: soup.OptionalBase, Min: 2, Max: 2, Params: []soup.Param{{Name: "weight", PerModel: true, Required: true}, {Name: "nuslerp_row_wise", Bool: true}, {Name: "nuslerp_flatten", Bool: true, Default: 1}}},
	{Name: "ties", Base: soup.NeedsBase, Min: 1, Params: []soup.Param{{Name: "weight", PerModel: true, Required: true}, {Name: "density", PerModel: true, Default: 1}, {Name: "normalize", Bool: true, Default: 1}, {Name: "lambda", Default: 1}}},
}
