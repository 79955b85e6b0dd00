"""Small files of torch.save that are not one dict of tensors. Made with torch 2.6.0."""
import torch

torch.save({"model": {"w": torch.arange(4.0)}, "lr": 0.1, "step": 3}, "nested.pt")
torch.save([torch.ones(2), torch.zeros(3)], "list.pt")
torch.save({"w": torch.arange(4.0), "n": 3}, "mixed.pt")
torch.save({"w": torch.arange(4.0)}, "flat.pt")

# The norm of a model as a tensor alone, in no dict.
norm = "../../../../testdata/layouts/olmo2-mha/olmo-core-unsharded-tensors/model/model-lm_head-norm-weight.pt"
torch.save(torch.load(norm)["lm_head.norm.weight"], "alone.pt")
